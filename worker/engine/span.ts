import { norm } from "./symmetric.ts";

/** The row span of the data: x_i = V z_i, with the columns of V orthonormal. */
export interface Span {
  /** Rank r of the data. */
  readonly rank: number;
  /** Input dimension d. */
  readonly dimension: number;
  /** V, row-major. d × r */
  readonly basis: Float64Array;
  /** Z = X V, row-major. n × r */
  readonly coordinates: Float64Array;
}

/** A row whose part outside the span so far is below this fraction of the largest row adds none. */
const RANK_TOLERANCE = 1e-12;

/**
 * The span of the rows of X (n × d). Gradients never leave it, so training needs no other
 * coordinates. Wherever coordinate axes can serve as the basis they do, and then Z is made of
 * entries of X without rounding. Directions past `rank_max` are not looked for.
 */
export function rowSpan(
  X: readonly ArrayLike<number>[],
  rank_max = Number.POSITIVE_INFINITY,
): Span {
  const dimension = X[0]?.length ?? 0;
  const orthonormal = orthonormalRows(X, dimension, rank_max);
  const rank = orthonormal.length;
  const used: number[] = [];
  for (let j = 0; j < dimension; j++) if (X.some((row) => row[j] !== 0)) used.push(j);

  const basis = new Float64Array(dimension * rank);
  for (let k = 0; k < rank; k++) {
    if (rank === dimension) basis[k * rank + k] = 1;
    else if (rank === used.length) basis[used[k]! * rank + k] = 1;
    else for (let j = 0; j < dimension; j++) basis[j * rank + k] = orthonormal[k]![j]!;
  }

  const coordinates = new Float64Array(X.length * rank);
  for (let i = 0; i < X.length; i++) {
    projectOnto(basis, dimension, rank, X[i]!, coordinates.subarray(i * rank, (i + 1) * rank));
  }
  return { rank, dimension, basis, coordinates };
}

/** out = Vᵀ x. basis: d × r; x: d; out: r (or longer) */
export function projectOnto(
  basis: Float64Array,
  dimension: number,
  rank: number,
  x: ArrayLike<number>,
  out: Float64Array,
): void {
  for (let k = 0; k < rank; k++) {
    let sum = 0;
    for (let j = 0; j < dimension; j++) sum += basis[j * rank + k]! * x[j]!;
    out[k] = sum;
  }
}

/** Gram–Schmidt on the rows, largest remainder first, each remainder cleaned at every turn. */
function orthonormalRows(
  X: readonly ArrayLike<number>[],
  dimension: number,
  rank_max: number,
): readonly Float64Array[] {
  const remainders = X.map((row) => Float64Array.from(row));
  const found: Float64Array[] = [];
  let threshold = 0;
  while (found.length < Math.min(X.length, dimension, rank_max)) {
    let best = remainders[0]!;
    for (const remainder of remainders) if (norm(remainder) > norm(best)) best = remainder;
    const direction = best.slice();
    // "Twice is enough" (Kahan, Parlett): the second pass removes what rounding left behind.
    for (const earlier of found) subtractProjection(direction, earlier);
    const size = norm(direction);
    if (found.length === 0) threshold = RANK_TOLERANCE * size;
    if (!(size > threshold)) return found;
    for (let j = 0; j < dimension; j++) direction[j]! /= size;
    found.push(direction);
    for (const remainder of remainders) subtractProjection(remainder, direction);
  }
  return found;
}

function subtractProjection(v: Float64Array, unit: Float64Array): void {
  let along = 0;
  for (let j = 0; j < v.length; j++) along += v[j]! * unit[j]!;
  for (let j = 0; j < v.length; j++) v[j]! -= along * unit[j]!;
}
