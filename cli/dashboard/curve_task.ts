import type { TrainedCurve } from "../../coordinator/dashboard/views/view_source.ts";
import { UsageError } from "../../shared/errors.ts";
import { backendOf, FLOAT64_EXACT } from "../../shared/numeric_class.ts";
import type { PlannedGroup } from "../../shared/plan.ts";
import { Retrainer, type Start } from "../retrain.ts";
import type { RetrainEngine } from "../retrain_engines.ts";

/** A cell to be trained again, on a thread of its own. */
export interface CurveTask {
  /** With a trajectory. */
  readonly group: PlannedGroup;
  readonly start: Start;
  /** Where its data set may be stored. */
  readonly results_folder: string;
}

/**
 * Trains one cell by what computed it, if a CPU does that; otherwise by the nearest that one can.
 * @throws UsageError where nothing here takes its shape, FailureError where data are gone
 */
export default async function trainCurve(task: CurveTask): Promise<TrainedCurve> {
  const { group, start, results_folder } = task;
  const retrainer = new Retrainer(results_folder);
  let refused: UsageError | undefined;
  for (const engine of enginesFor(group)) {
    try {
      const { numeric_class, cells } = await retrainer.train(group, [start], engine);
      return { numeric_class, cell: cells[0]! };
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      refused ??= error;
    }
  }
  throw refused!;
}

/** A card is for workers: what it computes in float32 is trained in float64 or by tfjs' own wasm. */
function enginesFor(group: PlannedGroup): readonly RetrainEngine[] {
  const { numeric_class } = group;
  const isOfCpu = numeric_class === FLOAT64_EXACT || backendOf(numeric_class) === "wasm";
  return isOfCpu ? ["same", "gram", "dense"] : ["gram", "dense"];
}
