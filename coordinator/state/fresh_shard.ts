import type { Range } from "../../shared/ranges.ts";
import { canComputeGroup, groupsOf } from "./abilities.ts";
import type { State, SweepState, WorkerState } from "./state.ts";

/** Groups that are weighed against each other when a worker takes its next shard. */
const CANDIDATES_MAX = 8;
/**
 * A worker leaves the first group for one that it is so many times better at, compared with whoever
 * is best at each: less than that is noise, and the order of the plan keeps neighbours together.
 */
const MUCH_BETTER = 2;

/**
 * Where a worker's next fresh shard begins, within which range. It takes the first group in the
 * plan's order that it can compute, unless another suits it much better: rates are compared with the
 * best measured anywhere, so a slow worker gets what it is least slow at. A group that it has not
 * been measured on may suit it best of all.
 */
export function freshShard(
  state: State,
  { plan, fresh }: SweepState,
  worker: WorkerState,
): Range | undefined {
  let first: Range | undefined;
  let firstScore = 0;
  let best: Range | undefined;
  let bestScore = 0;
  let weighed = 0;
  for (const { range, group } of groupsOf(plan, fresh)) {
    if (!canComputeGroup(worker, group)) continue;
    const score = comparativeRate(state, worker, group.shape_group);
    if (first === undefined) [first, firstScore] = [range, score];
    if (score > bestScore) [best, bestScore] = [range, score];
    if (++weighed === CANDIDATES_MAX || score === 1) break;
  }
  return bestScore > MUCH_BETTER * firstScore ? best : first;
}

/** The worker's rate by the best one measured anywhere, at most 1; 1 where it was not measured. */
function comparativeRate({ fastest }: State, { rates }: WorkerState, shape_group: string): number {
  const own = rates.get(shape_group);
  const best = fastest.get(shape_group);
  return own === undefined || best === undefined ? 1 : Math.min(1, own / best.cells_per_ms);
}
