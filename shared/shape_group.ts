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
  readonly width: number | "infinite" | null;
  /** Variance σ_w² of every initial weight that is drawn. */
  readonly weight_variance: number;
  /** Where a linear predictor starts, d numbers; null: its weights are drawn. */
  readonly initial_weights: readonly number[] | null;
  readonly loss: Loss;
  /** Learning rate of the output layer w2: a multiple of η, or a rate of its own. */
  readonly output_learning_rate: { readonly ratio: number } | { readonly fixed: number };
  /** Horizon T in gradient descent steps. */
  readonly steps: number;
  /** One drop of the learning rates of both layers before step `at`; null: they are constant. */
  readonly drop: LearningRateDrop | null;
  readonly measure: readonly Measure[];
  /** Steps between recorded points of each run's trajectory; null: none is recorded. */
  readonly trajectory_every: number | null;
}

/** Recorded points of a run that reaches step T: t = 0, every, 2·every, … ≤ T. */
export function trajectoryPoints({ steps, trajectory_every }: Shape): number {
  return trajectory_every === null ? 0 : Math.floor(steps / trajectory_every) + 1;
}

/** From step `at` on, learning rates are `factor` times what they were, or all equal to `to`. */
export type LearningRateDrop =
  | { readonly at: number; readonly factor: number }
  | { readonly at: number; readonly to: number };

/** The width as a number, Infinity for the infinite-width limit; null for the linear predictor. */
export function numericWidth({ width }: Pick<Shape, "width">): number | null {
  return width === "infinite" ? Number.POSITIVE_INFINITY : width;
}
