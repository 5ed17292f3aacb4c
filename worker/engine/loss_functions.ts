import { exp, log1p } from "../../shared/elementary.ts";
import type { Loss } from "../../shared/losses.ts";

/**
 * One loss ℓ(y, f) for labels y = ±1. Values overflow to Infinity rather than being clipped: that
 * overflow is how a diverging run is seen.
 */
interface LossFunction {
  /** Σ ℓ(y_i, f_i); writes ∂ℓ/∂f at each sample into `slopes`. y, f, slopes: n. */
  sumWithSlopes(y: Float64Array, f: Float64Array, slopes: Float64Array): number;
  /** Writes ∂²ℓ/∂f² ≥ 0 at each sample into `curvatures`. y, f, curvatures: n. */
  curvatures(y: Float64Array, f: Float64Array, curvatures: Float64Array): void;
}

/** ℓ = exp(−yf). */
const exponential: LossFunction = {
  sumWithSlopes(y, f, slopes) {
    let sum = 0;
    for (let i = 0; i < y.length; i++) {
      const value = exp(-y[i]! * f[i]!);
      sum += value;
      slopes[i] = -y[i]! * value;
    }
    return sum;
  },
  curvatures(y, f, curvatures) {
    for (let i = 0; i < y.length; i++) curvatures[i] = exp(-y[i]! * f[i]!);
  },
};

/**
 * ℓ = log(1 + exp(−u)), u = yf. With t = exp(−|u|) ≤ 1 nothing overflows and no digit is lost:
 * ℓ = log1p(t) + max(−u, 0),  ∂ℓ/∂u = −t/(1 + t) for u ≥ 0, −1/(1 + t) for u < 0,
 * ∂²ℓ/∂u² = t/(1 + t)².
 */
const logistic: LossFunction = {
  sumWithSlopes(y, f, slopes) {
    let sum = 0;
    for (let i = 0; i < y.length; i++) {
      const u = y[i]! * f[i]!;
      const t = exp(-Math.abs(u));
      sum += log1p(t) + (u < 0 ? -u : 0);
      slopes[i] = (-y[i]! * (u < 0 ? 1 : t)) / (1 + t);
    }
    return sum;
  },
  curvatures(y, f, curvatures) {
    for (let i = 0; i < y.length; i++) {
      const t = exp(-Math.abs(y[i]! * f[i]!));
      curvatures[i] = t / ((1 + t) * (1 + t));
    }
  },
};

/** ℓ = (f − y)²/2. */
const squared: LossFunction = {
  sumWithSlopes(y, f, slopes) {
    let sum = 0;
    for (let i = 0; i < y.length; i++) {
      const residual = f[i]! - y[i]!;
      sum += 0.5 * residual * residual;
      slopes[i] = residual;
    }
    return sum;
  },
  curvatures(_y, _f, curvatures) {
    curvatures.fill(1);
  },
};

const LOSS_FUNCTIONS: Readonly<Record<Loss, LossFunction>> = { exponential, logistic, squared };

/** L(β) = (1/n) Σ ℓ(y_i, z_i·β), its gradient and its curvatures, on one data set. */
export class EmpiricalLoss {
  private readonly rank: number;
  private readonly Z: Float64Array; // n × r
  private readonly y: Float64Array; // n
  private readonly f: Float64Array; // n
  private readonly slopes: Float64Array; // n
  private readonly loss: LossFunction;

  /** Z: n × r, row-major; labels ±1: n */
  constructor(Z: Float64Array, labels: readonly number[], rank: number, loss: Loss) {
    this.rank = rank;
    this.Z = Z;
    this.y = Float64Array.from(labels);
    this.f = new Float64Array(labels.length);
    this.slopes = new Float64Array(labels.length);
    this.loss = LOSS_FUNCTIONS[loss];
  }

  /** Returns L(β) and writes g = (1/n) Σ ℓ'_i z_i. beta, g: r */
  evaluate(beta: Float64Array, g: Float64Array): number {
    const { rank, Z, y, f, slopes } = this;
    const samples = y.length;
    for (let i = 0; i < samples; i++) {
      let sum = 0;
      for (let j = 0; j < rank; j++) sum += Z[i * rank + j]! * beta[j]!;
      f[i] = sum;
    }
    const total = this.loss.sumWithSlopes(y, f, slopes);
    for (let j = 0; j < rank; j++) {
      let sum = 0;
      for (let i = 0; i < samples; i++) sum += slopes[i]! * Z[i * rank + j]!;
      g[j] = sum / samples;
    }
    return total / samples;
  }

  /** ℓ'' at each sample, for the β of the last `evaluate`. → n */
  curvatures(): Float64Array {
    const curvatures = new Float64Array(this.y.length);
    this.loss.curvatures(this.y, this.f, curvatures);
    return curvatures;
  }
}
