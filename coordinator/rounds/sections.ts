import { log, log1p } from "../../shared/elementary.ts";
import { boundaryState, type Change, isKnown, ROUNDING } from "../analysis/boundaries/changes.ts";

/**
 * Which intervals between neighbouring learning rates of one seed are to be cut, so that its
 * boundaries become known. Pure.
 */

/** An interval between two samples, and into how many equal parts in log η it is to be cut. */
export interface Section {
  readonly low: number;
  readonly high: number;
  /** A power of two. */
  readonly parts: number;
}

/**
 * Parts of a section. Bisection would ask for 3 cells where this asks for 7, but it would see a
 * single step wherever it looks: of eight parts the six that do not hold the first change are looks
 * at what lies beside it.
 */
const PARTS_MAX = 8;

/**
 * The intervals of one seed to be cut next, ascending. `changes`: all of its changes, ascending.
 *
 * A boundary with one change is narrowed until its interval is short enough. One with several is a
 * band: its verdict goes to and fro, as the logistic loss's does, so its two ends are narrowed, and
 * all changes between them until the boundary by area is known as well. The intervals beside an end
 * are halved where they are no shorter than its own, or a window there would go unseen.
 */
export function sectionsOf(changes: readonly Change[], eta_tolerance: number): Section[] {
  const parts = new Map<number, Section>();
  const cut = (low: number, high: number, wanted: number) => {
    const known = parts.get(low)?.parts ?? 1;
    if (wanted > known) parts.set(low, { low, high, parts: wanted });
  };
  for (const boundary of ["eta0", "eta1"] as const) {
    const own = changes.filter((change) => change[boundary]);
    const state = boundaryState(own);
    if (isKnown(state, eta_tolerance)) continue;
    const tolerance = log1p(eta_tolerance);
    // So short that all of them together are short enough.
    const share = tolerance / Math.sqrt(own.length);
    for (const [index, change] of own.entries()) {
      const isEnd = index === 0 || index === own.length - 1;
      const goal = state.undecided > tolerance ? share : isEnd ? tolerance : Infinity;
      const length = log(change.high / change.low);
      const wanted = partsOf(length, goal);
      if (wanted === 1) continue;
      cut(change.low, change.high, wanted);
      if (!isEnd) continue;
      for (const [low, high] of [
        [change.below, change.low],
        [change.high, change.above],
      ]) {
        if (low == null || high == null) continue;
        if (log(high / low) >= length * (1 - ROUNDING)) cut(low, high, 2);
      }
    }
  }
  return [...parts.values()].sort((a, b) => a.low - b.low);
}

/** The fewest parts that are no longer than the goal, or as many as a section has. */
function partsOf(length: number, goal: number): number {
  for (let parts = 1; parts < PARTS_MAX; parts *= 2) {
    if (length <= parts * goal * (1 + ROUNDING)) return parts;
  }
  return PARTS_MAX;
}
