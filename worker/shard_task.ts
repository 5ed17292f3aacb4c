import { threadId } from "node:worker_threads";
import { sha256Hex } from "../shared/canonical.ts";
import { systemClock } from "../shared/clock.ts";
import { PHASES } from "../shared/phases.ts";
import { cellCoordinates, type PlannedGroup } from "../shared/plan.ts";
import { allocateTrajectories } from "../shared/result_columns.ts";
import { scheduleOf } from "../shared/schedule.ts";
import { learningRateAt } from "../shared/spec/axes.ts";
import type { Engine } from "./engine/engine.ts";
import { CPU_ENGINES, engineFor } from "./engine/engines.ts";
import { PartWriter } from "./part_writer.ts";
import { trainableShape } from "./stored_datasets.ts";

/**
 * Cells trained between two looks at the control words: so many that they take about this many
 * steps, a few tens of milliseconds, as a batch costs some time of its own.
 */
const BATCH_STEPS = 2 ** 21;
const BATCH_CELLS_MIN = 4;
const BATCH_CELLS_MAX = 8192;

/**
 * Words of ShardTask.control. Written here: cells trained so far, and how long that took. Read here:
 * at how many cells to stop, which somebody else may lower at any time, down to 0 for "now".
 */
export const CELLS_DONE = 0;
export const BUSY_MS = 1;
export const CELLS_WANTED = 2;
const CONTROL_WORDS = 3;

/** Control words for a shard of so many cells. */
export function shardControl(cell_count: number): Int32Array {
  const control = new Int32Array(new SharedArrayBuffer(4 * CONTROL_WORDS));
  Atomics.store(control, CELLS_WANTED, cell_count);
  return control;
}

/** A range of cells of one group, to be computed on a thread of the pool. */
export interface ShardTask {
  readonly group: PlannedGroup;
  readonly first_cell: number;
  readonly cell_count: number;
  /** Where the stored data set of the group is on this machine, if it refers to one. */
  readonly dataset_path?: string;
  /** shardControl(cell_count), shared with the session, which renews the lease meanwhile. */
  readonly control: Int32Array;
}

/** A finished range, encoded. `cells` is less than at first asked for if the task was stopped. */
export interface ShardResult {
  readonly cells: number;
  readonly bytes: Uint8Array;
  readonly sha256: string;
  /** Cells by phase code. */
  readonly phases: number[];
  readonly started_ms: number;
  readonly compute_ms: number;
  /** The thread that computed it. */
  readonly slot: number;
}

/** Where a shard is computed. */
export interface ShardPlace {
  readonly engines: readonly Engine[];
  /** Number of the thread or device, for the provenance. */
  readonly slot: number;
  /** Called after every batch, when the control words are up to date. */
  readonly onBatch?: () => void;
}

/** What a thread of the pool does with a shard. */
export default function runShard(task: ShardTask): Promise<ShardResult> {
  return computeShard(task, { engines: CPU_ENGINES, slot: threadId });
}

/** Trains and encodes batches, which make one part. @throws what the engine threw */
export async function computeShard(task: ShardTask, place: ShardPlace): Promise<ShardResult> {
  const { group, first_cell, cell_count, control } = task;
  const shape = trainableShape(group.shape, task.dataset_path);
  const started_ms = systemClock.wallMs();
  const began = systemClock.nowMs();
  const engine = engineFor(place.engines, shape, group.numeric_class);
  const writer = await PartWriter.open(cell_count, shape);
  const phases = PHASES.map(() => 0);
  const longest = scheduleOf(shape, learningRateAt(group.learning_rates, 0)).steps;
  const batchCells = engine.batchCells?.(shape) ?? batchCellsFor(longest);

  let done = 0;
  for (;;) {
    const count = Math.min(Atomics.load(control, CELLS_WANTED) - done, batchCells);
    if (count <= 0) break;
    const { seeds, learning_rates } = cellCoordinates(group, first_cell + done, count);
    const trajectories = allocateTrajectories(shape, count);
    const results = await engine.run({
      shape,
      seeds,
      learning_rates,
      ...(trajectories === undefined ? {} : { trajectories }),
    });
    for (const code of results.phase) phases[code]!++;
    await writer.add(learning_rates, results, trajectories);
    done += count;
    Atomics.store(control, BUSY_MS, Math.ceil(systemClock.nowMs() - began));
    Atomics.store(control, CELLS_DONE, done);
    place.onBatch?.();
  }

  const bytes = await writer.finish();
  return {
    cells: done,
    bytes,
    sha256: sha256Hex(bytes),
    phases,
    started_ms,
    compute_ms: systemClock.nowMs() - began,
    slot: place.slot,
  };
}

function batchCellsFor(steps: number): number {
  return Math.min(BATCH_CELLS_MAX, Math.max(BATCH_CELLS_MIN, Math.floor(BATCH_STEPS / steps)));
}
