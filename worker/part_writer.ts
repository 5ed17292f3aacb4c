import parquet, { type ParquetField, type ParquetWriter, type RowBuffer } from "parquetjs-lite";
import { RESULT_COLUMNS, type ResultColumns } from "../shared/result_columns.ts";
import { MEASURES, type Measure } from "../shared/shape_group.ts";
import { type ThriftField, type ThriftValue, writeStruct } from "../shared/thrift_compact.ts";

/** Rows of a row group: few enough for the copies that the encoder makes to stay in the cache. */
const ROW_GROUP_ROWS = 16_384;

/** Column buffers hold numbers as they stand in memory, which is as Parquet wants them if so. */
const LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

interface PartColumn {
  readonly name: string;
  readonly values: Float64Array | Int32Array;
}

/**
 * Encodes finished cells as one Parquet file, batch by batch. A part holds what only the worker
 * knows: learning rates, as it used them, and the engine's columns without the measures that were
 * not asked for. A row's cell and seed follow from the range and the plan. All columns are
 * required; "never happened" stays −1 here and becomes null when the parts are merged.
 */
export class PartWriter {
  private readonly writer: ParquetWriter;
  private readonly columns: readonly PartColumn[];
  private readonly chunks: Buffer[];
  private rows = 0;

  private constructor(writer: ParquetWriter, columns: readonly PartColumn[], chunks: Buffer[]) {
    this.writer = writer;
    this.columns = columns;
    this.chunks = chunks;
  }

  /** For up to `rows` rows of a shape that takes these measures. */
  static async open(rows: number, measures: readonly Measure[]): Promise<PartWriter> {
    if (!LITTLE_ENDIAN) throw new Error("parts are written on little-endian machines only");
    const kept = RESULT_COLUMNS.filter(({ name }) => {
      const measure = MEASURES.find((candidate) => name.startsWith(`${candidate}_`));
      return measure === undefined || measures.includes(measure);
    });
    const room = Math.min(rows, ROW_GROUP_ROWS);
    const columns = [{ name: "learning_rate", type: "DOUBLE" }, ...kept].map(({ name, type }) => ({
      name,
      type,
      values: type === "DOUBLE" ? new Float64Array(room) : new Int32Array(room),
    }));
    const field = (type: string): ParquetField => ({
      type,
      compression: "UNCOMPRESSED",
      statistics: false,
    });
    const chunks: Buffer[] = [];
    const writer = await parquet.ParquetWriter.openStream(
      new parquet.ParquetSchema(
        Object.fromEntries(columns.map(({ name, type }) => [name, field(type)])),
      ),
      {
        write(bytes, done) {
          chunks.push(bytes);
          done();
        },
        end: (done) => done(),
      },
      { useDataPageV2: false, pageIndex: false },
    );
    return new PartWriter(writer, columns, chunks);
  }

  /** Adds rows: a learning rate and a value of each result column for each. */
  async add(learning_rates: Float64Array, results: ResultColumns): Promise<void> {
    const source: Record<string, Float64Array> = { learning_rate: learning_rates, ...results };
    for (let at = 0; at < learning_rates.length; ) {
      const end = Math.min(learning_rates.length, at + ROW_GROUP_ROWS - this.rows);
      for (const { name, values } of this.columns) {
        values.set(source[name]!.subarray(at, end), this.rows);
      }
      this.rows += end - at;
      at = end;
      if (this.rows === ROW_GROUP_ROWS) await this.endRowGroup();
    }
  }

  /** The finished file. Nothing can be added after it. */
  async finish(): Promise<Buffer> {
    if (this.rows > 0) await this.endRowGroup();
    await this.writer.close();
    return Buffer.concat(this.chunks);
  }

  /**
   * Hands the columns to the writer as pages that are encoded already: its own encoder takes one
   * number at a time, and plain pages are what the columns' memory holds.
   */
  private async endRowGroup(): Promise<void> {
    const { rows } = this;
    const group: RowBuffer = { rowCount: rows, pageRowCount: 0, columnData: {}, pages: {} };
    for (const { name, values } of this.columns) {
      const used = values.subarray(0, rows);
      const body = Buffer.from(used.buffer, used.byteOffset, used.byteLength);
      group.pages[name] = [
        {
          page: Buffer.concat([pageHeader(rows, body.length), body]),
          num_values: rows,
          first_row_index: 0,
          distinct_values: new Set(),
        },
      ];
    }
    this.rows = 0;
    await this.writer.envelopeWriter.writeRowGroup(group);
  }
}

/** PageHeader of parquet.thrift: an uncompressed data page, plain values without levels. */
function pageHeader(rows: number, bytes: number): Buffer {
  const I32 = 5;
  const STRUCT = 12;
  const i32 = (id: number, value: number): ThriftField => ({ id, type: I32, value });
  const DATA_PAGE = 0;
  const PLAIN = 0;
  const RLE = 3;
  const values: ThriftValue = [i32(1, rows), i32(2, PLAIN), i32(3, RLE), i32(4, RLE)];
  return writeStruct([
    i32(1, DATA_PAGE),
    i32(2, bytes),
    i32(3, bytes),
    { id: 5, type: STRUCT, value: values },
  ]);
}
