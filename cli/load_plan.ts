import type { FloatBackends } from "../shared/engine_choice.ts";
import { type Backend, backendOf } from "../shared/numeric_class.ts";
import type { Plan } from "../shared/plan.ts";
import { buildPlan } from "../shared/spec/build_plan.ts";
import { loadSweepFile } from "../shared/spec/load.ts";
import { StoredDatasets } from "../shared/spec/read_datasets.ts";

/** Which of the backends at hand each engine runs best on, best first; wasm is always there. */
const PREFERRED: Readonly<Record<keyof FloatBackends, readonly Backend[]>> = {
  // The fused shader trains a run in one go, where tensors cost a kernel an operation.
  gram: ["webgpu", "cuda", "node", "wasm"],
  dense: ["cuda", "webgpu", "node", "wasm"],
};

/** The best of some backends for each engine. */
export function bestBackends(usable: readonly Backend[]): FloatBackends {
  const best = (engine: keyof FloatBackends) =>
    PREFERRED[engine].find((backend) => usable.includes(backend)) ?? "wasm";
  return { gram: best("gram"), dense: best("dense") };
}

export interface LoadedPlan {
  readonly plan: Plan;
  /** The data sets that it reads from files. */
  readonly stored: StoredDatasets;
  readonly usable: readonly Backend[];
}

/**
 * Reads a sweep file into a plan. Which backends there are is looked up only if the plan has cells
 * in float32. @throws UsageError
 */
export async function loadPlan(
  sweepPath: string,
  usableBackends: () => Promise<readonly Backend[]>,
): Promise<LoadedPlan> {
  const sweep = loadSweepFile(sweepPath);
  const stored = new StoredDatasets();
  const plan = buildPlan(sweep, { stored });
  if (plan.groups.every(({ numeric_class }) => backendOf(numeric_class) === undefined)) {
    return { plan, stored, usable: [] };
  }
  const usable = await usableBackends();
  return { plan: buildPlan(sweep, { backends: bestBackends(usable), stored }), stored, usable };
}
