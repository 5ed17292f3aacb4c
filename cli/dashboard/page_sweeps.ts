import { join } from "node:path";
import { Piscina } from "piscina";
import type { SweepReader } from "../../coordinator/dashboard/changes.ts";
import type { Clock } from "../../shared/clock.ts";
import { UsageError } from "../../shared/errors.ts";
import { PAGE_SWEEP_MS_MAX, PAGE_SWEEPS_MAX } from "../../shared/limits.ts";
import { type Plan, parsePlan } from "../../shared/plan.ts";
import { planText } from "../commands/plan.ts";
import { hardwareOf } from "../submit_sweep.ts";
import { cacheReport } from "../text/cache_report.ts";
import type { SweepRead, SweepTask } from "./sweep_task.ts";

/** How errors name what stands in the page. */
const ORIGIN = "sweep.yaml";
const MEMORY_MB_MAX = 512;
/** A thread that has nothing to do goes. */
const IDLE_MS = 10_000;

/**
 * Reads sweep files that pages hand in, for a coordinator on a results folder. A few hundred bytes may
 * ask for data that take a minute to make, so they are read on a thread, within limits.
 */
export function pageSweeps(results: string, clock: Clock): SweepReader {
  let threads: Piscina<SweepTask, SweepRead> | undefined;
  return {
    async read(text, workers) {
      threads ??= new Piscina<SweepTask, SweepRead>({
        filename: new URL("./sweep_task.js", import.meta.url).href,
        ...{ minThreads: 0, maxThreads: 1, idleTimeout: IDLE_MS, concurrentTasksPerWorker: 1 },
        maxQueue: PAGE_SWEEPS_MAX,
        resourceLimits: { maxOldGenerationSizeMb: MEMORY_MB_MAX },
      });
      if (threads.queueSize >= PAGE_SWEEPS_MAX) {
        throw refusal(`${PAGE_SWEEPS_MAX} others are to be read first (PAGE_SWEEPS_MAX)`);
      }
      return planOf(threads, { text, origin: ORIGIN, hardware: hardwareOf(workers) }, clock);
    },
    async describe(plan) {
      const place = { folder: join(results, plan.name), siblings: results };
      return planText(plan, await cacheReport(plan, place));
    },
  };
}

async function planOf(
  threads: Piscina<SweepTask, SweepRead>,
  task: SweepTask,
  clock: Clock,
): Promise<Plan> {
  const limit = new AbortController();
  const cancel = clock.after(PAGE_SWEEP_MS_MAX, () => limit.abort());
  try {
    const read = await threads.run(task, { signal: limit.signal });
    if ("problems" in read) throw new UsageError(...read.problems);
    return parsePlan(read.plan_json);
  } catch (error) {
    if (!limit.signal.aborted) throw error;
    throw refusal(`it is not read within ${PAGE_SWEEP_MS_MAX} ms (PAGE_SWEEP_MS_MAX)`);
  } finally {
    cancel();
  }
}

function refusal(problem: string): UsageError {
  const fix = "`phasesweep submit SWEEP.yaml` reads it on your machine";
  return new UsageError({ place: ORIGIN, problem, fix });
}
