import { largestEigenvalue } from "../symmetric.ts";
import type { Tensor, Tfjs } from "./tfjs.ts";

const STEPS_MAX = 120;
/** Steps between two looks at the Ritz values; each look waits for the device. */
const CHECK_EVERY = 6;
/** Ritz values this near to each other at two looks in a row count as converged. */
const CONVERGED = 3e-7;
/** A next vector this short beside the coefficients is rounding: the space is used up. */
const EXHAUSTED = 2e-6;

/**
 * Largest eigenvalue of one symmetric operator a lane, by Lanczos iteration with full
 * reorthogonalisation, all lanes together (Golub & Van Loan, section 10.1; worker/engine/lanczos.ts
 * does one in float64). At least 0, as the operators here have large null spaces; NaN where a product
 * is not finite.
 *
 * multiply: B × D → B × D; mask: 1 × D, 0 where coordinates are padding
 */
export async function largestEigenvalues(
  tf: Tfjs,
  lanes: number,
  mask: Tensor,
  multiply: (v: Tensor) => Tensor,
): Promise<Float64Array> {
  const size = mask.shape[1]!;
  let v = tf.tidy(() => tf.tile(startVector(tf, mask, size), [lanes, 1])); // B × D
  let basis = tf.expandDims(v, 1); // B × k × D
  let largest: Tensor = tf.zeros([lanes, 1]);
  const pairs: Tensor[] = []; // [α, β] of each step, B × 2
  const coefficients: Float32Array[] = [];
  let values: Float64Array = new Float64Array(lanes);
  try {
    for (let step = 0; step < Math.min(size, STEPS_MAX); step++) {
      const next = tf.tidy(() => {
        let w = multiply(v);
        const alpha = tf.sum(tf.mul(v, w), 1, true);
        for (let pass = 0; pass < 2; pass++) {
          const along = tf.matMul(basis, tf.expandDims(w, 2)); // B × k × 1
          const asRow = tf.reshape(along, [lanes, 1, -1]);
          w = tf.sub(w, tf.squeeze(tf.matMul(asRow, basis), [1]));
        }
        const length = tf.sqrt(tf.sum(tf.square(w), 1, true));
        const scale = tf.maximum(largest, tf.maximum(tf.abs(alpha), length));
        const alive = tf.cast(tf.greater(length, tf.mul(scale, EXHAUSTED)), "float32");
        const beta = tf.mul(length, alive);
        const unit = tf.mul(w, tf.div(alive, tf.maximum(length, 1e-37)));
        return {
          v: unit,
          basis: tf.concat([basis, tf.expandDims(unit, 1)], 1),
          scale,
          pair: tf.concat([alpha, beta], 1),
        };
      });
      tf.dispose([v, basis, largest]);
      ({ v, basis } = next);
      largest = next.scale;
      pairs.push(next.pair);
      const last = step + 1 === Math.min(size, STEPS_MAX);
      if (pairs.length < CHECK_EVERY && !last) continue;
      const stacked = tf.stack(pairs); // steps × B × 2
      const read = (await stacked.data()) as Float32Array;
      tf.dispose([stacked, ...pairs]);
      pairs.length = 0;
      coefficients.push(read.slice());
      const before = values;
      values = ritzValues(coefficients, lanes);
      if (values.every((value, lane) => !(Math.abs(value - before[lane]!) > CONVERGED * value))) {
        break;
      }
    }
  } finally {
    tf.dispose([v, basis, largest, ...pairs]);
  }
  return values;
}

/** A unit vector without pattern: fractional parts of multiples of the golden ratio, less ½. */
function startVector(tf: Tfjs, mask: Tensor, size: number): Tensor {
  const values = Float32Array.from(
    { length: size },
    (_, i) => (((i + 1) * 0.6180339887498949) % 1) - 0.5,
  );
  const v = tf.mul(tf.tensor2d(values, [1, size]), mask);
  return tf.div(v, tf.norm(v));
}

/** The largest eigenvalue of every lane's tridiagonal matrix, in float64. */
function ritzValues(coefficients: readonly Float32Array[], lanes: number): Float64Array {
  const values = new Float64Array(lanes);
  for (let lane = 0; lane < lanes; lane++) {
    const alpha: number[] = [];
    const beta: number[] = [];
    for (const read of coefficients) {
      for (let at = 2 * lane; at < read.length; at += 2 * lanes) {
        alpha.push(read[at]!);
        beta.push(read[at + 1]!);
      }
    }
    const used = beta.indexOf(0);
    const size = used < 0 ? alpha.length : used + 1;
    const T = new Float64Array(size * size);
    for (let i = 0; i < size; i++) {
      T[i * size + i] = alpha[i]!;
      if (i + 1 < size) {
        T[i * size + i + 1] = beta[i]!;
        T[(i + 1) * size + i] = beta[i]!;
      }
    }
    values[lane] = Math.max(0, largestEigenvalue(T, size));
  }
  return values;
}
