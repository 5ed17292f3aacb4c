import type { Dataset } from "../../shared/datasets.ts";
import type { Loss } from "../../shared/losses.ts";
import { PHASES, type Phase } from "../../shared/phases.ts";
import { allocateResultColumns, type ResultColumns } from "../../shared/result_columns.ts";
import type { Shape } from "../../shared/shape_group.ts";
import type { Batch, Engine } from "./engine.ts";
import { TopHessian } from "./hessian.ts";
import { type Initial, initialState, stateLength } from "./initial_state.ts";
import { EmpiricalLoss } from "./loss_functions.ts";
import { TopNtk } from "./ntk.ts";
import { PhaseTracker } from "./phase_tracker.ts";
import { rowSpan, type Span } from "./span.ts";
import { norm } from "./symmetric.ts";

/** Largest rank of the data that the engine takes: a step costs O(r² + nr), a measure O(r³). */
const MAX_RANK = 64;

/**
 * A model under gradient descent θ ← θ − η ∂L/∂θ, reused for one run after another. All is in
 * coordinates of the data's span (r numbers), and `evaluate` must follow every `load` and `step`.
 */
interface Model {
  readonly beta: Float64Array;
  /** Squared size of the state: tr S + q, or |w|². */
  squaredSize: number;
  load(state: Float64Array): void;
  /** Computes f, ∂L/∂f and g = (1/n) Σ ℓ'_i z_i, and returns the loss L. */
  evaluate(): number;
  gradientIsFinite(): boolean;
  step(learningRate: number): void;
  /** |∂L/∂θ| */
  gradientNorm(): number;
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

  constructor(dataset: Dataset, loss: Loss, span: Span) {
    const { coordinates, rank } = span;
    const samples = dataset.y.length;
    this.rank = rank;
    this.beta = new Float64Array(rank);
    this.g = new Float64Array(rank);
    this.empirical = new EmpiricalLoss(coordinates, dataset.y, rank, loss);
    this.topNtk = new TopNtk(coordinates, samples, rank);
    this.topHessian = new TopHessian(coordinates, samples, rank);
  }

  gradientIsFinite(): boolean {
    let zero = 0;
    for (let j = 0; j < this.rank; j++) zero += this.g[j]! * 0;
    return zero === 0;
  }
}

/** The linear predictor f = w·x; its state is β = w. */
class LinearPredictor extends Fit implements Model {
  squaredSize = 0;

  load(state: Float64Array): void {
    this.beta.set(state);
  }

  evaluate(): number {
    let size = 0;
    for (let j = 0; j < this.rank; j++) size += this.beta[j]! * this.beta[j]!;
    this.squaredSize = size;
    return this.empirical.evaluate(this.beta, this.g);
  }

  step(learningRate: number): void {
    for (let j = 0; j < this.rank; j++) this.beta[j]! -= learningRate * this.g[j]!;
  }

  gradientNorm(): number {
    return norm(this.g);
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
 * by its exact width-free recurrence. With the state (U, ρ, σ, s) of initial_state.ts a step is
 *
 *     U' = U − (η/m) ρ gᵀ     ρ' = ρ − η U g     σ' = σ − η s g     s' = s − (η/m) σ·g
 *
 * and the width enters as the number 1/m alone, so a step costs O(r² + nr) at every width.
 */
class OneHiddenNet extends Fit implements Model {
  squaredSize = 0;
  private readonly state: Float64Array; // U, ρ, σ, s: r² + 2r + 1
  private readonly inverseWidth: number;

  constructor(dataset: Dataset, loss: Loss, span: Span, width: number) {
    super(dataset, loss, span);
    this.state = new Float64Array(stateLength(span.rank));
    this.inverseWidth = 1 / width;
  }

  load(state: Float64Array): void {
    this.state.set(state);
  }

  evaluate(): number {
    const { rank, state, beta, inverseWidth } = this;
    const rho = rank * rank;
    const sigma = rho + rank;
    const s = state[sigma + rank]!;
    let inputSize = 0; // |U|²
    let narrowSize = 0; // |ρ|² + |σ|², of weight 1/m
    for (let j = 0; j < rank; j++) {
      let sum = 0;
      for (let k = 0; k < rank; k++) {
        const u = state[k * rank + j]!;
        inputSize += u * u;
        sum += u * state[rho + k]!;
      }
      const a = state[rho + j]!;
      const b = state[sigma + j]!;
      narrowSize += a * a + b * b;
      beta[j] = sum + s * b; // β = Uᵀρ + sσ
    }
    this.squaredSize = inputSize + s * s + inverseWidth * narrowSize;
    return this.empirical.evaluate(this.beta, this.g);
  }

  step(learningRate: number): void {
    const { rank, state, g } = this;
    const rho = rank * rank;
    const sigma = rho + rank;
    const s = state[sigma + rank]!;
    const narrowRate = learningRate * this.inverseWidth;
    let alongSigma = 0;
    for (let k = 0; k < rank; k++) {
      const change = narrowRate * state[rho + k]!;
      let along = 0; // (U g)_k
      for (let j = 0; j < rank; j++) {
        const u = state[k * rank + j]!;
        along += u * g[j]!;
        state[k * rank + j] = u - change * g[j]!;
      }
      state[rho + k]! -= learningRate * along;
      alongSigma += state[sigma + k]! * g[k]!;
      state[sigma + k]! -= learningRate * s * g[k]!;
    }
    state[sigma + rank] = s - narrowRate * alongSigma;
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
    for (let i = 0; i < this.rank; i++) S[i * this.rank + i]! += q;
    return this.topNtk.of(S);
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

function createModel(dataset: Dataset, loss: Loss, span: Span, width: number | null): Model {
  return width === null
    ? new LinearPredictor(dataset, loss, span)
    : new OneHiddenNet(dataset, loss, span, width);
}

/**
 * Trains the loaded model until the tracker has decided. `visit` sees every state with
 * t ≤ min(T, diverged_at); `isLast` marks the state at that step, which the results describe.
 */
function train(
  model: Model,
  tracker: PhaseTracker,
  steps: number,
  learningRate: number,
  visit: (t: number, loss: number, isLast: boolean) => void,
): void {
  tracker.start();
  for (let t = 0; ; t++) {
    const loss = model.evaluate();
    const goesOn = tracker.observe(t, loss, model.squaredSize, model.gradientIsFinite());
    if (t <= steps) visit(t, loss, t === steps || !goesOn);
    if (!goesOn) return;
    model.step(learningRate);
  }
}

/** The one NaN that results carry, whichever sign and payload the arithmetic gave. */
function canonical(value: number): number {
  return Number.isNaN(value) ? Number.NaN : value;
}

/** A measured value; anything that is not finite counts as not measurable. */
function finiteOrNaN(value: number): number {
  return Number.isFinite(value) ? value : Number.NaN;
}

function run(batch: Batch): ResultColumns {
  const { shape, seeds, learning_rates } = batch;
  if (!supports(shape)) throw new RangeError("The gram engine does not support this shape.");
  const span = rowSpan(shape.dataset.X);
  const model = createModel(shape.dataset, shape.loss, span, shape.width);
  const tracker = new PhaseTracker(shape.steps);
  const columns = allocateResultColumns(seeds.length);
  const wantsNtk = shape.measure.includes("ntk");
  const wantsHessian = shape.measure.includes("hessian");

  let cell = 0;
  const visit = (_t: number, _loss: number, isLast: boolean): void => {
    if (!isLast) return;
    columns.gradient_norm[cell] = canonical(model.gradientNorm());
    if (wantsNtk) columns.ntk_final[cell] = finiteOrNaN(model.ntk());
    if (wantsHessian) columns.hessian_final[cell] = finiteOrNaN(model.hessian());
  };

  // Cells of one seed are neighbours and start from the same state.
  let initial: Float64Array = new Float64Array(0);
  let ntkInitial = Number.NaN;
  let hessianInitial = Number.NaN;
  for (; cell < seeds.length; cell++) {
    const seed = seeds[cell]!;
    if (cell === 0 || seed !== seeds[cell - 1]) {
      const weight_variance = shape.weight_variance;
      initial = initialState(span, shape.width, { kind: "drawn", seed, weight_variance });
      model.load(initial);
      model.evaluate();
      if (wantsNtk) ntkInitial = finiteOrNaN(model.ntk());
      if (wantsHessian) hessianInitial = finiteOrNaN(model.hessian());
    }
    model.load(initial);
    train(model, tracker, shape.steps, learning_rates[cell]!, visit);
    columns.ntk_initial[cell] = ntkInitial;
    columns.hessian_initial[cell] = hessianInitial;
    columns.phase[cell] = tracker.phase;
    columns.horizon_steps[cell] = tracker.horizonSteps;
    columns.loss_initial[cell] = canonical(tracker.lossInitial);
    columns.loss_final[cell] = canonical(tracker.lossFinal);
    columns.loss_max[cell] = canonical(tracker.lossMax);
    columns.loss_max_step[cell] = tracker.lossMaxStep;
    columns.increases[cell] = tracker.increases;
    columns.last_increase_step[cell] = tracker.lastIncreaseStep;
    columns.diverged_at[cell] = tracker.divergedAt;
  }
  return columns;
}

function supports(shape: Shape): boolean {
  const { rank } = rowSpan(shape.dataset.X);
  return rank >= 1 && rank <= MAX_RANK && (shape.hidden_layers === 0) === (shape.width === null);
}

/** Float64 training of linear predictors and one-hidden-layer nets in the span of the data. */
export const gramEngine: Engine = { name: "gram", numeric_class: "float64-exact", supports, run };

/** One run to be followed step by step. */
export interface TraceRequest {
  readonly dataset: Dataset;
  /** Hidden width m; Infinity for the NTK limit of a "reduced" start; null: linear predictor. */
  readonly width: number | null;
  readonly loss: Loss;
  readonly steps: number;
  readonly learning_rate: number;
  readonly initial: Initial;
  /** Steps t ≤ T at which the state is wanted. */
  readonly snapshot_steps: readonly number[];
}

/** A state in coordinates of the data's span: those of the data itself when its rank is d. */
interface Snapshot {
  readonly step: number;
  readonly loss: number;
  readonly ntk: number;
  readonly hessian: number;
  readonly beta: readonly number[]; // r
  /** S (r × r) and q are null for the linear predictor. */
  readonly S: readonly (readonly number[])[] | null;
  readonly q: number | null;
}

export interface Trace {
  /** L(t) before step t, for t = 0 … min(T, diverged_at). */
  readonly losses: readonly number[];
  readonly snapshots: readonly Snapshot[];
  readonly phase: Phase;
  readonly horizon_steps: number;
  readonly diverged_at: number | null;
  readonly increases: number;
  readonly last_increase_step: number | null;
}

function takeSnapshot(model: Model, step: number, loss: number): Snapshot {
  const beta = Array.from(model.beta);
  const kernel = model.kernel();
  return {
    step,
    loss,
    ntk: finiteOrNaN(model.ntk()),
    hessian: finiteOrNaN(model.hessian()),
    beta,
    S:
      kernel === null
        ? null
        : beta.map((_, i) => Array.from(kernel.S.slice(i * beta.length, (i + 1) * beta.length))),
    q: kernel === null ? null : kernel.q,
  };
}

/**
 * Trains one cell as `run` does, with the same bits, and keeps what a batch throws away.
 * Errors: RangeError for a start that does not fit the width.
 */
export function traceRun(request: TraceRequest): Trace {
  const { dataset, width, loss, steps, learning_rate } = request;
  const span = rowSpan(dataset.X);
  const model = createModel(dataset, loss, span, width);
  const tracker = new PhaseTracker(steps);
  const wanted = new Set(request.snapshot_steps);
  const losses: number[] = [];
  const snapshots: Snapshot[] = [];
  model.load(initialState(span, width, request.initial));
  train(model, tracker, steps, learning_rate, (t, value) => {
    losses.push(value);
    if (wanted.has(t)) snapshots.push(takeSnapshot(model, t, value));
  });
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
