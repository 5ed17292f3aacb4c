import type { Dataset, PlannedDataset } from "./datasets.ts";
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
  /**
   * H: 0 for the linear predictor f = w·x, 1 for f = m^{−1/2} w2·(W1 x), and beyond
   * z_1 = s_in W_1 x + b_1, z_{l+1} = m^{−1/2} W_{l+1} z_l + b_{l+1}, f = m^{−1/2} w·z_H + b_out.
   */
  readonly hidden_layers: number;
  /** Hidden width m; null for the linear predictor, which has none. */
  readonly width: number | "infinite" | null;
  /** Variance σ_w² of every initial weight that is drawn. */
  readonly weight_variance: number;
  /** Variance σ_b² of every initial bias; missing: there are no biases. */
  readonly bias_variance?: number;
  /** s_in, missing where it is 1. Keys that are missing leave the identities of old shapes alone. */
  readonly input_scale?: number;
  /** Where a linear predictor starts, d numbers; null: its weights are drawn. */
  readonly initial_weights: readonly number[] | null;
  readonly loss: Loss;
  /** Learning rate of the output layer (w, b_out): a multiple of η, or a rate of its own. */
  readonly output_learning_rate: { readonly ratio: number } | { readonly fixed: number };
  /** Horizon T in gradient descent steps, or what each cell's own T follows from (schedule.ts). */
  readonly steps: number | PhysicalTime;
  /** One drop of the learning rates of all layers before step `at`; null: they are constant. */
  readonly drop: LearningRateDrop | null;
  readonly measure: readonly Measure[];
  /** Steps between recorded points of each run's trajectory; null: none is recorded. */
  readonly trajectory_every: number | null;
  /** Set where a sweep wants the dense engine for what the gram engine could train. */
  readonly engine?: "dense";
}

/**
 * A training time t = ηT instead of a number of steps, as in Figure 4 of Huang et al. 2020: a cell
 * makes max(1, round(t/η)) steps, and then `extra_steps` more, after the drop if there is one.
 */
export interface PhysicalTime {
  readonly physical_time: number;
  readonly extra_steps: number;
}

/** A shape as it stands in a plan: its data set may be a reference. */
export interface PlannedShape extends Omit<Shape, "dataset"> {
  readonly dataset: PlannedDataset;
}

/** Recorded points of a run that reaches step T: t = 0, every, 2·every, … ≤ T. */
export function trajectoryPoints({ steps, trajectory_every }: PlannedShape): number {
  if (trajectory_every === null || typeof steps !== "number") return 0;
  return Math.floor(steps / trajectory_every) + 1;
}

/**
 * From step `at` on, learning rates are `factor` times what they were, or all equal to `to`. At
 * "physical_time" it comes when that is over, before the extra steps.
 */
export type LearningRateDrop = { readonly at: number | "physical_time" } & (
  | { readonly factor: number }
  | { readonly to: number }
);

/** The width as a number, Infinity for the infinite-width limit; null for the linear predictor. */
export function numericWidth({ width }: Pick<Shape, "width">): number | null {
  return width === "infinite" ? Number.POSITIVE_INFINITY : width;
}
