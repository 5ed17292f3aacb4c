import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { WORK_PLAN_CHARACTERS_MAX } from "../../shared/limits.ts";
import type { Plan } from "../../shared/plan.ts";
import { union } from "../../shared/ranges.ts";
import { allRuns, cellsWithin, type ResultFiles, rangeOf } from "../analysis/runs_source.ts";
import { boundaryGroups } from "./boundary_groups.ts";
import { refineBoundaries } from "./refine_boundaries.ts";
import { ROUND_GROUPS_MAX } from "./section_groups.ts";

/** Room for the shapes is left. */
const PLAN_CHARACTERS_MAX = WORK_PLAN_CHARACTERS_MAX / 2;

/** Whether a plan may grow once all of its cells are there. */
export function hasNextRound({ groups, targets }: Plan): boolean {
  const wanted = targets !== undefined || groups.some(({ verify }) => verify === true);
  // The cells next to a change of phase are the last round: by then it is known where those are.
  return wanted && groups.every(({ checks }) => checks?.why !== "boundary");
}

/**
 * The plan with the cells that its results call for: those that narrow the boundaries of a sweep
 * with targets, and when there are none left, those next to a change of phase, in float64 once
 * more. A function of the plan and its cells alone, so every coordinator adds the same ones.
 * `results`: the files with the cells so far. Undefined where nothing is to be added.
 */
export async function nextRound(plan: Plan, results: ResultFiles): Promise<Plan | undefined> {
  if (!hasNextRound(plan)) return undefined;
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  try {
    const refined = extendPlan(plan, await refineBoundaries(connection, plan, results));
    if (refined !== undefined && fitsMessage(refined)) return refined;
    if (plan.groups.every(({ verify }) => verify !== true)) return undefined;
    const cells = await cellsAtChanges(connection, plan, results);
    for (let groups_max = ROUND_GROUPS_MAX; ; groups_max = Math.floor(groups_max / 2)) {
      const extended = extendPlan(plan, boundaryGroups(plan, cells, groups_max));
      // Fewer groups have longer lists of learning rates, but fewer of them.
      if (extended === undefined || groups_max <= 1 || fitsMessage(extended)) return extended;
    }
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

function fitsMessage(plan: Plan): boolean {
  return (
    JSON.stringify(plan.groups.map(({ shape: _, ...group }) => group)).length < PLAN_CHARACTERS_MAX
  );
}

/** A plan with groups behind its last cell. */
function extendPlan(plan: Plan, groups: Plan["groups"]): Plan | undefined {
  if (groups.length === 0) return undefined;
  const cells = plan.cells + groups.reduce((sum, group) => sum + group.cells, 0);
  return { ...plan, cells, groups: [...plan.groups, ...groups] };
}

/**
 * The cells of groups to be verified that stand at a change of phase along a seed's learning rates,
 * or are neighbours of one that does, ascending.
 */
async function cellsAtChanges(
  connection: DuckDBConnection,
  { groups }: Plan,
  results: ResultFiles,
): Promise<number[]> {
  const verified = groups.filter(({ verify }) => verify === true).map(rangeOf);
  const reader = await connection.runAndReadAll(`
    WITH changed AS (
      SELECT shape_group, seed, learning_rate, cell,
        coalesce(phase <> lag(phase) OVER along, false)
          OR coalesce(phase <> lead(phase) OVER along, false) AS at_change
      FROM ${allRuns(results)} WHERE ${cellsWithin(union(verified, []))}
      WINDOW along AS (PARTITION BY shape_group, seed ORDER BY learning_rate)
    ), near AS (
      SELECT cell, at_change OR coalesce(lag(at_change) OVER along, false)
        OR coalesce(lead(at_change) OVER along, false) AS is_near
      FROM changed WINDOW along AS (PARTITION BY shape_group, seed ORDER BY learning_rate)
    )
    SELECT cell::DOUBLE FROM near WHERE is_near ORDER BY cell`);
  return reader.getRows().map(([cell]) => cell as number);
}
