/**
 * The phases of one training run (Huang et al. 2020, section 1).
 *
 * lazy:      the loss never rises.
 * catapult:  the loss rises at least once and training still succeeds.
 * divergent: the state leaves every bound or becomes non-finite.
 * unsettled: finite at the last step, but no better than at the start.
 *
 * The order is the code that result files carry, so it is append-only.
 */
export const PHASES = ["lazy", "catapult", "divergent", "unsettled"] as const;

export type Phase = (typeof PHASES)[number];

export const LAZY = 0;
export const CATAPULT = 1;
export const DIVERGENT = 2;
export const UNSETTLED = 3;
