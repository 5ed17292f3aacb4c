/** The uncertainty exponents of a results file: verdicts read from it, one bit a cell. */
import type { DuckDBConnection } from "@duckdb/node-api";
import type { Plan, PlannedGroup } from "../../shared/plan.ts";
import { axisPoints } from "../../shared/spec/axes.ts";
import { quote } from "../results/sql_text.ts";
import type { BoundaryRow } from "./boundaries/boundaries.ts";
import type { RunsSource } from "./runs_source.ts";
import {
  type ExponentFit,
  fitExponent,
  POINTS_MIN,
  type Sides,
} from "./statistics/uncertainty_exponent.ts";
import type { BoundaryName } from "./statistics/width_law.ts";

/** Cells of a group that are looked at, those of its first seeds, and of all groups. */
const GROUP_CELLS_MAX = 2 ** 22;
const CELLS_MAX = 2 ** 24;

/** One boundary of a shape group whose exponent could be measured. */
export interface UncertaintyExponent extends ExponentFit {
  readonly boundary: BoundaryName;
  readonly shape_group: string;
}

export interface UncertaintyExponents {
  readonly measured: readonly UncertaintyExponent[];
  /** Why it could not be, and for how many boundaries (two a group); those that name most first. */
  readonly not_measured: readonly { readonly problem: string; readonly boundaries: number }[];
}

/** Measures every boundary of the grid that has a fine enough log axis. */
export async function readUncertaintyExponents(
  connection: DuckDBConnection,
  source: RunsSource,
  { groups }: Plan,
  rows: readonly BoundaryRow[],
): Promise<UncertaintyExponents> {
  const known = new Set(rows.map(({ shape_group }) => shape_group));
  const measured: UncertaintyExponent[] = [];
  const problems = new Map<string, number>();
  const refuse = (problem: string) => problems.set(problem, (problems.get(problem) ?? 0) + 1);
  let cellsLeft = CELLS_MAX;
  for (const group of groups) {
    if (group.checks !== undefined || !known.delete(group.shape_group)) continue;
    const problem = whyNot(group) ?? (cellsLeft <= 0 ? OVER_LIMIT : null);
    if (problem !== null) {
      for (const _ of ["eta0", "eta1"]) refuse(problem);
      continue;
    }
    cellsLeft -= Math.min(group.cells, GROUP_CELLS_MAX);
    const sides = await readSides(connection, source, group);
    const step = (group.learning_rates as { octaves_per_step: number }).octaves_per_step * Math.LN2;
    for (const boundary of ["eta0", "eta1"] as const) {
      const fit = fitExponent(sides[boundary], step);
      if ("problem" in fit) refuse(fit.problem);
      else measured.push({ boundary, shape_group: group.shape_group, ...fit });
    }
  }
  const not_measured = [...problems].map(([why, boundaries]) => ({ problem: why, boundaries }));
  not_measured.sort((one, other) => other.boundaries - one.boundaries);
  return { measured, not_measured };
}

const OVER_LIMIT = `the groups before it have ${CELLS_MAX} cells (CELLS_MAX)`;

function whyNot({ learning_rates }: PlannedGroup): string | null {
  if (learning_rates.scale !== "log") return "its learning rates are not an even log axis";
  if (learning_rates.points >= POINTS_MIN) return null;
  return `fewer than ${POINTS_MIN} learning rates do not show enough scales`;
}

/** The verdicts of the seeds of which every cell is there, in the order of the seeds. */
async function readSides(
  connection: DuckDBConnection,
  source: RunsSource,
  { first_cell, cells, shape_group, learning_rates }: PlannedGroup,
): Promise<Record<BoundaryName, Sides[]>> {
  const points = axisPoints(learning_rates);
  const seeds = Math.max(1, Math.floor(GROUP_CELLS_MAX / points));
  const end = first_cell + Math.min(cells, seeds * points);
  const bits = (isHigh: string) =>
    `bitstring_agg(place, 0, ${points - 1}) FILTER (${isHigh})::VARCHAR`;
  const reader = await connection.runAndReadAll(`
SELECT ${bits("phase <> 'lazy'")}, ${bits("phase = 'divergent'")}
FROM (
  SELECT cell, phase, ((cell - ${first_cell}) % ${points})::INTEGER AS place,
    (cell - ${first_cell}) // ${points} AS row
  FROM ${source}
  WHERE shape_group = ${quote(shape_group)} AND cell >= ${first_cell} AND cell < ${end}
)
GROUP BY row HAVING count(*) = ${points} ORDER BY row`);
  const rows = reader.getRows() as [string | null, string | null][];
  return {
    eta0: rows.map(([notLazy]) => sidesOf(notLazy, points)),
    eta1: rows.map(([, divergent]) => sidesOf(divergent, points)),
  };
}

/** "0011", the lowest learning rate first; null where no cell is on the high side. */
function sidesOf(bits: string | null, points: number): Sides {
  const sides = new Uint8Array(points);
  for (let i = 0; bits !== null && i < points; i++) sides[i] = bits.charCodeAt(i) - 48;
  return sides;
}
