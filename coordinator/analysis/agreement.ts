import type { DuckDBConnection } from "@duckdb/node-api";
import type { Plan } from "../../shared/plan.ts";
import { union } from "../../shared/ranges.ts";
import { allRuns, cellsWithin, checkRuns, checksOf, rangeOf } from "./runs_source.ts";

/** How the results of two numeric classes compare on the cells that both have. */
export interface Agreement {
  readonly dataset: string;
  readonly model: string;
  readonly loss: string;
  readonly width: number | null;
  /** The class of the sweep's own cells, and the one that they are held against. */
  readonly numeric_class: string;
  readonly reference_class: string;
  readonly cells: number;
  /** Share of the cells with the same phase. */
  readonly same_phase: number;
  /**
   * Largest |a − b|/|b| of the final loss and of the final NTK eigenvalue λ over the cells that are
   * lazy or catapult in both; null where none was measured.
   */
  readonly loss_difference: number | null;
  readonly ntk_difference: number | null;
  /** Lowest and highest learning rate at which the phases part; null where they never do. */
  readonly parts_from: number | null;
  readonly parts_to: number | null;
}

/** The agreement of each float32 group of a merged results file, on the sample that was checked. */
export async function readAgreement(
  connection: DuckDBConnection,
  path: string,
  plan: Plan,
): Promise<Agreement[]> {
  const sample = checksOf(plan, "sample");
  if (sample.length === 0) return [];
  const reader = await connection.runAndReadAll(`
    WITH pairs AS (
      SELECT a.*, b.numeric_class AS reference_class, b.phase AS reference_phase,
        b.loss_final AS reference_loss, b.ntk_final AS reference_ntk,
        a.phase <> b.phase AS parts,
        a.phase = b.phase AND a.phase IN ('lazy', 'catapult') AS comparable
      FROM ${allRuns(path)} a JOIN ${checkRuns(path, sample)} b
        ON a.shape_group = b.of AND a.seed = b.seed AND a.learning_rate = b.learning_rate
    )
    SELECT any_value(dataset) AS dataset, any_value(model) AS model, any_value(loss) AS loss,
      any_value(width)::DOUBLE AS width, any_value(numeric_class)::VARCHAR AS numeric_class,
      any_value(reference_class)::VARCHAR AS reference_class,
      count(*)::DOUBLE AS cells, avg((NOT parts)::INTEGER)::DOUBLE AS same_phase,
      ${largestDifference("loss_final", "reference_loss")} AS loss_difference,
      ${largestDifference("ntk_final", "reference_ntk")} AS ntk_difference,
      min(learning_rate) FILTER (parts) AS parts_from,
      max(learning_rate) FILTER (parts) AS parts_to
    FROM pairs GROUP BY shape_group ORDER BY min(cell)`);
  return reader.getRowObjectsJS() as unknown as Agreement[];
}

/** The cells that were computed in float64 too because they stand next to a change of phase. */
export interface Verified {
  readonly cells: number;
  /** Those of them whose phase is another one in float64. */
  readonly changed: number;
}

/** What float64 said of a sweep with `precision: verify`; undefined where it was not asked. */
export async function readVerified(
  connection: DuckDBConnection,
  path: string,
  plan: Plan,
): Promise<Verified | undefined> {
  const checks = checksOf(plan, "boundary");
  if (checks.length === 0) return undefined;
  const verified = union(plan.groups.filter(({ verify }) => verify === true).map(rangeOf), []);
  const reader = await connection.runAndReadAll(`
    SELECT count(*)::DOUBLE AS cells, count(*) FILTER (a.phase <> b.phase)::DOUBLE AS changed
    FROM (SELECT * FROM ${allRuns(path)} WHERE ${cellsWithin(verified)}) a
      JOIN ${checkRuns(path, checks)} b
      ON a.shape_group = b.of AND a.seed = b.seed AND a.learning_rate = b.learning_rate`);
  return reader.getRowObjectsJS()[0] as unknown as Verified;
}

function largestDifference(value: string, reference: string): string {
  const both = `comparable AND isfinite(${value}) AND isfinite(${reference}) AND ${reference} <> 0`;
  return `max(abs(${value} / ${reference} - 1)) FILTER (${both})`;
}
