import { congruence, foldRow, largestEigenvalue } from "./symmetric.ts";

/**
 * Triangular factor of a weighted second moment of the data: RᵀR = (1/n) Σ w_i z_i z_iᵀ.
 *
 * Working with a factor instead of a square root of the matrix keeps the digits that forming the
 * matrix would lose. Z: n × r; weights ≥ 0: n, or null for ones; R: r × r, overwritten.
 */
export function momentFactor(
  Z: Float64Array,
  weights: Float64Array | null,
  samples: number,
  rank: number,
  R: Float64Array,
): void {
  const row = new Float64Array(rank);
  R.fill(0);
  for (let i = 0; i < samples; i++) {
    const scale = Math.sqrt((weights === null ? 1 : weights[i]!) / samples);
    for (let j = 0; j < rank; j++) row[j] = scale * Z[i * rank + j]!;
    foldRow(R, rank, row);
  }
}

/**
 * Largest eigenvalue of the neural tangent kernel, eq (6) of Huang et al. 2020.
 *
 *     Θ_ab = (1/(mn)) ((W1 x_a)·(W1 x_b) + |w2|² x_a·x_b) = (1/n) x_aᵀ (S + qI) x_b
 *
 * Its nonzero eigenvalues are those of R (S + qI) Rᵀ with RᵀR = C = XᵀX/n. For the linear
 * predictor S + qI = I, and they are those of R Rᵀ.
 */
export class TopNtk {
  private readonly rank: number;
  private readonly dataFactor: Float64Array;
  private readonly product: Float64Array;
  private readonly scratch: Float64Array;

  /** Z: n × r, the data in coordinates of their span. */
  constructor(Z: Float64Array, samples: number, rank: number) {
    this.rank = rank;
    this.dataFactor = new Float64Array(rank * rank);
    this.product = new Float64Array(rank * rank);
    this.scratch = new Float64Array(rank * rank);
    momentFactor(Z, null, samples, rank, this.dataFactor);
  }

  /** λ for a kernel S + qI (r × r), or NaN if an entry is not finite. */
  of(kernel: Float64Array): number {
    congruence(this.dataFactor, kernel, this.rank, this.product, this.scratch);
    return largestEigenvalue(this.product, this.rank);
  }
}
