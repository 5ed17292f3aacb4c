import type { Dataset } from "./datasets.ts";
import type { Loss } from "./losses.ts";

/** Quantities that cost extra and are taken only when a sweep asks for them. */
export const MEASURES = ["ntk", "hessian"] as const;

export type Measure = (typeof MEASURES)[number];

/**
 * Everything that determines a cell's numbers except its seed and its learning rate. All cells of
 * a shape group run the same code on arrays of the same shape, so a batch never mixes groups.
 */
export interface Shape {
  readonly dataset: Dataset;
  /** 0 for the linear predictor f = w·x, 1 for f = m^{−1/2} w2·(W1 x). */
  readonly hidden_layers: 0 | 1;
  /** Hidden width m; null for the linear predictor, which has none. */
  readonly width: number | null;
  /** Variance σ_w² of every initial weight. */
  readonly weight_variance: number;
  readonly loss: Loss;
  /** Horizon T in gradient descent steps. */
  readonly steps: number;
  readonly measure: readonly Measure[];
}
