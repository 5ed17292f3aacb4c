import parquet, { type Page, type ParquetField, type ParquetWriter } from "parquetjs-lite";
import { partColumns, trajectoryColumn, trajectoryColumns } from "../shared/part_columns.ts";
import type { ResultColumns, Trajectories } from "../shared/result_columns.ts";
import { type PlannedShape, trajectoryPoints } from "../shared/shape_group.ts";
import { LITTLE_ENDIAN, repeatedPage, requiredPage } from "./pages.ts";

/** Rows of a row group: few enough for the copies that the encoder makes to stay in the cache. */
const ROW_GROUP_ROWS = 16_384;
/** Points of one trajectory column in a row group, where there are any. */
const ROW_GROUP_POINTS = 2 ** 18;

interface PartColumn {
  readonly name: string;
  readonly values: Float64Array | Int32Array;
}

/** One list a row: the points of all rows one after another, and how many each row has. */
interface ListColumn {
  readonly name: string;
  readonly values: Float64Array;
  used: number;
  counts: number[];
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
  private readonly lists: readonly ListColumn[];
  private readonly groupRows: number;
  private readonly chunks: Buffer[];
  private rows = 0;

  private constructor(
    writer: ParquetWriter,
    columns: readonly PartColumn[],
    lists: readonly ListColumn[],
    groupRows: number,
    chunks: Buffer[],
  ) {
    this.writer = writer;
    this.columns = columns;
    this.lists = lists;
    this.groupRows = groupRows;
    this.chunks = chunks;
  }

  /** For up to `rows` rows of a shape. */
  static async open(rows: number, shape: PlannedShape): Promise<PartWriter> {
    if (!LITTLE_ENDIAN) throw new Error("parts are written on little-endian machines only");
    const points = trajectoryPoints(shape);
    const groupRows = Math.max(
      1,
      Math.min(rows, ROW_GROUP_ROWS, Math.floor(ROW_GROUP_POINTS / Math.max(1, points))),
    );
    const learning_rate = { name: "learning_rate", type: "DOUBLE" };
    const columns = [learning_rate, ...partColumns(shape)].map(({ name, type }) => ({
      name,
      type,
      values: type === "DOUBLE" ? new Float64Array(groupRows) : new Int32Array(groupRows),
    }));
    const lists = trajectoryColumns(shape).map((name) => ({
      name,
      values: new Float64Array(groupRows * points),
      used: 0,
      counts: [],
    }));
    const field = (type: string): ParquetField => ({
      type,
      compression: "UNCOMPRESSED",
      statistics: false,
    });
    const chunks: Buffer[] = [];
    const writer = await parquet.ParquetWriter.openStream(
      new parquet.ParquetSchema(
        Object.fromEntries([
          ...columns.map(({ name, type }) => [name, field(type)]),
          ...lists.map(({ name }) => [name, { ...field("DOUBLE"), repeated: true }]),
        ]),
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
    return new PartWriter(writer, columns, lists, groupRows, chunks);
  }

  /** Adds rows: a learning rate and a value of each result column for each, and its trajectory. */
  async add(
    learning_rates: Float64Array,
    results: ResultColumns,
    trajectories?: Trajectories,
  ): Promise<void> {
    const source: Record<string, Float64Array> = { learning_rate: learning_rates, ...results };
    for (let at = 0; at < learning_rates.length; ) {
      const end = Math.min(learning_rates.length, at + this.groupRows - this.rows);
      for (const { name, values } of this.columns) {
        values.set(source[name]!.subarray(at, end), this.rows);
      }
      if (trajectories !== undefined) this.addLists(trajectories, at, end);
      this.rows += end - at;
      at = end;
      if (this.rows === this.groupRows) await this.endRowGroup();
    }
  }

  /** The finished file. Nothing can be added after it. */
  async finish(): Promise<Buffer> {
    if (this.rows > 0) await this.endRowGroup();
    await this.writer.close();
    return Buffer.concat(this.chunks);
  }

  private addLists(trajectories: Trajectories, first: number, end: number): void {
    const { points, counts, loss, ntk, hessian } = trajectories;
    for (const [quantity, numbers] of Object.entries({ loss, ntk, hessian })) {
      const list = this.lists.find(({ name }) => name === trajectoryColumn(quantity));
      if (list === undefined || numbers === undefined) continue;
      for (let row = first; row < end; row++) {
        const count = counts[row]!;
        list.values.set(numbers.subarray(row * points, row * points + count), list.used);
        list.used += count;
        list.counts.push(count);
      }
    }
  }

  /**
   * Hands the columns to the writer as pages that are encoded already: its own encoder takes one
   * number at a time, and plain pages are what the columns' memory holds.
   */
  private async endRowGroup(): Promise<void> {
    const { rows } = this;
    const pages: Record<string, Page[]> = {};
    const page = (bytes: Buffer, num_values: number): Page[] => [
      { page: bytes, num_values, first_row_index: 0, distinct_values: new Set() },
    ];
    for (const { name, values } of this.columns) {
      pages[name] = page(requiredPage(values.subarray(0, rows)), rows);
    }
    for (const list of this.lists) {
      pages[list.name] = page(
        repeatedPage(list.values.subarray(0, list.used), list.counts),
        list.used,
      );
      list.used = 0;
      list.counts = [];
    }
    this.rows = 0;
    const group = { rowCount: rows, pageRowCount: 0, columnData: {}, pages };
    await this.writer.envelopeWriter.writeRowGroup(group);
  }
}
