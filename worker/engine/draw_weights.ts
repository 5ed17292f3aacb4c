import { fillNormals } from "../../shared/random.ts";
import type { Shape } from "../../shared/shape_group.ts";
import {
  HIDDEN_BIASES,
  HIDDEN_WEIGHTS,
  INPUT_WEIGHTS,
  OUTPUT_BIAS,
  OUTPUT_WEIGHTS,
  PREDICTOR_WEIGHTS,
} from "./initial_state.ts";

/** The weights of one network, matrices row by row. */
export interface Weights {
  /** W_1 (m × d), then W_2 … W_H (m × m each); none for a linear predictor. */
  readonly W: readonly Float64Array[];
  /** m, or d without hidden layers */
  readonly w: Float64Array;
  /** b_1 … b_H (m each) and b_out; null in a network without biases. */
  readonly biases: { readonly b: readonly Float64Array[]; readonly b_out: number } | null;
}

/**
 * The initial weights of a seed, at the addresses where the gram engine draws those that it has:
 * entries N(0, σ_w²), biases N(0, σ_b²). `inputs` is d. @throws RangeError for a bad seed
 */
export function drawWeights(shape: Shape, inputs: number, seed: number): Weights {
  const { hidden_layers: H, weight_variance, bias_variance, initial_weights } = shape;
  const width = H === 0 ? 0 : (shape.width as number);
  const normals = (tensor: number, length: number, variance: number) => {
    const out = new Float64Array(length);
    fillNormals(seed, width, tensor, 0, out);
    const deviation = Math.sqrt(variance);
    for (let i = 0; i < length; i++) out[i]! *= deviation;
    return out;
  };
  const W = Array.from({ length: H }, (_, l) =>
    l === 0
      ? normals(INPUT_WEIGHTS, width * inputs, weight_variance)
      : normals(HIDDEN_WEIGHTS + l + 1, width * width, weight_variance),
  );
  const output = H === 0 ? PREDICTOR_WEIGHTS : OUTPUT_WEIGHTS;
  const w =
    initial_weights === null
      ? normals(output, H === 0 ? inputs : width, weight_variance)
      : Float64Array.from(initial_weights);
  if (bias_variance === undefined) return { W, w, biases: null };
  const b = W.map((_, l) => normals(HIDDEN_BIASES + l + 1, width, bias_variance));
  return { W, w, biases: { b, b_out: normals(OUTPUT_BIAS, 1, bias_variance)[0]! } };
}

/** |θ|² */
export function squaredNorm({ W, w, biases }: Weights): number {
  let sum = 0;
  for (const part of [...W, w, ...(biases?.b ?? []), [biases?.b_out ?? 0]]) {
    for (let i = 0; i < part.length; i++) sum += part[i]! * part[i]!;
  }
  return sum;
}
