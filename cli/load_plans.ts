import { type Problem, UsageError } from "../shared/errors.ts";
import { sweepPaths } from "../shared/spec/shipped_sweeps.ts";
import { type Hardware, type LoadedPlan, loadPlan } from "./load_plan.ts";

/** A sweep file that was read. */
export interface LoadedSweepFile extends LoadedPlan {
  readonly path: string;
}

/**
 * Reads several sweep files, all before anything is done with one of them. What there is to compute
 * on is looked up once at most.
 * @throws UsageError with the mistakes of all files, or where two have the same name
 */
export async function loadPlans(
  paths: readonly string[],
  hardware: () => Promise<Hardware>,
): Promise<LoadedSweepFile[]> {
  let found: Promise<Hardware> | undefined;
  const once = () => {
    found ??= hardware();
    return found;
  };
  const loaded: LoadedSweepFile[] = [];
  const problems: Problem[] = [];
  for (const path of paths.flatMap(sweepPaths)) {
    try {
      loaded.push({ path, ...(await loadPlan(path, once)) });
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      problems.push(...error.problems);
    }
  }
  for (const [index, { path, plan }] of loaded.entries()) {
    const first = loaded.findIndex((other) => other.plan.name === plan.name);
    if (first === index) continue;
    const problem = `it has the name '${plan.name}' of ${loaded[first]!.path}, so both would write one folder`;
    problems.push({ place: path, problem, fix: "give one of them another name" });
  }
  if (problems.length > 0) throw new UsageError(...problems);
  return loaded;
}
