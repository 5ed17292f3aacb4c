import type { Tensor, Tfjs } from "./tfjs.ts";

// The WebAssembly backend packs the right factor of a product and keeps that for the tensor's data,
// whatever shape they are read in next. So data that serve as a right factor in one shape must not do
// so in another, and where tfjs would share them between two shapes a copy is made.

/** A tensor with data of its own. */
export function ownData(tf: Tfjs, tensor: Tensor): Tensor {
  return tf.mul(tensor, 1);
}

/** The transposed matrix, with data of its own: a transposed vector is the same data otherwise. */
export function transposedCopy(tf: Tfjs, matrix: Tensor): Tensor {
  const transposed = tf.transpose(matrix);
  if (!matrix.shape.includes(1)) return transposed;
  const own = ownData(tf, transposed);
  transposed.dispose();
  return own;
}
