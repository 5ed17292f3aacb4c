import type { Loss } from "./losses.ts";

/**
 * The functions φ of the proofs of Theorems 1 and 2 (Huang et al. 2020, appendix, Figures 5 and 6),
 * for degenerate data {(1, +1), (1, −1)}. A step from output x raises the loss exactly where φ > 0.
 *
 * With s(x) = ∂L/∂f = sinh x (exponential), ½ sinh x/(1 + cosh x) (logistic) or x (squared):
 *
 *     linear predictor:    φ(x)   = η s(x) − 2x
 *     one hidden layer:    φ_λ(x) = η λ s(x) − (η²/m) x s(x)² − 2x
 *
 * (The paper writes the logistic case with sinh x/(1 + cosh x) and λ, which is its s without the
 * mean over the two samples; ours is the gradient that training uses.)
 */
export interface PhiCurve {
  readonly loss: Loss;
  readonly learning_rate: number;
  /** λ, the eigenvalue of the NTK; 1 for the linear predictor. */
  readonly ntk: number;
  /** 1/m; 0 for the linear predictor. */
  readonly inverse_width: number;
}

/** ∂L/∂f and its derivative at output x. */
function slopes(loss: Loss, x: number): [number, number] {
  if (loss === "exponential") return [Math.sinh(x), Math.cosh(x)];
  if (loss === "squared") return [x, 1];
  // ½ sinh x/(1 + cosh x) = ½ tanh(x/2), which does not overflow.
  const t = Math.tanh(x / 2);
  return [0.5 * t, 0.25 * (1 - t * t)];
}

/** φ(x) and φ'(x). */
export function phi({ loss, learning_rate: eta, ntk, inverse_width }: PhiCurve, x: number) {
  const [s, ds] = slopes(loss, x);
  const thin = eta * eta * inverse_width;
  return {
    phi: eta * ntk * s - thin * x * s * s - 2 * x,
    derivative: eta * ntk * ds - thin * (s * s + 2 * x * s * ds) - 2,
  };
}
