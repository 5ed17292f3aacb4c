import { largestEigenvalue, norm } from "./symmetric.ts";

/** Ritz values this near to each other, relative, three times in a row count as converged. */
const CONVERGED = 1e-14;
const TIMES_IN_A_ROW = 3;
const MAX_STEPS = 400;

/**
 * Largest (not largest in size) eigenvalue of a symmetric operator by Lanczos iteration with full
 * reorthogonalisation (Golub & Van Loan, section 10.1), from a start vector that has no reason to
 * be orthogonal to the eigenvector. NaN if a product is not finite; 0 for dimension 0.
 *
 * multiply(v, out) writes A v. v, out: dimension
 */
export function largestEigenvalueOf(
  multiply: (v: Float64Array, out: Float64Array) => void,
  dimension: number,
): number {
  let v = startVector(dimension);
  const basis: Float64Array[] = [];
  const diagonal: number[] = [];
  const offDiagonal: number[] = [];
  let ritz = Number.NEGATIVE_INFINITY;
  let stable = 0;
  for (let step = 0; step < Math.min(dimension, MAX_STEPS); step++) {
    const next = new Float64Array(dimension);
    multiply(v, next);
    basis.push(v);
    diagonal.push(dot(v, next));
    for (let pass = 0; pass < 2; pass++) {
      for (const earlier of basis) {
        const along = dot(earlier, next);
        for (let i = 0; i < dimension; i++) next[i]! -= along * earlier[i]!;
      }
    }
    const before = ritz;
    ritz = tridiagonalLargest(diagonal, offDiagonal);
    const length = norm(next);
    if (Number.isNaN(ritz) || Number.isNaN(length)) return Number.NaN;
    const size = Math.max(...diagonal.map(Math.abs), ...offDiagonal);
    if (length <= 1e-14 * size || size === 0) return ritz; // an invariant subspace
    stable = Math.abs(ritz - before) <= CONVERGED * size ? stable + 1 : 0;
    if (stable >= TIMES_IN_A_ROW) return ritz;
    offDiagonal.push(length);
    for (let i = 0; i < dimension; i++) next[i]! /= length;
    v = next;
  }
  return dimension === 0 ? 0 : ritz;
}

/** A unit vector without pattern: fractional parts of multiples of the golden ratio, less ½. */
function startVector(dimension: number): Float64Array {
  const v = new Float64Array(dimension);
  for (let i = 0; i < dimension; i++) v[i] = (((i + 1) * 0.6180339887498949) % 1) - 0.5;
  const length = norm(v);
  for (let i = 0; i < dimension; i++) v[i]! /= length;
  return v;
}

function tridiagonalLargest(diagonal: readonly number[], offDiagonal: readonly number[]): number {
  const size = diagonal.length;
  const T = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    T[i * size + i] = diagonal[i]!;
    if (i + 1 < size) {
      T[i * size + i + 1] = offDiagonal[i]!;
      T[(i + 1) * size + i] = offDiagonal[i]!;
    }
  }
  return largestEigenvalue(T, size);
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
