/** What this project uses of parquetjs-lite, which ships no types. */
declare module "parquetjs-lite" {
  export interface ParquetField {
    readonly type: string;
    readonly compression?: "UNCOMPRESSED" | "SNAPPY" | "GZIP";
    readonly repeated?: true;
    readonly statistics?: false;
  }

  export class ParquetSchema {
    constructor(fields: Record<string, ParquetField>);
  }

  /** One encoded page of a column: its header, then its values. */
  export interface Page {
    readonly page: Buffer;
    readonly num_values: number;
    readonly first_row_index: number;
    readonly distinct_values: Set<number>;
  }

  /** The rows of one row group. `pageRowCount` of them are not in pages yet. */
  export interface RowBuffer {
    rowCount: number;
    pageRowCount: number;
    columnData: Record<string, never>;
    pages: Record<string, Page[]>;
  }

  export interface OutputStream {
    write(bytes: Buffer, done: (error?: Error) => void): void;
    end(done: (error?: Error) => void): void;
  }

  export class ParquetWriter {
    static openStream(
      schema: ParquetSchema,
      stream: OutputStream,
      options?: { useDataPageV2?: boolean; pageIndex?: boolean },
    ): Promise<ParquetWriter>;
    readonly envelopeWriter: { writeRowGroup(rows: RowBuffer): Promise<void> };
    close(): Promise<void>;
  }

  // A CommonJS module: only its default export can be imported from an ES module.
  const parquet: {
    readonly ParquetSchema: typeof ParquetSchema;
    readonly ParquetWriter: typeof ParquetWriter;
  };
  export default parquet;
}
