import { drawChiSquared, fillNormals } from "../../shared/random.ts";
import { projectOnto, type Span } from "./span.ts";
import { choleskyFactor, foldRow } from "./symmetric.ts";

/**
 * Initial states of the width-free recurrence.
 *
 * With A = [W1 V, w2] = Q R, gradient descent on the width-m net acts on R alone. In a scaling that
 * keeps its limit at 1/m = 0 the state is (U, ρ, σ, s), laid out as one Float64Array of
 * r² + 2r + 1 numbers [U row by row, ρ, σ, s]:
 *
 *     S = W1ᵀW1/m = UᵀU + σσᵀ/m      β = m^{−1/2} W1ᵀw2 = Uᵀρ + sσ      q = |w2|²/m = s² + |ρ|²/m
 */

/** Tensor numbers in a draw's address (shared/random.ts). Part of every cell's identity. */
export const PREDICTOR_WEIGHTS = 0;
export const INPUT_WEIGHTS = 1;
export const OUTPUT_WEIGHTS = 2;
const INFINITE_WIDTH_WEIGHTS = 3;
const BARTLETT_NORMALS = 4;
/** And one more for each further unit, up to the rank of the data. */
const BARTLETT_CHI_SQUARED = 5;
/** W_l of a deeper net, l = 2 … H, is this plus l; b_l, l = 1 … H, likewise. */
export const HIDDEN_WEIGHTS = 0x100;
export const HIDDEN_BIASES = 0x200;
export const OUTPUT_BIAS = 0x300;

/**
 * Up to this width every weight is drawn, as the explicit net would draw it; above it the triangle
 * R is drawn itself (Bartlett's decomposition), which costs the same at every width. Part of every
 * cell's identity.
 */
export const DRAWN_WIDTH_MAX = 16_384;

/** Stands for m = ∞ in the address of a draw. */
const INFINITE_WIDTH_ADDRESS = Number.MAX_SAFE_INTEGER;

/** Rows of W1 drawn at a time, so that a wide net is never stored. */
const CHUNK = 64;

export function stateLength(rank: number): number {
  return rank * rank + 2 * rank + 1;
}

/** Where a run starts. Vectors and matrices are given in the d coordinates of the data. */
export type Initial =
  | { readonly kind: "drawn"; readonly seed: number; readonly weight_variance: number }
  | {
      readonly kind: "weights";
      readonly W1: readonly (readonly number[])[]; // m × d
      readonly w2: readonly number[]; // m
    }
  | {
      readonly kind: "reduced";
      readonly S: readonly (readonly number[])[]; // d × d
      readonly beta: readonly number[]; // d
      readonly q: number;
    }
  | { readonly kind: "predictor"; readonly w: readonly number[] }; // d

/**
 * The state that a run starts from: of a net of the given width (Infinity is the NTK limit), or of a linear predictor where the width is null.
 * Errors: RangeError for a start that does not fit the width, or a seed that is no safe integer.
 */
export function initialState(span: Span, width: number | null, initial: Initial): Float64Array {
  if (width === null) {
    if (initial.kind === "predictor") return explicitPredictorState(span, initial.w);
    if (initial.kind === "drawn") {
      return drawnPredictorState(span, initial.weight_variance, initial.seed);
    }
  } else {
    if (initial.kind === "reduced") {
      return reducedNetState(span, 1 / width, initial.S, initial.beta, initial.q);
    }
    if (initial.kind === "weights" && initial.w2.length === width) {
      return explicitNetState(span, initial.W1, initial.w2);
    }
    if (initial.kind === "drawn") {
      const { weight_variance, seed } = initial;
      if (width === Number.POSITIVE_INFINITY) return infiniteNetState(span, weight_variance, seed);
      return width <= DRAWN_WIDTH_MAX
        ? drawnNetState(span, width, weight_variance, seed)
        : bartlettNetState(span, width, weight_variance, seed);
    }
  }
  throw new RangeError(`A start of kind "${initial.kind}" does not fit width ${width}.`);
}

/** Splits R = [[R11, r12], [0, r22]] into U = R11/√m, ρ = r12, σ = 0, s = r22/√m. */
function stateFromTriangle(R: Float64Array, rank: number, width: number): Float64Array {
  const size = rank + 1;
  const rootWidth = Math.sqrt(width);
  const state = new Float64Array(stateLength(rank));
  for (let i = 0; i < rank; i++) {
    for (let j = 0; j < rank; j++) state[i * rank + j] = R[i * size + j]! / rootWidth;
    state[rank * rank + i] = R[i * size + rank]!;
  }
  state[state.length - 1] = R[rank * size + rank]! / rootWidth;
  return state;
}

/**
 * The state of a net whose weights are i.i.d. N(0, weightVariance), drawn for (seed, width) and
 * folded row by row into R. Errors: RangeError for a seed that is no non-negative safe integer.
 */
function drawnNetState(
  span: Span,
  width: number,
  weightVariance: number,
  seed: number,
): Float64Array {
  const { rank, dimension, basis } = span;
  const deviation = Math.sqrt(weightVariance);
  const R = new Float64Array((rank + 1) * (rank + 1));
  const row = new Float64Array(rank + 1);
  for (let first = 0; first < width; first += CHUNK) {
    const rows = Math.min(CHUNK, width - first);
    const W1 = new Float64Array(rows * dimension);
    const w2 = new Float64Array(rows);
    fillNormals(seed, width, INPUT_WEIGHTS, first * dimension, W1);
    fillNormals(seed, width, OUTPUT_WEIGHTS, first, w2);
    for (let i = 0; i < W1.length; i++) W1[i]! *= deviation;
    for (let i = 0; i < rows; i++) {
      const weights = W1.subarray(i * dimension, (i + 1) * dimension);
      projectOnto(basis, dimension, rank, weights, row);
      row[rank] = w2[i]! * deviation;
      foldRow(R, rank + 1, row);
    }
  }
  return stateFromTriangle(R, rank, width);
}

/**
 * The state of the same net at any width, in law: A/σ has i.i.d. standard normal entries, so
 * AᵀA/σ² is Wishart and its Cholesky factor L has L_ii = √χ²_{m−i} and standard normal entries
 * below the diagonal (Bartlett 1933); R = σ Lᵀ. Errors: RangeError for a bad seed.
 */
function bartlettNetState(
  span: Span,
  width: number,
  weightVariance: number,
  seed: number,
): Float64Array {
  const size = span.rank + 1;
  const deviation = Math.sqrt(weightVariance);
  const normals = new Float64Array((size * (size - 1)) / 2);
  fillNormals(seed, width, BARTLETT_NORMALS, 0, normals);
  const R = new Float64Array(size * size);
  let drawn = 0;
  for (let i = 0; i < size; i++) {
    const squared = drawChiSquared(seed, width, BARTLETT_CHI_SQUARED + i, width - i);
    R[i * size + i] = deviation * Math.sqrt(squared);
    for (let j = 0; j < i; j++) R[j * size + i] = deviation * normals[drawn++]!;
  }
  return stateFromTriangle(R, span.rank, width);
}

/** The state at m = ∞: S = σ²I, q = σ², β ~ N(0, σ⁴ I); U = σI, s = σ, ρ ~ N(0, σ² I), σ-vector 0. */
function infiniteNetState(span: Span, weightVariance: number, seed: number): Float64Array {
  const { rank } = span;
  const deviation = Math.sqrt(weightVariance);
  const state = new Float64Array(stateLength(rank));
  const rho = new Float64Array(rank);
  fillNormals(seed, INFINITE_WIDTH_ADDRESS, INFINITE_WIDTH_WEIGHTS, 0, rho);
  for (let j = 0; j < rank; j++) {
    state[j * rank + j] = deviation;
    state[rank * rank + j] = deviation * rho[j]!;
  }
  state[state.length - 1] = deviation;
  return state;
}

/** The state of a net with given weights. W1: m × d, w2: m */
function explicitNetState(
  span: Span,
  W1: readonly (readonly number[])[],
  w2: readonly number[],
): Float64Array {
  const { rank, dimension, basis } = span;
  const R = new Float64Array((rank + 1) * (rank + 1));
  const row = new Float64Array(rank + 1);
  for (let i = 0; i < w2.length; i++) {
    projectOnto(basis, dimension, rank, W1[i]!, row);
    row[rank] = w2[i]!;
    foldRow(R, rank + 1, row);
  }
  return stateFromTriangle(R, rank, w2.length);
}

/**
 * A state with given S, β and q: UᵀU = S by Cholesky, Uᵀρ = β, s = √max(0, q − |ρ|²/m).
 * A β outside the range of a singular S is cut to that range. S: d × d, beta: d
 */
function reducedNetState(
  span: Span,
  inverseWidth: number,
  S: readonly (readonly number[])[],
  beta: readonly number[],
  q: number,
): Float64Array {
  const { rank, dimension, basis } = span;
  const halfway = S.map((row) => {
    const projected = new Float64Array(rank);
    projectOnto(basis, dimension, rank, row, projected); // one row of S V
    return projected;
  });
  const inSpan = new Float64Array(rank * rank); // VᵀSV
  for (let j = 0; j < rank; j++) {
    const column = halfway.map((row) => row[j]!);
    const projected = new Float64Array(rank);
    projectOnto(basis, dimension, rank, column, projected);
    for (let i = 0; i < rank; i++) inSpan[i * rank + j] = projected[i]!;
  }
  const rho = new Float64Array(rank);
  projectOnto(basis, dimension, rank, beta, rho);

  const U = choleskyFactor(inSpan, rank);
  let squaredRho = 0;
  for (let k = 0; k < rank; k++) {
    const pivot = U[k * rank + k]!;
    for (let i = 0; i < k; i++) rho[k]! -= U[i * rank + k]! * rho[i]!;
    rho[k] = pivot === 0 ? 0 : rho[k]! / pivot;
    squaredRho += rho[k]! * rho[k]!;
  }
  const state = new Float64Array(stateLength(rank));
  state.set(U, 0);
  state.set(rho, rank * rank);
  state[state.length - 1] = Math.sqrt(Math.max(0, q - squaredRho * inverseWidth));
  return state;
}

/** Vᵀw of a linear predictor with w ~ N(0, weightVariance I) drawn for the seed. → r */
function drawnPredictorState(span: Span, weightVariance: number, seed: number): Float64Array {
  const w = new Float64Array(span.dimension);
  fillNormals(seed, 0, PREDICTOR_WEIGHTS, 0, w);
  const deviation = Math.sqrt(weightVariance);
  for (let j = 0; j < w.length; j++) w[j]! *= deviation;
  return explicitPredictorState(span, w);
}

/** Vᵀw of a linear predictor with given weights. w: d → r */
function explicitPredictorState(span: Span, w: ArrayLike<number>): Float64Array {
  const state = new Float64Array(span.rank);
  projectOnto(span.basis, span.dimension, span.rank, w, state);
  return state;
}
