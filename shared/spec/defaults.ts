/** What a sweep file gets that says nothing: the readers take it from here, and the reference too. */

/** Horizon T, in gradient descent steps. */
export const STEPS_DEFAULT = 100;
/** Variance σ_w² of the initial weights. */
export const WEIGHT_VARIANCE_DEFAULT = 1;
/** Coverage of the intervals of medians. */
export const CONFIDENCE_DEFAULT = 0.95;
/** Cells to which a sweep with a tolerance may grow, or those it begins with, if they are more. */
export const CELLS_MAX_DEFAULT = 10_000_000;
