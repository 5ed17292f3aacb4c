import parquet, { type ColumnBuffer, type ParquetField, type RowBuffer } from "parquetjs-lite";
import { RESULT_COLUMNS, type ResultColumns, type Trajectories } from "../shared/result_columns.ts";

/**
 * The columns of a part: a cell's number and coordinates, then the engine's columns. All are
 * required; "never happened" stays −1 here and becomes null when the parts are merged.
 */
const PART_COLUMNS = [
  { name: "cell", type: "INT64" },
  { name: "seed", type: "INT64" },
  { name: "learning_rate", type: "DOUBLE" },
  ...RESULT_COLUMNS.map(({ name, type }) => ({ name, type })),
];

const fields = Object.fromEntries(
  PART_COLUMNS.map(({ name, type }): [string, ParquetField] => [
    name,
    { type, compression: "UNCOMPRESSED", statistics: false },
  ]),
);
const schema = new parquet.ParquetSchema(fields);

const listField: ParquetField = {
  type: "DOUBLE",
  compression: "UNCOMPRESSED",
  statistics: false,
  repeated: true,
};

export interface PartRows {
  readonly first_cell: number;
  /** One value a row, as are the columns. */
  readonly seeds: Float64Array;
  readonly learning_rates: Float64Array;
  readonly results: ResultColumns;
  readonly trajectories: Trajectories | undefined;
}

/**
 * Encodes rows as one Parquet file with one row group. The writer's row buffer is filled column by
 * column: adding row by row builds an object a cell and takes ten times as long.
 */
export async function encodePart(rows: PartRows): Promise<Buffer> {
  const count = rows.seeds.length;
  const chunks: Buffer[] = [];
  const lists = listColumns(rows.trajectories, count);
  const listFields = Object.fromEntries(Object.keys(lists).map((name) => [name, listField]));
  const writer = await parquet.ParquetWriter.openStream(
    rows.trajectories === undefined
      ? schema
      : new parquet.ParquetSchema({ ...fields, ...listFields }),
    {
      write(bytes, done) {
        chunks.push(bytes);
        done();
      },
      end: (done) => done(),
    },
    { useDataPageV2: false, pageIndex: false },
  );
  const cells = Float64Array.from({ length: count }, (_, i) => rows.first_cell + i);
  const columns: Record<string, Float64Array> = {
    cell: cells,
    seed: rows.seeds,
    learning_rate: rows.learning_rates,
    ...rows.results,
  };
  const buffer: RowBuffer = { rowCount: count, pageRowCount: count, columnData: {}, pages: {} };
  for (const { name } of PART_COLUMNS) {
    buffer.columnData[name] = {
      // Required columns have no levels, but the encoder counts values by this length.
      dlevels: columns[name]!,
      rlevels: [],
      values: columns[name]!,
      distinct_values: new Set(),
      count,
    };
    buffer.pages[name] = [];
  }
  for (const [name, column] of Object.entries(lists)) {
    buffer.columnData[name] = column;
    buffer.pages[name] = [];
  }
  writer.rowBuffer = buffer;
  await writer.close();
  return Buffer.concat(chunks);
}

/**
 * Trajectories as list columns `loss_trajectory`, …: the points of all rows one after another, with
 * a repetition level of 0 where a row begins. Every row has at least its first point.
 */
function listColumns(
  trajectories: Trajectories | undefined,
  rows: number,
): Record<string, ColumnBuffer> {
  if (trajectories === undefined) return {};
  const { points, counts, loss, ntk, hessian } = trajectories;
  const columns: Record<string, ColumnBuffer> = {};
  for (const [name, numbers] of Object.entries({ loss, ntk, hessian })) {
    if (numbers === undefined) continue;
    const values: number[] = [];
    const rlevels: number[] = [];
    for (let row = 0; row < rows; row++) {
      for (let j = 0; j < counts[row]!; j++) {
        values.push(numbers[row * points + j]!);
        rlevels.push(j === 0 ? 0 : 1);
      }
    }
    columns[`${name}_trajectory`] = {
      dlevels: rlevels.map(() => 1),
      rlevels,
      values,
      distinct_values: new Set(),
      count: values.length,
    };
  }
  return columns;
}
