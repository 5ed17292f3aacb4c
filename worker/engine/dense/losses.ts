import type { Loss } from "../../../shared/losses.ts";
import type { Tensor, Tfjs } from "./tfjs.ts";

/** ℓ and its derivatives in f, elementwise; y and f broadcast (1 × n, B × n). */
export interface TensorLoss {
  value(y: Tensor, f: Tensor): Tensor;
  slope(y: Tensor, f: Tensor): Tensor;
  curvature(y: Tensor, f: Tensor): Tensor;
}

/** The losses as tensors. Overflow goes to Infinity and is never clipped: it is how runs diverge. */
export function tensorLoss(tf: Tfjs, loss: Loss): TensorLoss {
  switch (loss) {
    case "exponential": {
      const value = (y: Tensor, f: Tensor) => tf.exp(tf.neg(tf.mul(y, f)));
      return { value, slope: (y, f) => tf.neg(tf.mul(y, value(y, f))), curvature: value };
    }
    case "logistic": {
      // t = exp(−|yf|) ≤ 1: nothing overflows, and no digit is lost where the loss vanishes.
      const small = (u: Tensor) => tf.exp(tf.neg(tf.abs(u)));
      return {
        value(y, f) {
          const u = tf.mul(y, f);
          return tf.add(tf.log1p(small(u)), tf.relu(tf.neg(u)));
        },
        slope(y, f) {
          const u = tf.mul(y, f);
          const t = small(u);
          // −y/(1 + e^u) = −y t/(1 + t) for u ≥ 0, −y/(1 + t) for u < 0
          const top = tf.where(tf.less(u, 0), tf.onesLike(t), t);
          return tf.neg(tf.mul(y, tf.div(top, tf.add(t, 1))));
        },
        curvature(y, f) {
          const t = small(tf.mul(y, f));
          return tf.div(t, tf.square(tf.add(t, 1)));
        },
      };
    }
    case "squared":
      return {
        value: (y, f) => tf.mul(0.5, tf.square(tf.sub(f, y))),
        slope: (y, f) => tf.sub(f, y),
        curvature: (_y, f) => tf.onesLike(f),
      };
  }
}
