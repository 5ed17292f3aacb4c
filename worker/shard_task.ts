import { threadId } from "node:worker_threads";
import { sha256Hex } from "../shared/canonical.ts";
import { systemClock } from "../shared/clock.ts";
import { PHASES } from "../shared/phases.ts";
import { cellCoordinates, type PlannedGroup } from "../shared/plan.ts";
import {
  allocateResultColumns,
  allocateTrajectories,
  RESULT_COLUMNS,
  type Trajectories,
} from "../shared/result_columns.ts";
import { engineFor } from "./engine/engines.ts";
import { encodePart } from "./part_writer.ts";

/** Cells trained between two looks at the control words. */
const BATCH_CELLS = 256;

/** Words of ShardTask.control: cells trained so far (written here), and "stop now" (read here). */
export const CELLS_DONE = 0;
export const STOP = 1;

/** A range of cells of one group, to be computed on a thread of the pool. */
export interface ShardTask {
  readonly group: PlannedGroup;
  readonly first_cell: number;
  readonly cell_count: number;
  /** Int32 words shared with the session, which renews the lease while this thread computes. */
  readonly control: Int32Array;
}

/** A finished range, encoded. `cells` is less than asked for if the task was stopped. */
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

/** What a thread of the pool does with a shard: train in batches, then encode one part. */
export default async function runShard(task: ShardTask): Promise<ShardResult> {
  const { group, first_cell, cell_count, control } = task;
  const engine = engineFor(group.shape, group.numeric_class);
  const { seeds, learning_rates } = cellCoordinates(group, first_cell, cell_count);
  const results = allocateResultColumns(cell_count);
  const trajectories = allocateTrajectories(group.shape, cell_count);
  const started_ms = systemClock.wallMs();
  const began = systemClock.nowMs();

  let done = 0;
  while (done < cell_count && Atomics.load(control, STOP) === 0) {
    const end = Math.min(cell_count, done + BATCH_CELLS);
    const batch = engine.run({
      shape: group.shape,
      seeds: seeds.subarray(done, end),
      learning_rates: learning_rates.subarray(done, end),
      ...sliceOf(trajectories, done, end),
    });
    for (const { name } of RESULT_COLUMNS) results[name].set(batch[name], done);
    done = end;
    Atomics.store(control, CELLS_DONE, done);
  }

  const finished = Object.fromEntries(
    RESULT_COLUMNS.map(({ name }) => [name, results[name].subarray(0, done)]),
  ) as unknown as typeof results;
  const bytes = await encodePart({
    first_cell,
    seeds: seeds.subarray(0, done),
    learning_rates: learning_rates.subarray(0, done),
    results: finished,
    trajectories,
  });
  const phases = PHASES.map(() => 0);
  for (const code of finished.phase) phases[code]!++;
  const compute_ms = systemClock.nowMs() - began;
  return {
    cells: done,
    bytes,
    sha256: sha256Hex(bytes),
    phases,
    started_ms,
    compute_ms,
    slot: threadId,
  };
}

/** The part of a shard's trajectories that one batch fills. */
function sliceOf(
  trajectories: Trajectories | undefined,
  first: number,
  end: number,
): { trajectories?: Trajectories } {
  if (trajectories === undefined) return {};
  const { points, counts, loss, ntk, hessian } = trajectories;
  const rows = (numbers: Float64Array) => numbers.subarray(first * points, end * points);
  return {
    trajectories: {
      points,
      counts: counts.subarray(first, end),
      loss: rows(loss),
      ...(ntk === undefined ? {} : { ntk: rows(ntk) }),
      ...(hessian === undefined ? {} : { hessian: rows(hessian) }),
    },
  };
}
