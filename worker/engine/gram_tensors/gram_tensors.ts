import { type Backend, float32Class } from "../../../shared/numeric_class.ts";
import { allocateResultColumns, type ResultColumns } from "../../../shared/result_columns.ts";
import { droppedRate, type Schedule } from "../../../shared/schedule.ts";
import { numericWidth } from "../../../shared/shape_group.ts";
import type { Tfjs } from "../dense/tfjs.ts";
import type { Batch, Engine } from "../engine.ts";
import { bySchedule, gramEngine, scaledDataset, spanOf, startOf } from "../gram.ts";
import { initialState, stateLength } from "../initial_state.ts";
import { eigenvaluesOf, fillMeasured, finiteOrNaN, type Wanted, wantedOf } from "../measured.ts";
import { createModel, type Model } from "../models.ts";
import { SIZE_BOUND } from "../phase_tracker.ts";
import { outputLearningRate } from "../rates.ts";
import type { Span } from "../span.ts";
import { takeTurn } from "../tensor_turns.ts";
import { LaneTensors } from "./lane_tensors.ts";
import { Recurrence } from "./recurrence.ts";
import { TensorRun, trainTensors } from "./train_tensors.ts";

export interface GramTensorOptions {
  /** Steps whose figures stay on the device before they are read; 2 at least. */
  readonly chunk_steps?: number;
}

const CHUNK_STEPS_DEFAULT = 32;
const CHUNK_STEPS_MIN = 2;
/** Runs together: enough that an operation takes longer than calling it. */
const WASM_CELLS_MAX = 4096;
const GPU_CELLS_MAX = 65_536;
/** Bytes that a step of a batch may take on the device. */
const WASM_BYTES = 256 * 2 ** 20;
const GPU_BYTES = 2 ** 30;
/** Tensors as large as all losses, and as all states, that a step has at a time, roughly. */
const STEP_TENSORS = 16;

/**
 * The gram engine's recurrence in float32, as tensor operations of tfjs on a backend that is open
 * already, or is opened when the first batch comes. Initial states are those of the gram engine, and
 * what is measured at the ends is computed from the states by the gram engine's own code.
 */
export function gramTensorEngine(
  backendOf: Tfjs | (() => Promise<Tfjs>),
  backend: Backend,
  options: GramTensorOptions = {},
): Engine {
  const chunk_steps = Math.max(CHUNK_STEPS_MIN, options.chunk_steps ?? CHUNK_STEPS_DEFAULT);
  let opening: Promise<Tfjs> | undefined;
  return {
    name: "gram-tensors",
    numeric_class: float32Class(backend),
    supports: gramEngine.supports,
    batchCells({ dataset }) {
      const { rank } = spanOf(dataset);
      const bytes = 4 * STEP_TENSORS * (dataset.y.length + stateLength(rank));
      const [most, room] =
        backend === "wasm" ? [WASM_CELLS_MAX, WASM_BYTES] : [GPU_CELLS_MAX, GPU_BYTES];
      return Math.max(1, Math.min(most, Math.floor(room / bytes)));
    },
    async run(batch) {
      if (!gramEngine.supports(batch.shape)) {
        throw new RangeError("Gram tensors do not take this shape.");
      }
      opening ??= typeof backendOf === "function" ? backendOf() : Promise.resolve(backendOf);
      const tf = await opening;
      return takeTurn(tf, () => new TensorBatch(tf, backend, batch).run(chunk_steps));
    },
  };
}

/** One batch on its way through the device. */
class TensorBatch {
  private readonly batch: Batch;
  private readonly span: Span;
  private readonly model: Model;
  private readonly wanted: Wanted;
  private readonly recurrence: Recurrence;
  private readonly columns: ResultColumns;
  private start: { seed: number; row: Float64Array; size: number; ntk: number; hessian: number } =
    NO_START;

  constructor(tf: Tfjs, backend: Backend, batch: Batch) {
    const { shape, seeds } = batch;
    const dataset = scaledDataset(shape);
    const width = numericWidth(shape);
    this.batch = batch;
    this.wanted = wantedOf(shape);
    this.span = spanOf(dataset);
    this.model = createModel(dataset, shape.loss, this.span, width);
    this.columns = allocateResultColumns(seeds.length);
    const problem = { dataset, loss: shape.loss, span: this.span, width };
    this.recurrence = new Recurrence(tf, backend, problem);
  }

  async run(chunk_steps: number): Promise<ResultColumns> {
    const { shape, seeds, learning_rates } = this.batch;
    try {
      for (const together of bySchedule(shape, learning_rates, seeds.length)) {
        await this.train(together.cells, together.schedule, chunk_steps);
      }
    } finally {
      this.recurrence.dispose();
    }
    return this.columns;
  }

  private async train(
    cells: readonly number[],
    schedule: Schedule,
    chunk_steps: number,
  ): Promise<void> {
    const { recurrence, batch, columns } = this;
    const { shape, seeds, learning_rates, trajectories } = batch;
    const states = new Float32Array(cells.length * recurrence.length);
    const bounds = new Float32Array(cells.length);
    const runs = cells.map((cell, i) => {
      // Cells of one seed are neighbours and start from the same state.
      const { row, size, ntk, hessian } = this.startAt(seeds[cell]!);
      states.set(row, i * recurrence.length);
      bounds[i] = SIZE_BOUND * (1 + size);
      columns.ntk_initial[cell] = ntk;
      columns.hessian_initial[cell] = hessian;
      const eta = learning_rates[cell]!;
      return new TensorRun(cell, eta, outputLearningRate(shape, eta));
    });
    const options = {
      ...schedule,
      dropped: (rate: number) => droppedRate(shape, rate),
      record_every: trajectories === undefined ? null : shape.trajectory_every,
      reads_states: shape.measure.length > 0,
      chunk_steps,
    };
    const tensors = new LaneTensors(recurrence, states, bounds);
    try {
      await trainTensors(tensors, runs, options, {
        reported: (run, state) => this.report(run, state),
        decided({ cell, divergedAt }, phase, horizon_steps) {
          columns.phase[cell] = phase;
          columns.horizon_steps[cell] = horizon_steps;
          columns.diverged_at[cell] = divergedAt;
        },
        recorded: (run, t, loss, state) => this.record(run.cell, t, loss, state),
      });
    } finally {
      tensors.dispose();
    }
  }

  private startAt(seed: number): TensorBatch["start"] {
    if (this.start.seed === seed) return this.start;
    const { shape } = this.batch;
    const { model } = this;
    const state = initialState(this.span, numericWidth(shape), startOf(shape, seed));
    model.load(state);
    model.evaluate();
    this.start = {
      seed,
      row: this.recurrence.reordered(state),
      size: model.squaredSize(),
      ...eigenvaluesOf(model, this.wanted),
    };
    return this.start;
  }

  /** Fills in what is told of step min(T, diverged_at). */
  private report(run: TensorRun, state: Float32Array): void {
    const { columns, model } = this;
    const { cell } = run;
    columns.loss_initial[cell] = run.lossInitial;
    columns.loss_final[cell] = run.loss;
    columns.loss_max[cell] = run.lossMax;
    columns.loss_max_step[cell] = run.lossMaxStep;
    columns.increases[cell] = run.increases;
    columns.last_increase_step[cell] = run.lastIncreaseStep;
    this.load(state);
    fillMeasured(columns, cell, model, this.wanted);
  }

  private record(cell: number, t: number, loss: number, state: Float32Array | null): void {
    const { trajectories, shape } = this.batch;
    if (trajectories === undefined) return;
    const at = cell * trajectories.points + t / shape.trajectory_every!;
    trajectories.counts[cell]!++;
    trajectories.loss[at] = loss;
    if (state === null) return;
    this.load(state);
    if (trajectories.ntk !== undefined) trajectories.ntk[at] = finiteOrNaN(this.model.ntk());
    if (trajectories.hessian !== undefined) {
      trajectories.hessian[at] = finiteOrNaN(this.model.hessian());
    }
  }

  private load(state: Float32Array): void {
    this.model.load(this.recurrence.reordered(Float64Array.from(state)));
    this.model.evaluate();
  }
}

const NO_START = {
  seed: Number.NaN,
  row: new Float64Array(0),
  size: Number.NaN,
  ntk: Number.NaN,
  hessian: Number.NaN,
};
