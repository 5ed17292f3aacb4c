import type { NetLayout } from "./reference_net.ts";
import { rowSpan } from "./span.ts";
import { choleskyFactor } from "./symmetric.ts";

/** Explicit weights of a network, as people write them down. */
export interface NetWeights {
  /** W_1 (m × d), then m × m each. */
  readonly W: readonly (readonly (readonly number[])[])[];
  readonly w: readonly number[]; // m, or d without hidden layers
  /** One bias vector (m) a hidden layer, and b_out; null in a network without biases. */
  readonly biases: {
    readonly b: readonly (readonly number[])[];
    readonly b_out: number;
  } | null;
}

/** θ in the order of reference_net.ts. → P */
export function flattenWeights({ W, w, biases }: NetWeights): Float64Array {
  const parts = W.flatMap((matrix, l) => [matrix.flat(), biases?.b[l] ?? []]);
  return Float64Array.from([...parts, w, biases === null ? [] : [biases.b_out]].flat());
}
