import type { PartHeader__Output } from "../../shared/generated/phasesweep/v1/PartHeader.ts";
import { PART_BYTES_MAX, SHARD_CELLS_MAX } from "../../shared/limits.ts";
import { groupIndexOf, type Plan } from "../../shared/plan.ts";
import { nameProblem } from "./names.ts";

/** The last moment that a JavaScript date can name; DuckDB's reach a little further. */
const WALL_MS_MAX = 8.64e15;

/**
 * What is wrong with what a part says about itself, or undefined. Everything that is journaled and
 * merged later is looked at here, while the worker that said it can still be told.
 */
export function claimProblem(plan: Plan, header: PartHeader__Output): string | undefined {
  const { firstCell, cellCount, bytes, computeMs, startedMs, worker, host, lease } = header;
  if (bytes > PART_BYTES_MAX) {
    return `the part has ${bytes} bytes, over the limit of ${PART_BYTES_MAX} (PART_BYTES_MAX)`;
  }
  const cells = cellsProblem(plan, firstCell, cellCount);
  if (cells !== undefined) return cells;
  const { lazy = 0, catapult = 0, divergent = 0, unsettled = 0 } = header.phases ?? {};
  const phases = [lazy, catapult, divergent, unsettled];
  if (phases.some((count) => count < 0) || phases.reduce((a, b) => a + b) !== cellCount) {
    return `the phases ${phases.join(" + ")} do not add up to ${cellCount} cells`;
  }
  if (!(computeMs >= 0 && Number.isFinite(computeMs))) return `compute_ms is ${computeMs}`;
  if (!(startedMs >= 0 && startedMs <= WALL_MS_MAX)) return `started_ms is ${startedMs}`;
  return nameProblem({ worker, host, lease });
}

/** What is wrong with a range as the range of a shard, or undefined. */
export function cellsProblem(plan: Plan, first: number, count: number): string | undefined {
  if (!(Number.isSafeInteger(count) && count >= 1 && count <= SHARD_CELLS_MAX)) {
    return `${count} cells, not 1 to ${SHARD_CELLS_MAX} (SHARD_CELLS_MAX)`;
  }
  const last = first + count - 1;
  if (!(Number.isSafeInteger(first) && first >= 0 && last < plan.cells)) {
    return `no cells ${first} to ${last} in sweep '${plan.name}', which has 0 to ${plan.cells - 1}`;
  }
  if (groupIndexOf(plan, first) !== groupIndexOf(plan, last)) {
    return `cells ${first} to ${last} are of several shape groups; a shard is of one`;
  }
  return undefined;
}
