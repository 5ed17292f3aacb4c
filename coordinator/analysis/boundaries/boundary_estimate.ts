/**
 * What samples along the learning rate say of one boundary: of one seed, and over seeds. The analysis
 * of merged results and the dashboard's live view of a sweep both mean this by a boundary.
 */
import { CATAPULT, DIVERGENT, LAZY, UNSETTLED } from "../../../shared/phases.ts";
import { type BootstrapOptions, bootstrapMedian, median } from "../statistics/median.ts";

/** On which side of the sampled learning rates a boundary lies; null when it lies among them. */
export type Beyond = "below" | "above" | null;

/** By phase code, whether a cell is on the high side of the boundary. */
export const IS_HIGH = {
  eta0: { [LAZY]: false, [CATAPULT]: true, [DIVERGENT]: true, [UNSETTLED]: true },
  eta1: { [LAZY]: false, [CATAPULT]: false, [DIVERGENT]: true, [UNSETTLED]: false },
} as const satisfies Record<string, Readonly<Record<number, boolean>>>;

/** One boundary of one seed. Learning rates η are in steps of plain gradient descent. */
export interface Located {
  /** Geometric midpoint of `bracket`; null when the boundary lies beyond the grid. */
  readonly estimate: number | null;
  readonly beyond: Beyond;
  /** [last η on the low side before the first change, first η on the high side]. */
  readonly bracket: readonly [number, number] | null;
}

/**
 * `first`: smallest sampled η on the high side, null if there is none. `before`: the η sampled just
 * below it, null if it is the lowest.
 */
export function locate(before: number | null, first: number | null): Located {
  const bracket = before !== null && first !== null ? ([before, first] as const) : null;
  return {
    estimate: bracket ? Math.sqrt(bracket[0]) * Math.sqrt(bracket[1]) : null,
    beyond: first === null ? "above" : before === null ? "below" : null,
    bracket,
  };
}

/** A value beyond the grid as the infinity on its side, which order statistics take as it is. */
export function censored(value: number | null, beyond: Beyond): number {
  if (value !== null) return value;
  return beyond === "below" ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

/** One boundary over the seeds of a shape group. */
export interface MedianBoundary {
  /** Median over all seeds, those beyond the grid included; null when it lies beyond itself. */
  readonly median: number | null;
  /** Side of a null median; null when the two middle seeds lie beyond opposite ends. */
  readonly median_beyond: Beyond;
  /** Bootstrap percentile interval of the median; an end beyond the grid is ∓Infinity. */
  readonly low: number;
  readonly high: number;
  /** Bootstrap standard error of the median; null when a resampled median lies beyond. */
  readonly standard_error: number | null;
}

/** Of at least one censored estimate. */
export function medianBoundary(
  estimates: readonly number[],
  bootstrap: BootstrapOptions,
): MedianBoundary {
  const middle = median(estimates);
  return {
    median: finiteOrNull(middle),
    median_beyond: Number.isFinite(middle) ? null : sideOf(middle),
    ...bootstrapMedian(estimates, bootstrap),
  };
}

export function finiteOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

function sideOf(value: number): Beyond {
  if (Number.isNaN(value)) return null;
  return value < 0 ? "below" : "above";
}
