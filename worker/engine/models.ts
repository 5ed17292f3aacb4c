import type { Dataset } from "../../shared/datasets.ts";
import type { Loss } from "../../shared/losses.ts";
import { TopHessian } from "./hessian.ts";
import { stateLength } from "./initial_state.ts";
import { EmpiricalLoss } from "./loss_functions.ts";
import { TopNtk } from "./ntk.ts";
import type { Span } from "./span.ts";
import { norm } from "./symmetric.ts";

/**
 * What can be measured at a state that the kernel has reached. One object serves one run after
 * another; all is in coordinates of the data's span (r numbers), and `evaluate` must follow `load`.
 */
export interface Model {
  readonly beta: Float64Array;
  load(state: Float64Array): void;
  /** Computes f, ∂L/∂f and g = (1/n) Σ ℓ'_i z_i, and returns the loss L. */
  evaluate(): number;
  /** |∂L/∂θ| */
  gradientNorm(): number;
  /** tr S + q = |θ|²/m over the weights that the data see; |w|² of a predictor. */
  squaredSize(): number;
  /** Share of the test samples on the right side of f = 0; NaN without any. */
  testAccuracy(): number;
  ntk(): number;
  hessian(): number;
  /** S row by row (r × r) and q; null for the linear predictor, which has neither. */
  kernel(): { S: Float64Array; q: number } | null;
}

/** What both models have: the loss as a function of β, and the measures taken on demand. */
class Fit {
  readonly rank: number;
  readonly beta: Float64Array; // r
  readonly g: Float64Array; // r
  readonly empirical: EmpiricalLoss;
  readonly topNtk: TopNtk;
  readonly topHessian: TopHessian;
  private readonly testCoordinates: Float64Array; // n_test × r
  private readonly testLabels: readonly number[]; // n_test

  constructor(dataset: Dataset, loss: Loss, span: Span) {
    const { rank } = span;
    const coordinates = trainingCoordinates(dataset, span);
    const samples = dataset.y.length;
    this.testCoordinates = span.coordinates.subarray(samples * rank);
    this.testLabels = dataset.test?.y ?? [];
    this.rank = rank;
    this.beta = new Float64Array(rank);
    this.g = new Float64Array(rank);
    this.empirical = new EmpiricalLoss(coordinates, dataset.y, rank, loss);
    this.topNtk = new TopNtk(coordinates, samples, rank);
    this.topHessian = new TopHessian(coordinates, samples, rank);
  }

  testAccuracy(): number {
    let right = 0;
    for (const [i, label] of this.testLabels.entries()) {
      let output = 0;
      for (let j = 0; j < this.rank; j++) {
        output += this.testCoordinates[i * this.rank + j]! * this.beta[j]!;
      }
      if (output * label > 0) right++;
    }
    return right / this.testLabels.length;
  }
}

/** The linear predictor f = w·x; its state is β = w. */
class LinearPredictor extends Fit implements Model {
  load(state: Float64Array): void {
    this.beta.set(state);
  }

  evaluate(): number {
    return this.empirical.evaluate(this.beta, this.g);
  }

  gradientNorm(): number {
    return norm(this.g);
  }

  squaredSize(): number {
    return norm(this.beta) ** 2;
  }

  ntk(): number {
    const identity = new Float64Array(this.rank * this.rank);
    for (let j = 0; j < this.rank; j++) identity[j * this.rank + j] = 1;
    return this.topNtk.of(identity);
  }

  hessian(): number {
    return this.topHessian.ofPredictor(this.empirical.curvatures());
  }

  kernel(): null {
    return null;
  }
}

/**
 * The one-hidden-layer net f = m^{−1/2} w2·(W1 x), NTK parametrisation (Huang et al. 2020, eq 3),
 * at a state (U, ρ, σ, s) of initial_state.ts.
 */
class OneHiddenNet extends Fit implements Model {
  private readonly state: Float64Array; // U, ρ, σ, s: r² + 2r + 1
  private readonly inverseWidth: number;
  private known: { S: Float64Array; q: number } | undefined;

  constructor(dataset: Dataset, loss: Loss, span: Span, width: number) {
    super(dataset, loss, span);
    this.state = new Float64Array(stateLength(span.rank));
    this.inverseWidth = 1 / width;
  }

  load(state: Float64Array): void {
    this.state.set(state);
    this.known = undefined;
  }

  evaluate(): number {
    const { rank, state, beta } = this;
    const rho = rank * rank;
    const sigma = rho + rank;
    const s = state[sigma + rank]!;
    for (let j = 0; j < rank; j++) {
      let sum = 0;
      for (let k = 0; k < rank; k++) sum += state[k * rank + j]! * state[rho + k]!;
      beta[j] = sum + s * state[sigma + j]!; // β = Uᵀρ + sσ
    }
    return this.empirical.evaluate(this.beta, this.g);
  }

  squaredSize(): number {
    const { S, q } = this.kernel();
    let trace = q;
    for (let j = 0; j < this.rank; j++) trace += S[j * this.rank + j]!;
    return trace;
  }

  /** √(q |g|² + gᵀSg): ∂L/∂W1 = m^{−1/2} w2 gᵀ and ∂L/∂w2 = m^{−1/2} W1 g. */
  gradientNorm(): number {
    const { rank, g } = this;
    const { S, q } = this.kernel();
    const size = norm(g);
    if (size === 0) return 0;
    let along = q;
    for (let i = 0; i < rank; i++) {
      for (let j = 0; j < rank; j++) along += (g[i]! / size) * S[i * rank + j]! * (g[j]! / size);
    }
    return size * Math.sqrt(along);
  }

  ntk(): number {
    const { S, q } = this.kernel();
    const sum = S.slice(); // S + qI
    for (let i = 0; i < this.rank; i++) sum[i * this.rank + i]! += q;
    return this.topNtk.of(sum);
  }

  hessian(): number {
    const { S, q } = this.kernel();
    return this.topHessian.ofNet(
      this.empirical.curvatures(),
      S,
      q,
      this.beta,
      this.g,
      this.inverseWidth,
    );
  }

  kernel(): { S: Float64Array; q: number } {
    this.known ??= this.computeKernel();
    return this.known;
  }

  private computeKernel(): { S: Float64Array; q: number } {
    const { rank, state, inverseWidth } = this;
    const rho = rank * rank;
    const sigma = rho + rank;
    const s = state[sigma + rank]!;
    const S = new Float64Array(rank * rank);
    let q = 0;
    for (let i = 0; i < rank; i++) {
      for (let j = 0; j < rank; j++) {
        let sum = inverseWidth * state[sigma + i]! * state[sigma + j]!;
        for (let k = 0; k < rank; k++) sum += state[k * rank + i]! * state[k * rank + j]!;
        S[i * rank + j] = sum;
      }
      q += state[rho + i]! * state[rho + i]!;
    }
    return { S, q: s * s + inverseWidth * q };
  }
}

/** The measures of a shape's states; width null is the linear predictor. */
export function createModel(dataset: Dataset, loss: Loss, span: Span, width: number | null): Model {
  return width === null
    ? new LinearPredictor(dataset, loss, span)
    : new OneHiddenNet(dataset, loss, span, width);
}

/** The training rows of a data set in coordinates of its span: n × r. */
export function trainingCoordinates(dataset: Dataset, span: Span): Float64Array {
  return span.coordinates.subarray(0, dataset.y.length * span.rank);
}
