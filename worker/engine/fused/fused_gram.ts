import type { Clock } from "../../../shared/clock.ts";
import type { Dataset } from "../../../shared/datasets.ts";
import { float32Class } from "../../../shared/numeric_class.ts";
import { DIVERGENT, UNSETTLED } from "../../../shared/phases.ts";
import { allocateResultColumns, type ResultColumns } from "../../../shared/result_columns.ts";
import { numericWidth, type Shape } from "../../../shared/shape_group.ts";
import type { Batch, Engine } from "../engine.ts";
import { gramEngine, scaledDataset, spanOf, startOf } from "../gram.ts";
import { gatherDirections } from "../gram_kernel.ts";
import { initialState } from "../initial_state.ts";
import { eigenvaluesOf, fillMeasured, wantedOf } from "../measured.ts";
import { createModel, type Model, trainingCoordinates } from "../models.ts";
import { firstJudgedStep, HORIZON_FACTORS, isUnsettled, settledPhase } from "../phase_tracker.ts";
import { outputLearningRate } from "../rates.ts";
import type { Span } from "../span.ts";
import { type FusedProblem, LaneBuffers } from "./lane_buffers.ts";
import {
  LANE_WORDS,
  LOWEST,
  NEVER,
  type ShaderKind,
  STATE_WORD,
  shaderText,
  stateWords,
} from "./shader.ts";

/** Largest rank of the data: the state of a run, (r + 1)² numbers, must stay in registers. */
const FUSED_RANK_MAX = 8;
/** So long a batch should take: short enough to hear of a cancelled lease. */
const BATCH_MS = 500;
const BATCH_CELLS_MIN = 64;
const BATCH_CELLS_MAX = 65_536;
/** Work of the first batch, before the device's speed is known: lanes × steps × directions. */
const FIRST_BATCH_WORK = 2 ** 24;
/** Work of one dispatch: a driver takes one that lasts seconds for a device that hangs. */
const DISPATCH_WORK_MAX = 2 ** 28;

/**
 * The gram engine's recurrence in float32, as one shader in which an invocation trains one run from
 * its start to its verdict. Initial states are those of the gram engine, and what is measured at the
 * ends (NTK, Hessian, norms, accuracy) is computed from the states by the gram engine's own code.
 */
export function fusedGramEngine(device: GPUDevice, clock: Clock): Engine {
  const pipelines = new Map<string, GPUComputePipeline>();
  let workPerMs: number | undefined;

  const pipelineFor = (kind: ShaderKind): GPUComputePipeline => {
    const name = JSON.stringify(kind);
    let pipeline = pipelines.get(name);
    if (pipeline === undefined) {
      const module = device.createShaderModule({ code: shaderText(kind) });
      pipeline = device.createComputePipeline({
        layout: "auto",
        compute: { module, entryPoint: "main" },
      });
      pipelines.set(name, pipeline);
    }
    return pipeline;
  };

  return {
    name: "fused-gram",
    numeric_class: float32Class("webgpu"),
    supports,
    batchCells(shape) {
      const work = workPerMs === undefined ? FIRST_BATCH_WORK : BATCH_MS * workPerMs;
      const cells = Math.floor(work / (horizonOf(shape) * shape.dataset.y.length));
      return Math.max(BATCH_CELLS_MIN, Math.min(BATCH_CELLS_MAX, cells));
    },
    async run(batch) {
      if (!supports(batch.shape))
        throw new RangeError("The fused engine does not take this shape.");
      const began = clock.nowMs();
      const { columns, work } = await trainInHalves(device, batch, pipelineFor);
      const rate = work / Math.max(1, clock.nowMs() - began);
      workPerMs = workPerMs === undefined ? rate : (workPerMs + rate) / 2;
      return columns;
    },
  };
}

interface Trained {
  readonly columns: ResultColumns;
  /** Lanes × steps × directions. */
  readonly work: number;
}

/** Trains a batch, or its halves one after the other where the device has no memory for it. */
async function trainInHalves(
  device: GPUDevice,
  batch: Batch,
  pipelineFor: (kind: ShaderKind) => GPUComputePipeline,
): Promise<Trained> {
  const cells = batch.seeds.length;
  const whole = await trainWatched(device, batch, pipelineFor);
  if (whole !== "out of memory") return whole;
  if (cells === 1) throw new Error("the device has no memory for a single run");
  const columns = allocateResultColumns(cells);
  let work = 0;
  const middle = Math.ceil(cells / 2);
  for (const [first, end] of [
    [0, middle],
    [middle, cells],
  ] as const) {
    const seeds = batch.seeds.subarray(first, end);
    const learning_rates = batch.learning_rates.subarray(first, end);
    const half = { shape: batch.shape, seeds, learning_rates };
    const trained = await trainInHalves(device, half, pipelineFor);
    for (const [name, column] of Object.entries(trained.columns)) {
      columns[name as keyof ResultColumns].set(column, first);
    }
    work += trained.work;
  }
  return { columns, work };
}

/** A device does not throw: what goes wrong on it waits to be asked for. @throws Error */
async function trainWatched(
  device: GPUDevice,
  batch: Batch,
  pipelineFor: (kind: ShaderKind) => GPUComputePipeline,
): Promise<Trained | "out of memory"> {
  for (const scope of ["validation", "internal", "out-of-memory"] as const) {
    device.pushErrorScope(scope);
  }
  const training = new FusedTraining(batch, device, pipelineFor);
  const trained = await training.run().then(
    (columns) => ({ columns, work: training.work }),
    (error: unknown) => ({ error }),
  );
  training.close();
  const outOfMemory = await device.popErrorScope();
  const internal = await device.popErrorScope();
  const problem = (await device.popErrorScope()) ?? internal;
  if (outOfMemory !== null) return "out of memory";
  if (problem !== null) throw new Error(`the device refused the work: ${problem.message}`);
  if ("error" in trained) throw trained.error;
  return trained;
}

/** What the gram engine takes, up to a rank; each lane of a dispatch makes the same steps. */
function supports(shape: Shape): boolean {
  if (shape.trajectory_every !== null || typeof shape.steps !== "number") return false;
  return gramEngine.supports(shape) && spanOf(shape.dataset).rank <= FUSED_RANK_MAX;
}

/** T, which all cells of a shape that is supported have in common. */
function horizonOf({ steps }: Shape): number {
  if (typeof steps !== "number") throw new RangeError("cells with horizons of their own");
  return steps;
}

/** The change of the learning rates on the way, as the shader takes it. */
function dropOf({ drop }: Shape): FusedProblem["drop"] {
  if (drop === null || typeof drop.at !== "number") return { at: -1, factor: 1, to: 0 };
  return "to" in drop
    ? { at: drop.at, factor: 1, to: drop.to }
    : { at: drop.at, factor: drop.factor, to: 0 };
}

/** One batch on its way through the device. */
class FusedTraining {
  /** Lanes × steps × directions that were queued. */
  work = 0;
  private readonly batch: Batch;
  private readonly span: Span;
  private readonly model: Model;
  private readonly kind: ShaderKind;
  private readonly lanes: LaneBuffers;
  private readonly directions: number;
  private readonly columns: ResultColumns;

  constructor(
    batch: Batch,
    device: GPUDevice,
    pipelineFor: (kind: ShaderKind) => GPUComputePipeline,
  ) {
    const { shape, seeds } = batch;
    const { loss } = shape;
    const dataset = scaledDataset(shape);
    const width = numericWidth(shape);
    this.batch = batch;
    this.span = spanOf(dataset);
    this.model = createModel(dataset, loss, this.span, width);
    this.columns = allocateResultColumns(seeds.length);
    const { rank } = this.span;
    this.kind = { loss, rank, hidden: width !== null };
    const directions = directionsOf(dataset, this.span);
    this.directions = directions.length / (rank + 2);
    const problem: FusedProblem = {
      directions,
      direction_count: this.directions,
      samples: dataset.y.length,
      inverse_width: width === null ? 0 : 1 / width,
      drop: dropOf(shape),
    };
    const words = stateWords(this.kind);
    this.lanes = new LaneBuffers(device, pipelineFor(this.kind), problem, seeds.length, words);
  }

  async run(): Promise<ResultColumns> {
    const steps = horizonOf(this.batch.shape);
    this.start();
    let going = Uint32Array.from({ length: this.lanes.lanes }, (_, lane) => lane);
    let start = 0;
    for (const factor of HORIZON_FACTORS) {
      const horizon = steps * factor;
      const tail = firstJudgedStep(horizon);
      this.lanes.select(going);
      this.queue(start, horizon, tail, going.length);
      await this.lanes.download();
      if (factor === 1) this.report();
      going = this.decide(going, horizon);
      if (going.length === 0) break;
      start = horizon;
    }
    return this.columns;
  }

  close(): void {
    this.lanes.destroy();
  }

  /** Sets every lane to its start; cells of one seed are neighbours and start from the same state. */
  private start(): void {
    const { shape, seeds, learning_rates } = this.batch;
    const { columns, model } = this;
    const width = numericWidth(shape);
    const wanted = wantedOf(shape);
    let initial: Float64Array = new Float64Array(0);
    let eigenvalues = { ntk: Number.NaN, hessian: Number.NaN };
    for (let cell = 0; cell < seeds.length; cell++) {
      if (cell === 0 || seeds[cell] !== seeds[cell - 1]) {
        initial = initialState(this.span, width, startOf(shape, seeds[cell]!));
        model.load(initial);
        model.evaluate();
        eigenvalues = eigenvaluesOf(model, wanted);
      }
      columns.ntk_initial[cell] = eigenvalues.ntk;
      columns.hessian_initial[cell] = eigenvalues.hessian;
      const eta = learning_rates[cell]!;
      this.lanes.setLane(cell, eta, outputLearningRate(shape, eta), initial);
    }
    this.lanes.upload();
  }

  /** Queues steps start..horizon in dispatches that each last a fraction of a second. */
  private queue(start: number, horizon: number, tail: number, active: number): void {
    const chunk = Math.max(1, Math.floor(DISPATCH_WORK_MAX / (active * this.directions)));
    const extended = start > 0;
    for (let first_step = start; first_step < horizon; first_step += chunk) {
      const end_step = Math.min(first_step + chunk, horizon);
      const isFirst = first_step === start;
      this.lanes.advance({
        first_step,
        end_step,
        tail,
        watch_first: !(extended && isFirst),
        watch_end: end_step === horizon,
        reset_excess: extended && isFirst && tail > start,
      });
      this.work += active * this.directions * (end_step - first_step);
    }
  }

  /** Fills in what is told of step min(T, diverged_at). */
  private report(): void {
    const { columns, model, lanes } = this;
    const wanted = wantedOf(this.batch.shape);
    const state = new Float64Array(stateWords(this.kind));
    for (let cell = 0; cell < lanes.lanes; cell++) {
      const largest = this.number(LANE_WORDS.loss_max, cell);
      columns.loss_initial[cell] = this.number(LANE_WORDS.loss_initial, cell);
      columns.loss_final[cell] = this.number(LANE_WORDS.loss, cell);
      columns.loss_max[cell] = largest === LOWEST ? Number.NaN : largest;
      columns.loss_max_step[cell] = this.integer(LANE_WORDS.loss_max_step, cell);
      columns.increases[cell] = this.integer(LANE_WORDS.increases, cell);
      columns.last_increase_step[cell] = this.integer(LANE_WORDS.last_increase_step, cell);
      for (let i = 0; i < state.length; i++) state[i] = this.number(STATE_WORD + i, cell);
      model.load(state);
      model.evaluate();
      fillMeasured(columns, cell, model, wanted);
    }
  }

  /** Decides the runs that ended, and returns those that go on to the next horizon. */
  private decide(going: Uint32Array<ArrayBuffer>, horizon: number): Uint32Array<ArrayBuffer> {
    const { columns } = this;
    const isLast = horizon === horizonOf(this.batch.shape) * HORIZON_FACTORS.at(-1)!;
    return going.filter((cell) => {
      const diverged_at = this.integer(LANE_WORDS.diverged_at, cell);
      const unsettled = diverged_at < 0 && isUnsettled(this.number(LANE_WORDS.excess, cell));
      if (unsettled && !isLast) return true;
      columns.diverged_at[cell] = diverged_at;
      columns.horizon_steps[cell] = horizon;
      const settled = settledPhase(this.integer(LANE_WORDS.increases, cell) > 0);
      columns.phase[cell] = diverged_at >= 0 ? DIVERGENT : unsettled ? UNSETTLED : settled;
      return false;
    });
  }

  private number(word: number, lane: number): number {
    return this.lanes.numbers[word * this.lanes.lanes + lane]!;
  }

  /** A counter or a step; −1 where it has not happened. */
  private integer(word: number, lane: number): number {
    const value = this.lanes.words[word * this.lanes.lanes + lane]!;
    return value === NEVER ? -1 : value;
  }
}

/** The data as directions z with the number of samples with y x = ±z. → rows of r + 2 */
function directionsOf(dataset: Dataset, span: Span): Float32Array {
  const { rank } = span;
  const signed = trainingCoordinates(dataset, span).map(
    (z, i) => z * dataset.y[Math.floor(i / rank)]!,
  );
  const { singles, repeated } = gatherDirections(signed, rank);
  const rows = [...repeated];
  for (let i = 0; i < singles.length; i += rank) rows.push(...singles.slice(i, i + rank), 1, 0);
  return Float32Array.from(rows);
}
