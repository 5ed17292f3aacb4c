import type { Loss } from "../../../shared/losses.ts";
import type { Backend } from "../../../shared/numeric_class.ts";
import type { Tensor, Tfjs } from "../dense/tfjs.ts";

/** ℓ of margins u = y f, and the pull −∂ℓ/∂u: both from one exponential where they can. */
export type MarginLoss = (u: Tensor) => { readonly value: Tensor; readonly pull: Tensor };

/** Odd powers of s in log(1 + e) = 2 artanh s, s = e/(2 + e) ≤ 1/3: what is left is below 1e−9. */
const ARTANH_TERMS = 8;

/** A loss of margins. Overflow goes to Infinity and is never clipped: it is how runs diverge. */
export function marginLoss(tf: Tfjs, backend: Backend, loss: Loss): MarginLoss {
  switch (loss) {
    case "exponential":
      return (u) => {
        const e = tf.exp(tf.neg(u));
        return { value: e, pull: e };
      };
    case "squared":
      return (u) => {
        const pull = tf.sub(1, u);
        return { value: tf.mul(0.5, tf.square(pull)), pull };
      };
    case "logistic": {
      const log1p = backend === "webgpu" ? log1pBySeries(tf) : tf.log1p;
      return (u) => {
        // With e = exp(−|u|) ≤ 1 nothing overflows: ℓ = log(1 + e) + max(0, −u), and the pull is
        // e/(1 + e) for u ≥ 0 and 1/(1 + e) for u < 0.
        const size = tf.abs(u);
        const e = tf.exp(tf.neg(size));
        const wrong = tf.relu(tf.neg(u));
        const top = tf.exp(tf.sub(wrong, size));
        return { value: tf.add(log1p(e), wrong), pull: tf.div(top, tf.add(e, 1)) };
      };
    }
  }
}

/** log(1 + e) for 0 ≤ e ≤ 1: on WebGPU tfjs takes the logarithm of the rounded sum. */
function log1pBySeries(tf: Tfjs): (e: Tensor) => Tensor {
  return (e) => {
    const s = tf.div(e, tf.add(e, 2));
    const square = tf.square(s);
    let series: Tensor = tf.mul(square, 1 / (2 * ARTANH_TERMS - 1));
    for (let k = ARTANH_TERMS - 2; k >= 1; k--) {
      series = tf.mul(square, tf.add(series, 1 / (2 * k + 1)));
    }
    return tf.mul(tf.add(series, 1), tf.mul(s, 2));
  };
}
