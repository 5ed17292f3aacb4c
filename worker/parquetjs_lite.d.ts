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

  /** One column of the rows that wait in a writer: levels and values, as its encoder reads them. */
  export interface ColumnBuffer {
    dlevels: ArrayLike<number>;
    rlevels: ArrayLike<number>;
    values: ArrayLike<number>;
    distinct_values: Set<number>;
    count: number;
  }

  export interface RowBuffer {
    rowCount: number;
    pageRowCount: number;
    columnData: Record<string, ColumnBuffer>;
    pages: Record<string, unknown[]>;
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
    rowBuffer: RowBuffer;
    close(): Promise<void>;
  }

  // A CommonJS module: only its default export can be imported from an ES module.
  const parquet: {
    readonly ParquetSchema: typeof ParquetSchema;
    readonly ParquetWriter: typeof ParquetWriter;
  };
  export default parquet;
}
