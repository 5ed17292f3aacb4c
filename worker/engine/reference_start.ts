import { initialState } from "./initial_state.ts";
import { rowSpan, type Span } from "./span.ts";

/** Explicit weights of a network, as people write them down. */
export interface NetWeights {
  /** W_1 (m × d), then m × m each; none for a linear predictor. */
  readonly W: readonly (readonly (readonly number[])[])[];
  /** m, or d without hidden layers */
  readonly w: readonly number[];
  /** One bias vector (m) a hidden layer, and b_out; null in a network without biases. */
  readonly biases: {
    readonly b: readonly (readonly number[])[];
    readonly b_out: number;
  } | null;
}

/** θ in the order of reference_net.ts. → P */
export function flattenWeights({ W, w, biases }: NetWeights): Float64Array {
  const parts = W.flatMap((matrix, l) => [matrix.flat(), biases?.b[l] ?? []]);
  return Float64Array.from([...parts, w, biases === null ? [] : [biases.b_out]].flat());
}

/**
 * Weights of a width-m net with given S = W1ᵀW1/m, β = m^{−1/2} W1ᵀw2 and q = |w2|²/m in the span of
 * the data: with S = UᵀU and β = Uᵀρ, W1 = √m [U Vᵀ; 0] and w2 = [ρ; √m s; 0] where
 * s² = q − |ρ|²/m. Null where m explicit units cannot have them: m ≤ r, or s² < 0 beyond rounding.
 * X: n × d; S: d × d; beta: d
 */
export function realizeReduced(
  X: readonly ArrayLike<number>[],
  width: number,
  reduced: {
    readonly S: readonly (readonly number[])[];
    readonly beta: readonly number[];
    readonly q: number;
  },
): NetWeights | null {
  const span = rowSpan(X);
  const { rank } = span;
  if (width <= rank) return null;
  const state = initialState(span, width, { kind: "reduced", ...reduced });
  const rho = state.subarray(rank * rank, rank * rank + rank);
  const s = state[state.length - 1]!;
  let q = s * s;
  for (const value of rho) q += (value * value) / width;
  if (Math.abs(q - reduced.q) > 1e-12 * reduced.q) return null;

  return weightsOfState(span, width, state);
}

/**
 * Weights of a width-m net in a given state (U, ρ, 0, s) of initial_state.ts: W1 = √m [U Vᵀ; 0] and
 * w2 = [ρ; √m s; 0]. Needs m > r.
 */
export function weightsOfState(
  { rank, dimension, basis }: Span,
  width: number,
  state: Float64Array,
): NetWeights {
  const rho = state.subarray(rank * rank, rank * rank + rank);
  const s = state[state.length - 1]!;
  const rootWidth = Math.sqrt(width);
  const W1: number[][] = [];
  const w2: number[] = [];
  for (let i = 0; i < width; i++) {
    const row = new Array<number>(dimension).fill(0);
    for (let j = 0; j < dimension && i < rank; j++) {
      for (let k = 0; k < rank; k++) {
        row[j]! += rootWidth * state[i * rank + k]! * basis[j * rank + k]!;
      }
    }
    W1.push(row);
    w2.push(i < rank ? rho[i]! : i === rank ? rootWidth * s : 0);
  }
  return { W: [W1], w: w2, biases: null };
}
