import type { PlannedGroup } from "../../../shared/plan.ts";

/** The largest eigenvalues of NTK and Hessian where a run starts, λ0 and h(0). */
export interface StartMeasures {
  readonly ntk: number;
  readonly hessian: number;
}

/** What an engine can compute of the starts of a shape group without training its cells. */
export interface GroupStarts {
  /** 0 for the linear predictor. */
  readonly hidden_layers: number;
  /** Normal draws that one start takes. */
  readonly draws: number;
  /** Rank of the data. */
  readonly rank: number;
  measure(seed: number): StartMeasures;
  /**
   * η0_gf, the smallest η with η·h = 2 on the gradient flow at time ηT (numerics section 3); null where
   * there is none. Undefined where the group does not train by plain gradient descent for T steps.
   */
  readonly curvatureBoundary?: (seed: number) => number | null;
}

/** Engines belong to workers, so whoever asks for an analysis brings this along. */
export interface StartEngine {
  /** Null where no engine at hand holds the group: deep nets, biases, data that are not there. */
  open(group: PlannedGroup): GroupStarts | null;
}
