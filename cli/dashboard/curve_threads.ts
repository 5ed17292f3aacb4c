import { Piscina } from "piscina";
import type { CurveEngine, TrainedCurve } from "../../coordinator/dashboard/views/view_source.ts";
import type { PlannedGroup } from "../../shared/plan.ts";
import type { Start } from "../retrain.ts";
import type { CurveTask } from "./curve_task.ts";

/** Curves that wait for the one thread; further ones are refused. */
const QUEUE_MAX = 32;
/** A thread that has nothing to do goes. */
const IDLE_MS = 60_000;

/** Trains cells again beside the event loop, one at a time: the other cores are the workers'. */
export class CurveThreads implements CurveEngine {
  private piscina: Piscina<CurveTask, TrainedCurve> | undefined;

  async train(group: PlannedGroup, start: Start, results_folder: string): Promise<TrainedCurve> {
    this.piscina ??= new Piscina<CurveTask, TrainedCurve>({
      filename: new URL("./curve_task.js", import.meta.url).href,
      minThreads: 0,
      maxThreads: 1,
      idleTimeout: IDLE_MS,
      concurrentTasksPerWorker: 1,
      maxQueue: QUEUE_MAX,
    });
    if (this.piscina.queueSize >= QUEUE_MAX) {
      throw new Error(`${QUEUE_MAX} other cells are to be trained first; ask again later`);
    }
    return this.piscina.run({ group, start, results_folder });
  }

  async close(): Promise<void> {
    const { piscina } = this;
    // Another coordinator may begin in this process.
    this.piscina = undefined;
    await piscina?.destroy();
  }
}
