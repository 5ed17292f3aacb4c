import { CATAPULT, DIVERGENT, LAZY, UNSETTLED } from "../../../shared/phases.ts";
import { censored, IS_HIGH, locate } from "../../analysis/boundaries/boundary_estimate.ts";
import { CELL } from "../messages.ts";

/** Censored estimates of η0 and η1 of one seed; null while what is known does not decide it. */
export interface SeedEstimates {
  readonly eta0: number | null;
  readonly eta1: number | null;
  /** Whether any of its cells is, or may yet be, there. */
  readonly is_sampled: boolean;
}

/** IS_HIGH by CELL code. */
const HIGH0 = byCell(IS_HIGH.eta0);
const HIGH1 = byCell(IS_HIGH.eta1);

function byCell(isHigh: Readonly<Record<number, boolean>>): readonly boolean[] {
  const phases = [LAZY, CATAPULT, DIVERGENT, UNSETTLED];
  return [false, ...phases.map((phase) => isHigh[phase]!), false];
}

/**
 * What `count` cells of one seed, by ascending learning rate, say of its boundaries. A cell that could
 * not be computed is as good as not sampled. A boundary is known once all cells up to its bracket's
 * upper end are, or all cells. Pure.
 */
export function seedEstimates(
  count: number,
  rates: Float64Array,
  codes: Uint8Array,
): SeedEstimates {
  let eta0: number | null = null;
  let eta1: number | null = null;
  // The highest learning rate below the present one, and the one before.
  let below: number | null = null;
  let latest: number | null = null;
  let isOpen = false;
  for (let i = 0; i < count; i++) {
    const code = codes[i]!;
    if (code === CELL.failed) continue;
    isOpen = code === CELL.open;
    const rate = rates[i]!;
    if (latest === null || rate > latest) below = latest;
    latest = rate;
    if (isOpen) break;
    if (eta0 === null && HIGH0[code]) eta0 = estimate(below, rate);
    if (eta1 === null && HIGH1[code]) eta1 = estimate(below, rate);
    if (eta1 !== null) break;
  }
  const is_sampled = latest !== null;
  if (!isOpen && is_sampled) {
    eta0 ??= estimate(below, null);
    eta1 ??= estimate(below, null);
  }
  return { eta0, eta1, is_sampled };
}

function estimate(before: number | null, first: number | null): number {
  const located = locate(before, first);
  return censored(located.estimate, located.beyond);
}
