import { DENSE_WIDTH_MAX, HIDDEN_LAYERS_MAX } from "../../../shared/limits.ts";
import { type Backend, float32Class } from "../../../shared/numeric_class.ts";
import { allocateResultColumns, type ResultColumns } from "../../../shared/result_columns.ts";
import { scheduleOf } from "../../../shared/schedule.ts";
import type { Shape } from "../../../shared/shape_group.ts";
import type { Batch, Engine } from "../engine.ts";
import { takeTurn } from "../tensor_turns.ts";
import { topHessian, topNtk } from "./curvature.ts";
import { Lane } from "./lane.ts";
import { isOutOfMemory, laneBytes, laneFlops, seedBytes } from "./memory.ts";
import { type DenseNet, disposeEvaluation, type Evaluation } from "./net.ts";
import { createProblem, type Problem } from "./problem.ts";
import type { Tfjs } from "./tfjs.ts";
import { trainNets } from "./train.ts";

export interface DenseOptions {
  /** Steps whose losses stay on the device before they are read. */
  readonly chunk_steps?: number;
  /** Bytes that the runs of a batch may take on the device. */
  readonly memory_bytes?: number;
}

const CHUNK_STEPS_DEFAULT = 16;
/** WebAssembly has 2 GiB at most, and a failed allocation there ends the instance. */
const WASM_BYTES = 512 * 2 ** 20;
const GPU_BYTES = 4 * 2 ** 30;
/** Operations that make a batch of a few seconds. */
const WASM_BATCH_FLOPS = 2 ** 34;
const GPU_BATCH_FLOPS = 2 ** 41;
const BATCH_CELLS_MAX = 2048;

/**
 * The dense engine: linear nets of any depth, with or without biases, in float32 on a backend of tfjs
 * that is open already, or is opened when the first batch comes. Runs that are trained together differ
 * in seed and learning rate. A run that the device cannot hold even alone fails with its error.
 */
export function denseEngine(
  backendOf: Tfjs | (() => Promise<Tfjs>),
  backend: Backend,
  options: DenseOptions = {},
): Engine {
  let opening: Promise<Tfjs> | undefined;
  const opened = () => {
    opening ??= typeof backendOf === "function" ? backendOf() : Promise.resolve(backendOf);
    return opening;
  };
  const bytes = options.memory_bytes ?? (backend === "wasm" ? WASM_BYTES : GPU_BYTES);
  /** Lanes together, where the device turned out to hold fewer than was thought. */
  let lanesMax = BATCH_CELLS_MAX;

  const batchCells = (shape: Shape): number => {
    const steps = typeof shape.steps === "number" ? shape.steps : shape.steps.extra_steps + 100;
    const flops = backend === "wasm" ? WASM_BATCH_FLOPS : GPU_BATCH_FLOPS;
    const quick = Math.ceil(flops / (laneFlops(shape) * steps));
    const fitting = Math.floor((bytes - seedBytes(shape)) / laneBytes(shape));
    return Math.max(1, Math.min(fitting, quick, lanesMax));
  };

  /** How many of the cells in order, from `first` on, fit together with the starts of their seeds. */
  const countThatFits = ({ shape, seeds }: Batch, order: readonly number[], first: number) => {
    const perLane = laneBytes(shape);
    const perSeed = seedBytes(shape);
    const found = new Set<number>();
    let count = 0;
    while (count < lanesMax && first + count < order.length) {
      found.add(seeds[order[first + count]!]!);
      if (count > 0 && (count + 1) * perLane + found.size * perSeed > bytes) break;
      count++;
    }
    return count;
  };

  async function runAlone(tf: Tfjs, batch: Batch): Promise<ResultColumns> {
    const { shape, seeds, learning_rates } = batch;
    const columns = allocateResultColumns(seeds.length);
    // Lanes that train for equally long leave together, and those of one seed share their start.
    const horizon = Array.from(learning_rates, (eta) => scheduleOf(shape, eta).steps);
    const order = [...seeds.keys()].sort((a, b) => horizon[a]! - horizon[b]! || a - b);
    for (let first = 0; first < order.length; ) {
      const count = countThatFits(batch, order, first);
      const cells = order
        .slice(first, first + count)
        .sort((a, b) => seeds[a]! - seeds[b]! || a - b);
      tf.engine().startScope();
      try {
        await trainCells(tf, batch, cells, columns, options.chunk_steps ?? CHUNK_STEPS_DEFAULT);
        first += count;
      } catch (error) {
        if (count === 1 || !isOutOfMemory(error)) throw error;
        lanesMax = Math.ceil(count / 2);
      } finally {
        tf.engine().endScope();
      }
    }
    return columns;
  }

  const run = async (batch: Batch): Promise<ResultColumns> => {
    const tf = await opened();
    return takeTurn(tf, () => runAlone(tf, batch));
  };

  return { name: "dense", numeric_class: float32Class(backend), supports, batchCells, run };
}

function supports({ hidden_layers, width }: Shape): boolean {
  if (hidden_layers === 0) return width === null;
  const fits = hidden_layers <= HIDDEN_LAYERS_MAX && typeof width === "number";
  return fits && width <= DENSE_WIDTH_MAX;
}

async function trainCells(
  tf: Tfjs,
  { shape, seeds, learning_rates, trajectories }: Batch,
  cells: readonly number[],
  columns: ResultColumns,
  chunk_steps: number,
): Promise<void> {
  const problem = createProblem(tf, shape);
  const lanes = cells.map((cell) => {
    const seed = seeds[cell]!;
    return new Lane(shape, cell, seed, learning_rates[cell]!);
  });
  const every = trajectories === undefined ? null : shape.trajectory_every;
  const measures = shape.measure.length > 0;
  if (trajectories !== undefined) for (const cell of cells) trajectories.counts[cell] = 0;
  const looks = measures || shape.dataset.test !== undefined;
  const options = { chunk_steps, looks, measure_every: measures ? every : null };
  await trainNets(problem, lanes, options, {
    async started(all, net, evaluation) {
      // Lanes of one seed are neighbours and start alike.
      const firsts = [...all.keys()].filter((i) => i === 0 || all[i]!.seed !== all[i - 1]!.seed);
      const starts = net.copy();
      starts.select(firsts);
      const found = await measure(shape, starts, firsts.length === all.length ? evaluation : null);
      starts.dispose();
      let start = -1;
      for (const [i, lane] of all.entries()) {
        if (firsts.includes(i)) start++;
        if (found.ntk !== null) columns.ntk_initial[lane.cell] = found.ntk[start]!;
        if (found.hessian !== null) columns.hessian_initial[lane.cell] = found.hessian[start]!;
      }
    },
    async reported(some, net, evaluation) {
      const { ntk, hessian } = await measure(shape, net, evaluation);
      const accuracy = problem.test === null ? null : await testAccuracy(problem, net);
      for (const [i, { cell }] of some.entries()) {
        if (ntk !== null) columns.ntk_final[cell] = ntk[i]!;
        if (hessian !== null) columns.hessian_final[cell] = hessian[i]!;
        if (accuracy !== null) columns.test_accuracy[cell] = accuracy[i]!;
      }
    },
    loss({ cell }, t, loss) {
      if (trajectories === undefined || t % every! !== 0) return;
      trajectories.loss[cell * trajectories.points + t / every!] = loss;
      trajectories.counts[cell]!++;
    },
    async measured(some, net, evaluation, t) {
      const { ntk, hessian } = await measure(shape, net, evaluation);
      for (const [i, { cell }] of some.entries()) {
        const at = cell * trajectories!.points + t / every!;
        if (ntk !== null) trajectories!.ntk![at] = ntk[i]!;
        if (hessian !== null) trajectories!.hessian![at] = hessian[i]!;
      }
    },
  });
  problem.dispose();
  for (const lane of lanes) fillColumns(columns, lane);
}

function fillColumns(columns: ResultColumns, { cell, tracker, gradientNorm, weightNorm }: Lane) {
  columns.phase[cell] = tracker.phase;
  columns.horizon_steps[cell] = tracker.horizonSteps;
  columns.loss_initial[cell] = tracker.lossInitial;
  columns.loss_final[cell] = tracker.lossFinal;
  columns.loss_max[cell] = tracker.lossMax;
  columns.loss_max_step[cell] = tracker.lossMaxStep;
  columns.increases[cell] = tracker.increases;
  columns.last_increase_step[cell] = tracker.lastIncreaseStep;
  columns.diverged_at[cell] = tracker.divergedAt;
  columns.gradient_norm[cell] = gradientNorm;
  columns.weight_norm[cell] = weightNorm;
}

/** The measures that a shape asks for, of every lane of a net; what is not finite is NaN. */
async function measure(
  { measure: wanted }: Shape,
  net: DenseNet,
  known: Evaluation | null,
): Promise<{ ntk: Float64Array | null; hessian: Float64Array | null }> {
  const evaluation = known ?? net.evaluate();
  const ntk = wanted.includes("ntk") ? finite(await topNtk(net, evaluation)) : null;
  const hessian = wanted.includes("hessian") ? finite(await topHessian(net, evaluation)) : null;
  if (known === null) disposeEvaluation(net, evaluation);
  return { ntk, hessian };
}

function finite(values: Float64Array): Float64Array {
  return values.map((value) => (Number.isFinite(value) ? value : Number.NaN));
}

async function testAccuracy({ tf }: Problem, net: DenseNet): Promise<Float32Array> {
  const shares = net.testAccuracy();
  const read = (await shares.data()) as Float32Array;
  tf.dispose(shares);
  return read.slice();
}
