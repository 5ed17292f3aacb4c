import type { Dataset } from "../../shared/datasets.ts";
import type { Loss } from "../../shared/losses.ts";
import { PHASES } from "../../shared/phases.ts";
import { MEASURES, type Measure } from "../../shared/shape_group.ts";
import type { Trace } from "./gram.ts";
import { largestEigenvalueOf } from "./lanczos.ts";
import { PhaseTracker } from "./phase_tracker.ts";
import { PLAIN_LOSSES, type PlainLoss } from "./reference_losses.ts";
import { type NetLayout, ReferenceNet } from "./reference_net.ts";
import { largestEigenvalue } from "./symmetric.ts";

/** Up to so many parameters the Hessian is formed; beyond, only multiplied with. */
const DENSE_HESSIAN_MAX = 48;

/** One run of a network with explicit weights. */
export interface ReferenceRequest {
  readonly dataset: Dataset;
  readonly layout: NetLayout;
  readonly loss: Loss;
  readonly steps: number;
  readonly learning_rate: number;
  /** η of the hidden layers and of w and b_out at step t; without it both are `learning_rate`. */
  readonly ratesAt?: (t: number) => readonly [number, number];
  /** θ at the start, laid out as reference_net.ts says. P */
  readonly parameters: Float64Array;
  /** Steps t ≤ T at which the state is wanted. */
  readonly snapshot_steps: readonly number[];
  /** Whether it is wanted at min(T, diverged_at) too, as the last snapshot. */
  readonly snapshot_end?: boolean;
  /** Eigenvalues to take of a snapshot, both unless told; the others are NaN. */
  readonly measure?: readonly Measure[];
}

/** The state before a step. */
interface ReferenceSnapshot {
  readonly step: number;
  readonly loss: number;
  /** Largest eigenvalue of the NTK; NaN when it is not finite. */
  readonly ntk: number;
  /** Largest eigenvalue of the Hessian of L; NaN when it is not finite. */
  readonly hessian: number;
  /** Share of the test samples on the right side of f = 0; NaN without any. */
  readonly testAccuracy: number;
  /** f at every sample. n */
  readonly outputs: readonly number[];
  /** θ. P */
  readonly parameters: readonly number[];
}

/** As `Trace` of the gram engine, with explicit weights in its snapshots. */
export interface ReferenceTrace extends Omit<Trace, "snapshots"> {
  readonly snapshots: readonly ReferenceSnapshot[];
}

/** L(θ) = (1/n) Σ ℓ(y_i, f(x_i; θ)) of one data set, and everything that is measured of it. */
export class ReferenceModel {
  readonly net: ReferenceNet;
  private readonly X: readonly Float64Array[];
  private readonly y: readonly number[];
  private readonly loss: PlainLoss;
  private readonly test: { readonly X: readonly Float64Array[]; readonly y: readonly number[] };

  constructor(dataset: Dataset, layout: NetLayout, loss: Loss) {
    this.net = new ReferenceNet(layout);
    this.X = dataset.X.map((row) => Float64Array.from(row));
    this.y = dataset.y;
    this.loss = PLAIN_LOSSES[loss];
    const { X, y } = dataset.test ?? { X: [], y: [] };
    this.test = { X: X.map((row) => Float64Array.from(row)), y };
  }

  testAccuracy(theta: Float64Array): number {
    const { X, y } = this.test;
    const right = X.filter((x, i) => this.net.output(theta, x) * y[i]! > 0);
    return right.length / X.length;
  }

  /** f at every sample. → n */
  outputs(theta: Float64Array): number[] {
    return this.X.map((x) => this.net.output(theta, x));
  }

  lossAt(outputs: readonly number[]): number {
    let sum = 0;
    for (const [i, f] of outputs.entries()) sum += this.loss.value(this.y[i]!, f);
    return sum / this.y.length;
  }

  /** ∂L/∂θ = (1/n) Σ ℓ'_i ∂f_i/∂θ. → P */
  gradient(theta: Float64Array, outputs: readonly number[]): Float64Array {
    const total = new Float64Array(theta.length);
    const ofOutput = new Float64Array(theta.length);
    for (const [i, x] of this.X.entries()) {
      const slope = this.loss.slope(this.y[i]!, outputs[i]!);
      this.net.gradient(theta, x, ofOutput);
      for (let p = 0; p < total.length; p++) total[p]! += slope * ofOutput[p]!;
    }
    for (let p = 0; p < total.length; p++) total[p]! /= this.y.length;
    return total;
  }

  /** Largest eigenvalue of the NTK Θ_ab = (1/n) ∂f_a/∂θ · ∂f_b/∂θ, from the whole Jacobian. */
  ntk(theta: Float64Array): number {
    const n = this.y.length;
    const jacobian = this.X.map((x) => {
      const row = new Float64Array(theta.length);
      this.net.gradient(theta, x, row);
      return row;
    });
    const kernel = new Float64Array(n * n);
    for (let a = 0; a < n; a++) {
      for (let b = 0; b < n; b++) {
        let sum = 0;
        for (let p = 0; p < theta.length; p++) sum += jacobian[a]![p]! * jacobian[b]![p]!;
        kernel[a * n + b] = sum / n;
      }
    }
    return finiteOrNaN(largestEigenvalue(kernel, n));
  }

  /** ∂²L/∂θ² v = (1/n) Σ ℓ''_i (v·∂f_i/∂θ) ∂f_i/∂θ + ℓ'_i (∂²f_i/∂θ²) v. v: P → P */
  hessianProduct(theta: Float64Array, outputs: readonly number[], v: Float64Array): Float64Array {
    const total = new Float64Array(theta.length);
    const ofOutput = new Float64Array(theta.length);
    const second = new Float64Array(theta.length);
    for (const [i, x] of this.X.entries()) {
      const along = this.net.hessianProduct(theta, x, v, second);
      this.net.gradient(theta, x, ofOutput);
      const slope = this.loss.slope(this.y[i]!, outputs[i]!);
      const curvature = this.loss.curvature(this.y[i]!, outputs[i]!);
      for (let p = 0; p < total.length; p++) {
        total[p]! += curvature * along * ofOutput[p]! + slope * second[p]!;
      }
    }
    for (let p = 0; p < total.length; p++) total[p]! /= this.y.length;
    return total;
  }

  /** Largest eigenvalue of ∂²L/∂θ²: of the exact matrix if it is small, else by Lanczos. */
  hessian(theta: Float64Array, outputs: readonly number[]): number {
    const size = theta.length;
    if (size > DENSE_HESSIAN_MAX) {
      const multiply = (v: Float64Array, out: Float64Array) =>
        out.set(this.hessianProduct(theta, outputs, v));
      return finiteOrNaN(largestEigenvalueOf(multiply, size));
    }
    const matrix = new Float64Array(size * size);
    for (let p = 0; p < size; p++) {
      const unit = new Float64Array(size);
      unit[p] = 1;
      matrix.set(this.hessianProduct(theta, outputs, unit), p * size);
    }
    return finiteOrNaN(largestEigenvalue(matrix, size));
  }
}

/**
 * Trains one network weight by weight, θ ← θ − η ∂L/∂θ, and judges it as every engine does. Plain
 * float64 and obvious loops: O(nP) a step, and the oracle for engines that are faster.
 * Errors: RangeError when θ does not have as many numbers as the layout needs.
 */
export function traceReference(request: ReferenceRequest): ReferenceTrace {
  const { dataset, layout, steps, learning_rate } = request;
  const measure = request.measure ?? MEASURES;
  const ratesAt = request.ratesAt ?? (() => [learning_rate, learning_rate] as const);
  const model = new ReferenceModel(dataset, layout, request.loss);
  const theta = request.parameters.slice();
  if (theta.length !== model.net.parameters) {
    throw new RangeError(`The network has ${model.net.parameters} weights, not ${theta.length}.`);
  }
  const tracker = new PhaseTracker(steps);
  const wanted = new Set(request.snapshot_steps);
  const losses: number[] = [];
  const snapshots: ReferenceSnapshot[] = [];
  tracker.start();
  for (let t = 0; ; t++) {
    const outputs = model.outputs(theta);
    const loss = model.lossAt(outputs);
    const gradient = model.gradient(theta, outputs);
    const goesOn = tracker.observe(
      t,
      loss,
      squaredSize(theta, layout),
      gradient.every(Number.isFinite),
    );
    if (t <= steps) {
      losses.push(loss);
      const isEnd = t === steps || !goesOn;
      if (wanted.has(t) || (isEnd && request.snapshot_end === true)) {
        snapshots.push({
          step: t,
          loss,
          ntk: measure.includes("ntk") ? model.ntk(theta) : Number.NaN,
          hessian: measure.includes("hessian") ? model.hessian(theta, outputs) : Number.NaN,
          testAccuracy: model.testAccuracy(theta),
          outputs,
          parameters: Array.from(theta),
        });
      }
    }
    if (!goesOn) break;
    const [hidden, output] = ratesAt(t);
    for (let p = 0; p < theta.length; p++) {
      theta[p]! -= (p < model.net.outputStart ? hidden : output) * gradient[p]!;
    }
  }
  return {
    losses,
    snapshots,
    phase: PHASES[tracker.phase]!,
    horizon_steps: tracker.horizonSteps,
    diverged_at: tracker.divergedAt < 0 ? null : tracker.divergedAt,
    increases: tracker.increases,
    last_increase_step: tracker.lastIncreaseStep < 0 ? null : tracker.lastIncreaseStep,
  };
}

/** |w|² of a linear predictor, |θ|²/m of a network (which is tr S + q for one hidden layer). */
function squaredSize(theta: Float64Array, { layers, width }: NetLayout): number {
  let sum = 0;
  for (let p = 0; p < theta.length; p++) sum += theta[p]! * theta[p]!;
  return layers === 0 ? sum : sum / width;
}

function finiteOrNaN(value: number): number {
  return Number.isFinite(value) ? value : Number.NaN;
}
