import type { Dataset } from "../../shared/datasets.ts";
import { GRAM_RANK_MAX } from "../../shared/limits.ts";
import type { Loss } from "../../shared/losses.ts";
import { FLOAT64_EXACT } from "../../shared/numeric_class.ts";
import { PHASES, type Phase } from "../../shared/phases.ts";
import { allocateResultColumns, type ResultColumns } from "../../shared/result_columns.ts";
import { droppedRate, type Schedule, scheduleOf } from "../../shared/schedule.ts";
import { numericWidth, type Shape } from "../../shared/shape_group.ts";
import type { Batch, Engine } from "./engine.ts";
import { GramKernel, LANE_COLUMNS } from "./gram_kernel.ts";
import { type Initial, initialState, stateLength } from "./initial_state.ts";
import { canonical, eigenvaluesOf, fillMeasured, finiteOrNaN, wantedOf } from "./measured.ts";
import { createModel, type Model, trainingCoordinates } from "./models.ts";
import { outputLearningRate } from "./rates.ts";
import { rowSpan, type Span } from "./span.ts";
import { trainLanes } from "./train_lanes.ts";

/** Runs that are stepped together; their state stays in the cache. */
const LANES_MAX = 1024;

/**
 * The span that a data set's runs need: of its training rows, and of the test rows where there are
 * any, because predictions on them need the weights that training rows do not see.
 */
export function spanOf(dataset: Dataset): Span {
  let span = spans.get(dataset);
  if (span === undefined) {
    const { X, test } = dataset;
    span = rowSpan(test === undefined ? X : [...X, ...test.X], GRAM_RANK_MAX + 1);
    spans.set(dataset, span);
  }
  return span;
}

/** Spans of data sets that are in use: of many samples one takes longer than a batch. */
const spans = new WeakMap<Dataset, Span>();

/** A kernel for runs of one problem, and room for one of their states. */
function createKernel(
  dataset: Dataset,
  loss: Loss,
  span: Span,
  width: number | null,
  lanes: number,
): { kernel: GramKernel; state: Float64Array } {
  const { rank } = span;
  const training = trainingCoordinates(dataset, span);
  const signedData = training.map((z, i) => z * dataset.y[Math.floor(i / rank)]!);
  const length = width === null ? rank : stateLength(rank);
  const inverse_width = width === null ? 0 : 1 / width;
  const problem = { signedData, rank, loss, hidden: width !== null, inverse_width };
  return { kernel: new GramKernel(problem, lanes, length), state: new Float64Array(length) };
}

function run(batch: Batch): ResultColumns {
  const { shape, seeds, learning_rates, trajectories } = batch;
  if (!supports(shape)) throw new RangeError("The gram engine does not support this shape.");
  const { loss } = shape;
  const dataset = scaledDataset(shape);
  const width = numericWidth(shape);
  const span = spanOf(dataset);
  const model = createModel(dataset, loss, span, width);
  const cells = seeds.length;
  const columns = allocateResultColumns(cells);
  const wanted = wantedOf(shape);
  const { kernel, state } = createKernel(dataset, loss, span, width, Math.min(cells, LANES_MAX));

  // Cells of one seed are neighbours, at least within one schedule, and start from the same state.
  let start: { seed: number; state: Float64Array; ntk: number; hessian: number } | undefined;
  const startAt = (seed: number) => {
    if (start?.seed === seed) return start;
    const initial = initialState(span, width, startOf(shape, seed));
    model.load(initial);
    model.evaluate();
    start = {
      seed,
      state: initial,
      ...eigenvaluesOf(model, wanted),
    };
    return start;
  };
  for (const { schedule, cells: together } of bySchedule(shape, learning_rates, kernel.lanes)) {
    const count = together.length;
    for (let lane = 0; lane < count; lane++) {
      const cell = together[lane]!;
      const eta = learning_rates[cell]!;
      const { state: initial, ntk, hessian } = startAt(seeds[cell]!);
      columns.ntk_initial[cell] = ntk;
      columns.hessian_initial[cell] = hessian;
      kernel.setLane(lane, eta, outputLearningRate(shape, eta), initial);
    }
    const every = trajectories === undefined ? null : shape.trajectory_every;
    const dropped = (rate: number) => droppedRate(shape, rate);
    trainLanes(kernel, count, schedule, dropped, every, {
      reported(run, lane) {
        const cell = together[run]!;
        const largest = kernel.get(lane, LANE_COLUMNS.loss_max);
        columns.loss_initial[cell] = canonical(kernel.get(lane, LANE_COLUMNS.loss_initial));
        columns.loss_final[cell] = canonical(kernel.get(lane, LANE_COLUMNS.loss));
        columns.loss_max[cell] = largest === Number.NEGATIVE_INFINITY ? Number.NaN : largest;
        columns.loss_max_step[cell] = kernel.get(lane, LANE_COLUMNS.loss_max_step);
        columns.increases[cell] = kernel.get(lane, LANE_COLUMNS.increases);
        columns.last_increase_step[cell] = kernel.get(lane, LANE_COLUMNS.last_increase_step);
        kernel.readState(lane, state);
        model.load(state);
        model.evaluate();
        fillMeasured(columns, cell, model, wanted);
      },
      recorded(run, lane, t) {
        const cell = together[run]!;
        if (trajectories === undefined) return;
        const { points, counts, loss: losses, ntk, hessian } = trajectories;
        const at = cell * points + t / shape.trajectory_every!;
        counts[cell]!++;
        losses[at] = canonical(kernel.get(lane, LANE_COLUMNS.loss));
        if (ntk === undefined && hessian === undefined) return;
        kernel.readState(lane, state);
        model.load(state);
        model.evaluate();
        if (ntk !== undefined) ntk[at] = finiteOrNaN(model.ntk());
        if (hessian !== undefined) hessian[at] = finiteOrNaN(model.hessian());
      },
      decided(run, phase, horizon_steps, diverged_at) {
        const cell = together[run]!;
        columns.phase[cell] = phase;
        columns.horizon_steps[cell] = horizon_steps;
        columns.diverged_at[cell] = diverged_at;
      },
    });
  }
  kernel.release();
  return columns;
}

/** Where a cell starts: its own draws, or the weights that the sweep file gives. */
export function startOf({ initial_weights, weight_variance }: Shape, seed: number): Initial {
  return initial_weights === null
    ? { kind: "drawn", seed, weight_variance }
    : { kind: "predictor", w: initial_weights };
}

/** f = m^{−1/2} w2·(W1 (s_in x)): the factor on the input layer is one on the data. */
export function scaledDataset({ dataset, input_scale = 1 }: Shape): Dataset {
  if (input_scale === 1) return dataset;
  const scaled = (X: Dataset["X"]) => X.map((row) => row.map((value) => input_scale * value));
  const { test } = dataset;
  return {
    ...dataset,
    X: scaled(dataset.X),
    ...(test === undefined ? {} : { test: { ...test, X: scaled(test.X) } }),
  };
}

/** The cells of a batch, at most so many together, those together of one schedule. */
export function* bySchedule(
  shape: Shape,
  learning_rates: Float64Array,
  most: number,
): Generator<{ schedule: Schedule; cells: readonly number[] }> {
  const found = new Map<number, { schedule: Schedule; cells: number[] }>();
  for (const [cell, eta] of learning_rates.entries()) {
    const schedule = scheduleOf(shape, eta);
    const known = found.get(schedule.steps);
    if (known === undefined) found.set(schedule.steps, { schedule, cells: [cell] });
    else known.cells.push(cell);
  }
  for (const { schedule, cells } of found.values()) {
    for (let first = 0; first < cells.length; first += most) {
      yield { schedule, cells: cells.slice(first, first + most) };
    }
  }
}

function supports(shape: Shape): boolean {
  if (shape.hidden_layers > 1 || shape.bias_variance !== undefined) return false;
  if (shape.engine === "dense") return false;
  const { rank } = spanOf(shape.dataset);
  const fits = rank >= 1 && rank <= GRAM_RANK_MAX;
  return fits && (shape.hidden_layers === 0) === (shape.width === null);
}

/** Float64 training of linear predictors and one-hidden-layer nets in the span of the data. */
export const gramEngine = {
  name: "gram",
  numeric_class: FLOAT64_EXACT,
  supports,
  run,
} satisfies Engine;

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
  const span = spanOf(dataset);
  const model = createModel(dataset, loss, span, width);
  const { kernel, state } = createKernel(dataset, loss, span, width, 1);
  const wanted = new Set(request.snapshot_steps);
  const losses: number[] = [];
  const snapshots: Snapshot[] = [];
  const trace = {
    increases: 0,
    last_increase_step: -1,
    phase: 0,
    horizon_steps: 0,
    diverged_at: -1,
  };
  kernel.setLane(0, learning_rate, learning_rate, initialState(span, width, request.initial));
  trainLanes(kernel, 1, { steps, drop_at: -1 }, (rate) => rate, 1, {
    recorded(_run, _lane, t) {
      const value = kernel.get(0, LANE_COLUMNS.loss);
      losses.push(canonical(value));
      if (!wanted.has(t)) return;
      kernel.readState(0, state);
      model.load(state);
      model.evaluate();
      snapshots.push(takeSnapshot(model, t, value));
    },
    reported(_run, lane) {
      trace.increases = kernel.get(lane, LANE_COLUMNS.increases);
      trace.last_increase_step = kernel.get(lane, LANE_COLUMNS.last_increase_step);
    },
    decided(_run, phase, horizon_steps, diverged_at) {
      Object.assign(trace, { phase, horizon_steps, diverged_at });
    },
  });
  kernel.release();
  return {
    losses,
    snapshots,
    phase: PHASES[trace.phase]!,
    horizon_steps: trace.horizon_steps,
    diverged_at: trace.diverged_at < 0 ? null : trace.diverged_at,
    increases: trace.increases,
    last_increase_step: trace.last_increase_step < 0 ? null : trace.last_increase_step,
  };
}

/** The phases of one start at each of many learning rates, trained together; bits as in `run`. */
export function phasesOfRates(
  request: Omit<TraceRequest, "learning_rate" | "snapshot_steps">,
  learning_rates: readonly number[],
): Phase[] {
  const { dataset, width, loss, steps } = request;
  const span = spanOf(dataset);
  const lanes = Math.min(learning_rates.length, LANES_MAX);
  const { kernel } = createKernel(dataset, loss, span, width, lanes);
  const initial = initialState(span, width, request.initial);
  const phases: Phase[] = [];
  for (let first = 0; first < learning_rates.length; first += kernel.lanes) {
    const count = Math.min(kernel.lanes, learning_rates.length - first);
    for (let lane = 0; lane < count; lane++) {
      const eta = learning_rates[first + lane]!;
      kernel.setLane(lane, eta, eta, initial);
    }
    trainLanes(kernel, count, { steps, drop_at: -1 }, (rate) => rate, null, {
      reported() {},
      decided(run, phase) {
        phases[first + run] = PHASES[phase]!;
      },
    });
  }
  kernel.release();
  return phases;
}
