/**
 * Small dense linear algebra on row-major Float64Arrays, for the few coordinates that the data
 * span. Nothing here hangs or throws on a non-finite entry; eigenvalues come back as NaN.
 */

const MAX_JACOBI_SWEEPS = 60;

/** Euclidean norm, scaled so that squares neither overflow nor vanish. */
export function norm(v: Float64Array): number {
  let largest = 0;
  for (let i = 0; i < v.length; i++) {
    const size = Math.abs(v[i]!);
    if (!(size <= largest)) largest = size;
    if (Number.isNaN(size)) return Number.NaN;
  }
  if (largest === 0 || largest === Number.POSITIVE_INFINITY) return largest;
  let sum = 0;
  for (let i = 0; i < v.length; i++) {
    const ratio = v[i]! / largest;
    sum += ratio * ratio;
  }
  return largest * Math.sqrt(sum);
}

/**
 * Folds one more row into the triangular factor of a tall matrix by Givens rotations:
 * RᵀR becomes RᵀR + rowᵀrow. R: size × size, upper triangular; `row` is used up.
 */
export function foldRow(R: Float64Array, size: number, row: Float64Array): void {
  for (let k = 0; k < size; k++) {
    const entry = row[k]!;
    if (entry === 0) continue;
    const diagonal = R[k * size + k]!;
    const length = Math.sqrt(diagonal * diagonal + entry * entry);
    if (length === 0) continue; // both squares vanished: nothing to rotate
    const cosine = diagonal / length;
    const sine = entry / length;
    for (let j = k; j < size; j++) {
      const upper = R[k * size + j]!;
      const lower = row[j]!;
      R[k * size + j] = cosine * upper + sine * lower;
      row[j] = cosine * lower - sine * upper;
    }
  }
}

/**
 * Cholesky factor of a semidefinite matrix, A = RᵀR with R upper triangular. A pivot that is lost
 * in rounding leaves a row of zeros. A, R: size × size.
 */
export function choleskyFactor(A: Float64Array, size: number): Float64Array {
  const R = new Float64Array(size * size);
  for (let k = 0; k < size; k++) {
    let pivot = A[k * size + k]!;
    for (let i = 0; i < k; i++) pivot -= R[i * size + k]! * R[i * size + k]!;
    if (!(pivot > 1e-15 * A[k * size + k]!)) continue;
    const diagonal = Math.sqrt(pivot);
    R[k * size + k] = diagonal;
    for (let j = k + 1; j < size; j++) {
      let entry = A[k * size + j]!;
      for (let i = 0; i < k; i++) entry -= R[i * size + k]! * R[i * size + j]!;
      R[k * size + j] = entry / diagonal;
    }
  }
  return R;
}

/** out = B A Bᵀ for symmetric A. A, B, out, scratch: size × size. */
export function congruence(
  B: Float64Array,
  A: Float64Array,
  size: number,
  out: Float64Array,
  scratch: Float64Array,
): void {
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < size; j++) {
      let sum = 0;
      for (let k = 0; k < size; k++) sum += B[i * size + k]! * A[k * size + j]!;
      scratch[i * size + j] = sum;
    }
  }
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let k = 0; k < size; k++) sum += scratch[i * size + k]! * B[j * size + k]!;
      out[i * size + j] = sum;
      out[j * size + i] = sum;
    }
  }
}

/** Largest eigenvalue of a symmetric matrix; A (size × size) is overwritten. 0 when size is 0. */
export function largestEigenvalue(A: Float64Array, size: number): number {
  let total = 0;
  for (let i = 0; i < size * size; i++) total += Math.abs(A[i]!);
  if (!Number.isFinite(total)) return Number.NaN;
  if (size === 0) return 0;
  if (size === 1) return A[0]!;
  if (size === 2) {
    const mean = 0.5 * (A[0]! + A[3]!);
    const half = 0.5 * (A[0]! - A[3]!);
    const scale = Math.max(Math.abs(half), Math.abs(A[1]!));
    if (scale === 0) return mean;
    const a = half / scale;
    const b = A[1]! / scale;
    return mean + scale * Math.sqrt(a * a + b * b);
  }
  rotateToDiagonal(A, size, total);
  let largest = A[0]!;
  for (let i = 1; i < size; i++) largest = Math.max(largest, A[i * size + i]!);
  return largest;
}

/** Cyclic Jacobi rotations (Golub & Van Loan, section 8.5) until the rest is lost in rounding. */
function rotateToDiagonal(A: Float64Array, size: number, total: number): void {
  for (let sweep = 0; sweep < MAX_JACOBI_SWEEPS; sweep++) {
    let offDiagonal = 0;
    for (let p = 0; p < size; p++) {
      for (let q = p + 1; q < size; q++) offDiagonal += Math.abs(A[p * size + q]!);
    }
    if (offDiagonal <= 1e-18 * total) return;
    for (let p = 0; p < size; p++) {
      for (let q = p + 1; q < size; q++) rotatePair(A, size, p, q);
    }
  }
}

/** Zeroes A_pq by the rotation whose tangent t solves t² + 2 t (A_qq − A_pp) / (2 A_pq) = 1. */
function rotatePair(A: Float64Array, size: number, p: number, q: number): void {
  const pivot = A[p * size + q]!;
  if (pivot === 0) return;
  const theta = (A[q * size + q]! - A[p * size + p]!) / (2 * pivot);
  const t = (theta < 0 ? -1 : 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
  const cosine = 1 / Math.sqrt(t * t + 1);
  const sine = t * cosine;
  A[p * size + p]! -= t * pivot;
  A[q * size + q]! += t * pivot;
  A[p * size + q] = 0;
  A[q * size + p] = 0;
  for (let i = 0; i < size; i++) {
    if (i === p || i === q) continue;
    const ip = A[i * size + p]!;
    const iq = A[i * size + q]!;
    const newP = cosine * ip - sine * iq;
    const newQ = sine * ip + cosine * iq;
    A[i * size + p] = newP;
    A[p * size + i] = newP;
    A[i * size + q] = newQ;
    A[q * size + i] = newQ;
  }
}
