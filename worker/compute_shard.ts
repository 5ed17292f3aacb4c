import { type DatasetReference, isReference } from "../shared/datasets.ts";
import type { Log } from "../shared/log.ts";
import type { DatasetSource } from "./dataset_cache.ts";
import { LinkError } from "./link_error.ts";
import type { ShardComputer } from "./pool.ts";
import type { ShardResult, ShardTask } from "./shard_task.ts";
import { isLoadError } from "./stored_datasets.ts";
import { type Patience, whileLineFails } from "./while_line_fails.ts";
import type { WorkerNumbers } from "./worker_tally.ts";

export interface ComputeShardOptions extends Patience {
  readonly run: ShardComputer["run"];
  /** Without it, no shard that needs a stored data set can be computed. */
  readonly datasets?: DatasetSource;
  readonly numbers: WorkerNumbers;
  readonly log: Log;
  readonly isDraining: () => boolean;
}

interface Held {
  readonly lease: { readonly lease: string; readonly sweep: string };
  /** The coordinator does not want it any more. */
  readonly cancelled: boolean;
}

/** A node on which a data set cannot be loaded so often in a row is not to be trusted with it. */
const LOADS_MAX = 3;

/** Computes a shard, with the stored data set that its group refers to at hand. */
export async function computeShard(
  options: ComputeShardOptions,
  held: Held,
  task: ShardTask,
): Promise<ShardResult> {
  const { datasets, run } = options;
  const { dataset } = task.group.shape;
  if (!isReference(dataset) || datasets === undefined) return run(task);
  for (let loads = 1; ; loads++) {
    const dataset_path = await datasetPath(options, held, dataset, datasets);
    try {
      return await run({ ...task, dataset_path });
    } catch (error) {
      if (!isLoadError(error) || loads === LOADS_MAX) throw error;
      // Another process removed the file, or the disk changed it: a damaged one is discarded here.
      await datasets.isSound(dataset);
    }
  }
}

/** Fetches a data set, again and again while the line is what fails and the lease is wanted. */
async function datasetPath(
  options: ComputeShardOptions,
  held: Held,
  dataset: DatasetReference,
  datasets: DatasetSource,
): Promise<string> {
  const { sweep, lease } = held.lease;
  const path = await whileLineFails(
    options,
    () => !held.cancelled && !options.isDraining(),
    () => datasets.path(dataset),
    ({ message }) => {
      options.numbers.retries++;
      const what = { sweep, lease, dataset: dataset.name, error: message };
      options.log.warn("data set did not come; again", what);
    },
  );
  if (path === undefined) throw new LinkError(`data set ${dataset.name} is not wanted now`, true);
  return path;
}
