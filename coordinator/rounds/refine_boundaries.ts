import type { DuckDBConnection } from "@duckdb/node-api";
import { log, log1p } from "../../shared/elementary.ts";
import type { Plan, PlannedGroup } from "../../shared/plan.ts";
import { bootstrapUniforms } from "../analysis/boundaries/bootstrap_uniforms.ts";
import { readBoundaryRows } from "../analysis/boundaries/boundaries.ts";
import { readChanges } from "../analysis/boundaries/changes.ts";
import { type ResultFiles, sampledRuns } from "../analysis/runs_source.ts";
import { moreSeeds } from "./more_seeds.ts";
import { sectionGroups } from "./section_groups.ts";
import { sectionsOf } from "./sections.ts";

/** Seeds are asked for once brackets are so much narrower than the interval that is wanted. */
const BRACKET_SHARE = 1 / 2;

/**
 * The groups that bring the boundaries of a plan with targets nearer to them: learning rates where
 * phases change as long as any seed's boundary is not known well enough, and seeds as soon as the
 * boundaries of those there are tell how many are wanted. None when the targets are met, or no more
 * fits into `cells_max`. `results`: the files with the cells so far.
 */
export async function refineBoundaries(
  connection: DuckDBConnection,
  plan: Plan,
  results: ResultFiles,
): Promise<PlannedGroup[]> {
  if (plan.targets === undefined) return [];
  const { eta_tolerance, median_interval, cells_max } = plan.targets;
  const room = cells_max - plan.cells;
  if (room <= 0) return [];
  const source = sampledRuns(results, plan);
  const sections = (await readChanges(connection, source)).flatMap(
    ({ shape_group, seed, changes }) =>
      sectionsOf(changes, eta_tolerance).map((section) => ({ ...section, shape_group, seed })),
  );
  const groups = sectionGroups(plan, sections, room);
  const cut = groups.reduce((sum, { cells }) => sum + cells, 0);
  if (median_interval === null || (sections.length > 0 && cut === 0)) return groups;
  const narrow = BRACKET_SHARE * log1p(median_interval);
  if (sections.some(({ low, high }) => log(high / low) > narrow)) return groups;
  const { confidence } = plan;
  const options = { uniforms: bootstrapUniforms, confidence };
  const rows = await readBoundaryRows(connection, source, options);
  const longer = { ...plan, cells: plan.cells + cut, groups: [...plan.groups, ...groups] };
  return [...groups, ...moreSeeds(longer, rows, median_interval, room - cut)];
}
