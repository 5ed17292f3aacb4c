import type { FloatBackends } from "../shared/engine_choice.ts";
import { type Backend, backendOf } from "../shared/numeric_class.ts";
import type { Plan } from "../shared/plan.ts";
import { buildPlan } from "../shared/spec/build_plan.ts";
import { type LoadedSweep, loadSweepFile } from "../shared/spec/load.ts";
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

/** What there is to compute on. */
export interface Hardware {
  readonly backends: readonly Backend[];
  /** Whether CPUs compute too, in float64 and on wasm. */
  readonly hasCpu: boolean;
}

/**
 * Reads a sweep file into a plan. What there is to compute on is looked up only if the plan has
 * cells in float32; where CPUs compute too, a sample of those cells is checked on them.
 * @throws UsageError
 */
export async function loadPlan(
  sweepPath: string,
  hardware: () => Promise<Hardware>,
): Promise<LoadedPlan> {
  return resolvePlan(loadSweepFile(sweepPath), hardware, new StoredDatasets());
}

/** As loadPlan, of a sweep file that was read. @throws UsageError */
export async function resolvePlan(
  sweep: LoadedSweep,
  hardware: () => Promise<Hardware>,
  stored: StoredDatasets,
): Promise<LoadedPlan> {
  const plan = buildPlan(sweep, { stored });
  if (plan.groups.every(({ numeric_class }) => backendOf(numeric_class) === undefined)) {
    return { plan, stored, usable: [] };
  }
  const { backends: usable, hasCpu: checks } = await hardware();
  const backends = bestBackends(usable);
  return { plan: buildPlan(sweep, { backends, checks, stored }), stored, usable };
}
