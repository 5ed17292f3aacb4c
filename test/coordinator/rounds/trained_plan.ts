import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { refineBoundaries } from "../../../coordinator/rounds/refine_boundaries.ts";
import type { Phase } from "../../../shared/phases.ts";
import { cellCoordinates, type Plan, type PlannedGroup } from "../../../shared/plan.ts";
import { type FixtureCell, writeResults } from "../analysis/results_fixture.ts";

/** What a run ends in, in place of training it. */
export type Verdict = (group: PlannedGroup, seed: number, learning_rate: number) => Phase;

/** Rounds after which a plan is taken not to end. */
const ROUNDS_MAX = 60;

/** The rows of a plan whose runs end as `verdict` says. */
export function rowsOf(plan: Plan, verdict: Verdict): FixtureCell[] {
  return plan.groups.flatMap((group) => {
    const { seeds, learning_rates } = cellCoordinates(group, group.first_cell, group.cells);
    return [...seeds].map((seed, i) => ({
      shape_group: group.shape_group,
      seed,
      learning_rate: learning_rates[i]!,
      phase: verdict(group, seed, learning_rates[i]!),
    }));
  });
}

/** The plan after all of its rounds, and after each. */
export async function grow(
  connection: DuckDBConnection,
  folder: string,
  plan: Plan,
  verdict: Verdict,
): Promise<Plan[]> {
  const path = join(folder, "results.parquet");
  const plans = [plan];
  for (let grown = plan; plans.length < ROUNDS_MAX; plans.push(grown)) {
    await writeResults(connection, path, rowsOf(grown, verdict));
    const added = await refineBoundaries(connection, grown, path);
    if (added.length === 0) return plans;
    const cells = grown.cells + added.reduce((sum, group) => sum + group.cells, 0);
    grown = { ...grown, cells, groups: [...grown.groups, ...added] };
  }
  throw new Error(`more than ${ROUNDS_MAX} rounds`);
}
