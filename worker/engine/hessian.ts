import { momentFactor } from "./ntk.ts";
import { congruence, largestEigenvalue, norm } from "./symmetric.ts";

/** Far more turns than are needed; NaN cannot keep the loop going. */
const TURNS_MAX = 400;

/**
 * Largest eigenvalue of the Hessian of the loss L(θ) of f = m^{−1/2} w2·(W1 x), at any width m.
 *
 * The Hessian acts on m(d + 1) weights, but an eigenvector beyond the trivial ±|g|/√m is fixed by
 * its part in the data's span. Eliminating the rest leaves a secular problem in r dimensions:
 * with κ = m^{−1/2}, H_F = (1/n) Σ ℓ'' x xᵀ = BᵀB, v = κβ, ĝ = g/|g|, k = κ|g|, D = μ² − k²,
 *
 *     T(μ) = (μ/D) S + q [(1/μ)(I − ĝĝᵀ) + (μ/D) ĝĝᵀ] + (k/D)(ĝvᵀ + vĝᵀ),
 *
 * the largest eigenvalue h is the μ in (k, k + λ_max(B (S + qI) Bᵀ)] with λ_max(B T(μ) Bᵀ) = 1, or
 * k if there is none. λ_max falls with μ, so a bracketed search finds it.
 */
export class TopHessian {
  private readonly Z: Float64Array;
  private readonly samples: number;
  private readonly rank: number;
  private readonly B: Float64Array;
  private readonly T: Float64Array;
  private readonly product: Float64Array;
  private readonly scratch: Float64Array;
  private readonly direction: Float64Array;

  /** Z: n × r, the data in coordinates of their span. */
  constructor(Z: Float64Array, samples: number, rank: number) {
    this.Z = Z;
    this.samples = samples;
    this.rank = rank;
    this.B = new Float64Array(rank * rank);
    this.T = new Float64Array(rank * rank);
    this.product = new Float64Array(rank * rank);
    this.scratch = new Float64Array(rank * rank);
    this.direction = new Float64Array(rank);
  }

  /** h of a linear predictor: λ_max(H_F). curvatures ℓ'': n. NaN if one is not finite. */
  ofPredictor(curvatures: Float64Array): number {
    const { rank, T } = this;
    T.fill(0);
    for (let i = 0; i < rank; i++) T[i * rank + i] = 1;
    return this.curvatureEigenvalue(curvatures, T);
  }

  /**
   * h of a one-hidden-layer net, or NaN if an input is not finite.
   * curvatures ℓ'': n; S: r × r; beta, g: r
   */
  ofNet(
    curvatures: Float64Array,
    S: Float64Array,
    q: number,
    beta: Float64Array,
    g: Float64Array,
    inverseWidth: number,
  ): number {
    const { rank, T, direction } = this;
    const kappa = Math.sqrt(inverseWidth);
    const slope = norm(g);
    const k = kappa * slope;
    T.set(S);
    for (let i = 0; i < rank; i++) T[i * rank + i]! += q;
    const gaussNewton = this.curvatureEigenvalue(curvatures, T);
    if (!Number.isFinite(gaussNewton + k + norm(beta))) return Number.NaN;
    if (k === 0 || gaussNewton <= 0) return Math.max(k, gaussNewton);
    for (let j = 0; j < rank; j++) direction[j] = g[j]! / slope;
    if (rank === 1) {
      const along = this.B[0]! * this.B[0]! * kappa * beta[0]! * direction[0]!;
      return rankOneEigenvalue(gaussNewton, k, along);
    }

    // The root in δ = μ − k, where near k all the digits are. λ_max falls about like 1/δ, so
    // y = 1/λ_max − 1 is nearly linear and false position (Illinois) needs few turns; y(0) = −1.
    let low = 0;
    let yLow = -1;
    let side = 0;
    let high = gaussNewton;
    let yHigh = this.secularExcess(S, q, beta, kappa, k, high);
    if (!(yHigh >= 0)) return k + high;
    for (let i = 0; i < TURNS_MAX && high - low > 1e-16 * (k + low); i++) {
      // Every eighth turn halves, so that the bracket shrinks whatever the curve looks like.
      const guess = low - (yLow * (high - low)) / (yHigh - yLow);
      const inside = guess > low && guess < high;
      const delta = inside && i % 8 !== 7 ? guess : 0.5 * (low + high);
      if (delta === low || delta === high) break;
      const y = this.secularExcess(S, q, beta, kappa, k, delta);
      if (Math.abs(y) < 2 ** -52) return k + delta;
      if (y < 0) {
        low = delta;
        yLow = y;
        if (side < 0) yHigh *= 0.5; // the same end moved twice: pull the other one in
        side = -1;
      } else {
        high = delta;
        yHigh = y;
        if (side > 0) yLow *= 0.5;
        side = 1;
      }
    }
    return k + 0.5 * (low + high);
  }

  /** 1/λ_max(B T(k + δ) Bᵀ) − 1: negative below the root. */
  private secularExcess(
    S: Float64Array,
    q: number,
    beta: Float64Array,
    kappa: number,
    k: number,
    delta: number,
  ): number {
    this.setSecularMatrix(S, q, beta, kappa, k, delta);
    congruence(this.B, this.T, this.rank, this.product, this.scratch);
    return 1 / largestEigenvalue(this.product, this.rank) - 1;
  }

  /** Sets B with BᵀB = H_F, and returns λ_max(B A Bᵀ). */
  private curvatureEigenvalue(curvatures: Float64Array, A: Float64Array): number {
    momentFactor(this.Z, curvatures, this.samples, this.rank, this.B);
    congruence(this.B, A, this.rank, this.product, this.scratch);
    return largestEigenvalue(this.product, this.rank);
  }

  /** T(k + δ), with μ/D = μ/((δ + 2k) δ) so that no difference of squares is taken. */
  private setSecularMatrix(
    S: Float64Array,
    q: number,
    beta: Float64Array,
    kappa: number,
    k: number,
    delta: number,
  ): void {
    const { rank, T, direction } = this;
    const mu = k + delta;
    const ofKernel = mu / (delta + 2 * k) / delta; // μ/D
    const ofCross = k / (delta + 2 * k) / delta; // k/D
    const across = q / mu;
    const along = q * ofKernel - across;
    for (let i = 0; i < rank; i++) {
      for (let j = 0; j < rank; j++) {
        const cross = kappa * (direction[i]! * beta[j]! + beta[i]! * direction[j]!);
        T[i * rank + j] =
          ofKernel * S[i * rank + j]! + ofCross * cross + along * direction[i]! * direction[j]!;
      }
      T[i * rank + i]! += across;
    }
  }
}

/**
 * The same eigenvalue for data of rank one, in closed form:
 *
 *     h = ½ [H_F (S + q) + √(H_F² (S + q)² + 4 (g² + 2 H_F g β)/m)]
 *
 * with gaussNewton = H_F (S + q), k = |g|/√m, along = H_F β sign(g)/√m. Scaled against overflow.
 */
function rankOneEigenvalue(gaussNewton: number, k: number, along: number): number {
  const scale = Math.max(gaussNewton, k);
  const a = gaussNewton / scale;
  const c = (k / scale) * ((k + 2 * along) / scale);
  return scale * 0.5 * (a + Math.sqrt(Math.max(0, a * a + 4 * c)));
}
