/** The counting behind the test accuracies, in SQL. */
import type { DuckDBConnection } from "@duckdb/node-api";
import { PHASES, type Phase } from "../../shared/phases.ts";
import { quote } from "../results/sql_text.ts";
import type { RunsSource } from "./runs_source.ts";

/** A shape group whose data set has `samples` test samples. */
export interface TestedGroup {
  readonly shape_group: string;
  readonly samples: number;
}

/**
 * One learning rate of a group. Sums are over `measured`, the seeds that did not diverge, and count
 * test samples classified right: whole numbers, so that no order of adding shows in them.
 */
export interface PointRow extends Readonly<Record<Phase, number>> {
  readonly shape_group: string;
  readonly learning_rate: number;
  readonly seeds: number;
  readonly measured: number;
  /** Σ k; null where nothing was measured. */
  readonly total: number | null;
  /** n Σ k² − (Σ k)², which is n (n − 1) times the variance of k. */
  readonly spread: number | null;
}

/** A seed at the learning rate that the other seeds of its group chose among those of one phase. */
export interface HeldOutRow {
  readonly shape_group: string;
  readonly seed: bigint;
  readonly phase: "lazy" | "catapult";
  readonly learning_rate: number;
  /** k of this seed there; null where it diverged. */
  readonly correct: number | null;
}

export interface AccuracyRows {
  /** Ascending learning rates within a group. */
  readonly points: PointRow[];
  /** At most one row for each seed and phase. */
  readonly held_out: HeldOutRow[];
}

/** Reads the counts of some groups (at least one), in the order of their identities. */
export async function queryAccuracy(
  connection: DuckDBConnection,
  source: RunsSource,
  groups: readonly TestedGroup[],
): Promise<AccuracyRows> {
  await connection.run(cellTable(source, groups));
  await connection.run(POINT_TABLE);
  const points = await connection.runAndReadAll(POINTS);
  const heldOut = await connection.runAndReadAll(HELD_OUT);
  await connection.run("DROP TABLE accuracy_cell");
  await connection.run("DROP TABLE accuracy_point");
  return {
    points: points.getRowObjectsJS() as unknown as PointRow[],
    held_out: heldOut.getRowObjectsJS() as unknown as HeldOutRow[],
  };
}

/** Blocks of a sweep may share cells, which have equal numbers: each counts once. */
const cellTable = (source: RunsSource, groups: readonly TestedGroup[]) => `
CREATE TEMP TABLE accuracy_cell AS
SELECT
  shape_group, seed, learning_rate,
  any_value(phase) AS phase,
  any_value(CASE WHEN phase <> 'divergent' AND isfinite(test_accuracy)
    THEN round(test_accuracy * samples)::BIGINT END) AS correct
FROM ${source}
JOIN (VALUES ${groups.map((group) => `(${quote(group.shape_group)}, ${group.samples})`).join(", ")})
  AS tested(shape_group, samples) USING (shape_group)
GROUP BY shape_group, seed, learning_rate`;

const POINT_TABLE = `
CREATE TEMP TABLE accuracy_point AS
SELECT
  shape_group, learning_rate,
  count(*) AS seeds,
  ${PHASES.map((phase) => `count(*) FILTER (phase = '${phase}') AS ${phase}`).join(",\n  ")},
  count(correct) AS measured,
  sum(correct) AS total,
  count(correct) * sum(correct * correct) - sum(correct) * sum(correct) AS spread
FROM accuracy_cell
GROUP BY shape_group, learning_rate`;

const POINTS = `
SELECT shape_group, COLUMNS(* EXCLUDE (shape_group))::DOUBLE
FROM accuracy_point
ORDER BY shape_group, learning_rate`;

/**
 * For each seed, its own counts are taken out of those of every learning rate. What is left says
 * which rates are mostly of a phase and which of these has the highest mean (the lowest η of equal
 * ones); only then is the seed itself looked at.
 */
const HELD_OUT = ["lazy", "catapult"]
  .map(
    (phase) => `(
SELECT c.shape_group, c.seed, '${phase}' AS phase, learning_rate, c.correct::DOUBLE AS correct
FROM accuracy_cell c JOIN accuracy_point p USING (shape_group, learning_rate)
WHERE 2 * (p.${phase} - (c.phase = '${phase}')::INTEGER) > p.seeds - 1
  AND p.measured > (c.correct IS NOT NULL)::INTEGER
QUALIFY row_number() OVER (
  PARTITION BY c.shape_group, c.seed
  ORDER BY (p.total - coalesce(c.correct, 0))::DOUBLE
    / (p.measured - (c.correct IS NOT NULL)::INTEGER)::DOUBLE DESC, learning_rate) = 1)`,
  )
  .join("\nUNION ALL\n")
  .concat("\nORDER BY shape_group, seed, phase");
