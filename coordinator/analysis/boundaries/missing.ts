import type { DuckDBConnection } from "@duckdb/node-api";
import type { BoundaryTargets, Plan } from "../../../shared/plan.ts";
import { axisPoints, learningRateReader, seedCount } from "../../../shared/spec/axes.ts";
import type { RunsSource } from "../runs_source.ts";
import type { BoundaryRow, Summary } from "./boundaries.ts";
import { boundaryState, isKnown, readChanges } from "./changes.ts";

/** How far a sweep with targets came: coordinator/rounds adds cells until nothing is missing. */
export interface Refinement {
  readonly targets: BoundaryTargets;
  /** Cells trained, and those of a grid as fine as the tolerance over the same η and seeds. */
  readonly cells: number;
  readonly cells_dense: number;
  /** Boundaries that are not known as well as was asked; none where the targets are met. */
  readonly missing: readonly MissingBoundary[];
}

export interface MissingBoundary {
  readonly shape_group: string;
  readonly boundary: "eta0" | "eta1";
  /** Seeds whose boundary is not known to eta_tolerance, and those that have none in the grid. */
  readonly seeds_open: number;
  readonly seeds_beyond: number;
  /** high/low − 1 of the median's interval where that is wider than asked; else null. */
  readonly median_interval: number | null;
}

/** Of fewer seeds a bootstrap interval says nothing: it is as narrow as chance has it. */
export const MEDIAN_SEEDS_MIN = 8;

/** What a sweep with targets does not know yet; undefined without targets. */
export async function readRefinement(
  connection: DuckDBConnection,
  source: RunsSource,
  plan: Plan,
  rows: readonly BoundaryRow[],
): Promise<Refinement | undefined> {
  const { targets } = plan;
  if (targets === undefined) return undefined;
  const open = new Map<string, number>();
  for (const { shape_group, changes } of await readChanges(connection, source)) {
    for (const boundary of ["eta0", "eta1"] as const) {
      const state = boundaryState(changes.filter((change) => change[boundary]));
      const key = `${shape_group} ${boundary}`;
      if (!isKnown(state, targets.eta_tolerance)) open.set(key, (open.get(key) ?? 0) + 1);
    }
  }
  const fixed = new Set<string>();
  for (const { shape_group, shape } of plan.groups) {
    if (shape.initial_weights !== null) fixed.add(shape_group);
  }
  const missing = rows.flatMap((row) =>
    (["eta0", "eta1"] as const).map((boundary): MissingBoundary => {
      const { shape_group, seeds } = row;
      const summary = row[boundary];
      const wanted = targets.median_interval;
      const width = intervalWidth(summary);
      // With given weights every seed is the same run, and there is no median to be known.
      const hasMedian = wanted !== null && !fixed.has(shape_group);
      const isWide = hasMedian && (width > wanted || seeds < MEDIAN_SEEDS_MIN);
      return {
        shape_group,
        boundary,
        seeds_open: open.get(`${shape_group} ${boundary}`) ?? 0,
        seeds_beyond: summary.seeds_below + summary.seeds_above,
        median_interval: isWide ? width : null,
      };
    }),
  );
  return {
    targets,
    cells: plan.groups.reduce((sum, { checks, cells }) => sum + (checks ? 0 : cells), 0),
    cells_dense: denseCells(plan, targets.eta_tolerance),
    missing: missing.filter(
      ({ seeds_open, seeds_beyond, median_interval }) =>
        seeds_open > 0 || seeds_beyond > 0 || median_interval !== null,
    ),
  };
}

/** high/low − 1 of a median's interval; Infinity with an open end, 0 where the median itself is open. */
export function intervalWidth({ median, low, high }: Summary): number {
  if (median === null) return 0;
  return low > 0 && Number.isFinite(high) ? high / low - 1 : Number.POSITIVE_INFINITY;
}

/** Cells of log grids with neighbours η and η (1 + tolerance) in place of the axes of the sweep. */
function denseCells({ groups }: Plan, tolerance: number): number {
  let cells = 0;
  for (const { checks, added, seeds, learning_rates } of groups) {
    if (checks !== undefined || added === "learning_rates") continue;
    const read = learningRateReader(learning_rates);
    let [lowest, highest] = [Number.POSITIVE_INFINITY, 0];
    for (let i = 0; i < axisPoints(learning_rates); i++) {
      lowest = Math.min(lowest, read(i));
      highest = Math.max(highest, read(i));
    }
    const steps = Math.ceil(Math.log(highest / lowest) / Math.log1p(tolerance));
    cells += seedCount(seeds) * (steps + 1);
  }
  return cells;
}
