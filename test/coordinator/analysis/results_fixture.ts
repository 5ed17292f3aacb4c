/** Synthetic merged results files, written by DuckDB as a merge writes them. */
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";

export interface FixtureCell {
  readonly shape_group: string;
  readonly seed: number;
  readonly learning_rate: number;
  readonly phase: "lazy" | "catapult" | "divergent" | "unsettled";
  readonly width?: number | null;
  readonly dataset?: string;
  readonly ntk_final?: number;
  readonly hessian_final?: number;
  readonly test_accuracy?: number;
  readonly loss_initial?: number;
  readonly ntk_initial?: number;
  readonly hessian_initial?: number;
}

export async function connect(): Promise<DuckDBConnection> {
  return (await DuckDBInstance.create(":memory:")).connect();
}

/** Cells of one seed from a string of phases: l, c, d, u along the learning rates. */
export function seedCells(
  shape_group: string,
  seed: number,
  etas: readonly number[],
  phases: string,
): FixtureCell[] {
  const names = { l: "lazy", c: "catapult", d: "divergent", u: "unsettled" } as const;
  return etas.map((learning_rate, index) => ({
    shape_group,
    seed,
    learning_rate,
    phase: names[phases[index] as keyof typeof names],
  }));
}

/** Writes the columns that the analysis reads, rows in the order given. */
export async function writeResults(
  connection: DuckDBConnection,
  path: string,
  cells: readonly FixtureCell[],
): Promise<void> {
  await connection.run(`CREATE OR REPLACE TABLE cells (
    cell BIGINT, "grid" INTEGER, shape_group VARCHAR, dataset VARCHAR, model VARCHAR, loss VARCHAR,
    width BIGINT, weight_variance DOUBLE, steps INTEGER, seed BIGINT, learning_rate DOUBLE,
    phase VARCHAR, ntk_final DOUBLE, hessian_final DOUBLE, test_accuracy DOUBLE,
    loss_initial DOUBLE, ntk_initial DOUBLE, hessian_initial DOUBLE)`);
  const appender = await connection.createAppender("cells");
  for (const [index, cell] of cells.entries()) {
    const { width = 200 } = cell;
    appender.appendBigInt(BigInt(index));
    appender.appendInteger(0);
    appender.appendVarchar(cell.shape_group);
    appender.appendVarchar(cell.dataset ?? "example3");
    appender.appendVarchar(width === null ? "linear_predictor" : "one_hidden_layer");
    appender.appendVarchar("logistic");
    if (width === null) appender.appendNull();
    else appender.appendBigInt(BigInt(width));
    appender.appendDouble(0.5);
    appender.appendInteger(100);
    appender.appendBigInt(BigInt(cell.seed));
    appender.appendDouble(cell.learning_rate);
    appender.appendVarchar(cell.phase);
    appender.appendDouble(cell.ntk_final ?? Number.NaN);
    appender.appendDouble(cell.hessian_final ?? Number.NaN);
    appender.appendDouble(cell.test_accuracy ?? Number.NaN);
    appender.appendDouble(cell.loss_initial ?? Number.NaN);
    appender.appendDouble(cell.ntk_initial ?? Number.NaN);
    appender.appendDouble(cell.hessian_initial ?? Number.NaN);
    appender.endRow();
  }
  appender.closeSync();
  await connection.run(`COPY cells TO '${path}' (FORMAT parquet)`);
}
