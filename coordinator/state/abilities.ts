import { kernelVersionOf } from "../../shared/kernel_version.ts";
import { groupIndexOf, type Plan, type PlannedGroup } from "../../shared/plan.ts";
import type { Range } from "../../shared/ranges.ts";
import type { SweepState, WorkerState } from "./state.ts";

/** What decides who may compute a cell: its bits must not depend on it. */
export interface Ability {
  readonly numeric_class: string;
  readonly kernel_version: number;
}

type Able = Pick<WorkerState, "numeric_classes" | "kernel_versions">;

/** Whether a worker gives numbers of a kind. */
export function canGive(worker: Able, { numeric_class, kernel_version }: Ability): boolean {
  return (
    worker.numeric_classes.includes(numeric_class) &&
    worker.kernel_versions.includes(kernel_version)
  );
}

/** Whether a worker gives the numbers of a group. */
export function canComputeGroup(worker: Able, group: PlannedGroup): boolean {
  const { numeric_class } = group;
  return canGive(worker, { numeric_class, kernel_version: kernelVersionOf(group) });
}

/** Whether a worker can compute the shape group of a cell. */
export function canCompute(worker: Able, { plan }: SweepState, cell: number): boolean {
  return canComputeGroup(worker, plan.groups[groupIndexOf(plan, cell)]!);
}

/** Whether the first can compute all that the second can. */
export function canReplace(first: Able, second: Able): boolean {
  return (
    second.numeric_classes.every((name) => first.numeric_classes.includes(name)) &&
    second.kernel_versions.every((version) => first.kernel_versions.includes(version))
  );
}

/** Equal for workers that can compute the same. */
export function abilityKey({ numeric_classes, kernel_versions }: Able): string {
  return `${numeric_classes.join()} ${kernel_versions.join()}`;
}

/** What is needed for the cells that nobody has in hand, each once. */
export function abilitiesWanted({ plan, fresh, returned }: SweepState): Ability[] {
  const wanted = new Map<string, Ability>();
  for (const { group } of groupsOf(plan, [...fresh, ...returned.map(({ range }) => range)])) {
    const { numeric_class } = group;
    const kernel_version = kernelVersionOf(group);
    wanted.set(`${numeric_class} ${kernel_version}`, { numeric_class, kernel_version });
  }
  return [...wanted.values()];
}

/** The parts of ranges by group, in the plan's order within each. */
export function* groupsOf(
  plan: Plan,
  ranges: readonly Range[],
): Generator<{ readonly range: Range; readonly group: PlannedGroup }> {
  for (const { first, end } of ranges) {
    for (let i = groupIndexOf(plan, first), at = first; at < end; i++) {
      const group = plan.groups[i]!;
      const next = Math.min(end, group.first_cell + group.cells);
      yield { range: { first: at, end: next }, group };
      at = next;
    }
  }
}
