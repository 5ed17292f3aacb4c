import type { Plan, PlannedGroup } from "../../shared/plan.ts";
import { type Range, union } from "../../shared/ranges.ts";
import { quote } from "../results/sql_text.ts";

/** A relation of result rows, as SQL that may follow FROM. */
export type RunsSource = string;

/** The path of a merged results file, or of several with the cells of one sweep. */
export type ResultFiles = string | readonly string[];

/** All rows of merged results. */
export function allRuns(results: ResultFiles): RunsSource {
  const list = typeof results === "string" ? quote(results) : `[${results.map(quote)}]`;
  return `read_parquet(${list})`;
}

/**
 * All runs that the sweep is about, those included that it added to know its boundaries better.
 * Those that were computed to be held against others are not among them: where that was done in
 * float64 next to a change of phase, its phase and measures stand in the row.
 */
export function sampledRuns(path: ResultFiles, plan: Plan): RunsSource {
  return runsOf(path, plan, ({ checks }) => checks === undefined);
}

/**
 * Those of them with the learning rates of the sweep file, which every seed has. At others only the
 * seeds were trained that change their phase there, so shares and medians over seeds mean nothing.
 */
export function gridRuns(path: ResultFiles, plan: Plan): RunsSource {
  return runsOf(
    path,
    plan,
    ({ checks, added }) => checks === undefined && added !== "learning_rates",
  );
}

function runsOf(
  path: ResultFiles,
  plan: Plan,
  isWanted: (group: PlannedGroup) => boolean,
): RunsSource {
  const ranges = union(plan.groups.filter(isWanted).map(rangeOf), []);
  if (ranges.length === 1 && ranges[0]!.end === plan.cells) return allRuns(path);
  const wanted = `SELECT * FROM ${allRuns(path)} WHERE ${cellsWithin(ranges)}`;
  const exact = checksOf(plan, "boundary");
  if (exact.length === 0) return `(${wanted})`;
  const kept = ["cell", '"grid"', "shape_group", "seed", "learning_rate"].map(
    (name) => `g.${name}`,
  );
  return `(SELECT ${kept}, ${DECIDED.map((name) => `coalesce(v.${name}, g.${name}) AS ${name}`)},
      g.* EXCLUDE (cell, "grid", shape_group, seed, learning_rate, ${DECIDED})
    FROM (${wanted}) g LEFT JOIN ${checkRuns(path, exact)} v
      ON g.shape_group = v.of AND g.seed = v.seed AND g.learning_rate = v.learning_rate)`;
}

export function rangeOf({ first_cell, cells }: PlannedGroup): Range {
  return { first: first_cell, end: first_cell + cells };
}

/** An SQL condition: the cell lies in one of some ranges, of which there is at least one. */
export function cellsWithin(ranges: readonly Range[]): string {
  const each = ranges.map(({ first, end }) => `(cell >= ${first} AND cell < ${end})`);
  return `(${each.join(" OR ")})`;
}

/** What float64 decides in place of float32. */
const DECIDED = ["phase", "ntk_final", "hessian_final"];

export interface CheckGroup {
  readonly of: string;
  readonly first: number;
  readonly end: number;
}

/** The groups of a plan that check others, for one reason. */
export function checksOf({ groups }: Plan, why: "sample" | "boundary"): CheckGroup[] {
  return groups.flatMap(({ checks, first_cell, cells }) =>
    checks?.why === why ? [{ of: checks.of, first: first_cell, end: first_cell + cells }] : [],
  );
}

/** The rows of some checks, each with the shape group that it is held against, `of`. */
export function checkRuns(path: ResultFiles, checks: readonly CheckGroup[]): RunsSource {
  const rows = checks.map(({ of, first, end }) => `(${quote(of)}, ${first}, ${end})`);
  const lowest = Math.min(...checks.map(({ first }) => first));
  return `(SELECT c.of, r.* FROM (SELECT * FROM ${allRuns(path)} WHERE cell >= ${lowest}) r
      JOIN (VALUES ${rows.join(", ")}) AS c(of, first, "end")
      ON r.cell >= c.first AND r.cell < c."end")`;
}
