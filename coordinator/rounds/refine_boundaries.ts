import type { DuckDBConnection } from "@duckdb/node-api";
import type { Plan, PlannedGroup } from "../../shared/plan.ts";
import { bootstrapUniforms } from "../analysis/boundaries/bootstrap_uniforms.ts";
import { readBoundaryRows } from "../analysis/boundaries/boundaries.ts";
import { sampledRuns } from "../analysis/runs_source.ts";
import { moreSeeds } from "./more_seeds.ts";
import { readChanges } from "./read_changes.ts";
import { sectionGroups } from "./section_groups.ts";
import { sectionsOf } from "./sections.ts";

/**
 * The groups that bring the boundaries of a plan with targets nearer to them: learning rates where
 * phases change as long as any seed's boundary is not known well enough, and seeds after that. None
 * when the targets are met, or no more fits into `cells_max`. `path`: the results so far.
 */
export async function refineBoundaries(
  connection: DuckDBConnection,
  plan: Plan,
  path: string,
): Promise<PlannedGroup[]> {
  if (plan.targets === undefined) return [];
  const { eta_tolerance, median_interval, cells_max } = plan.targets;
  const room = cells_max - plan.cells;
  if (room <= 0) return [];
  const source = sampledRuns(path, plan);
  const sections = (await readChanges(connection, source)).flatMap(
    ({ shape_group, seed, changes }) =>
      sectionsOf(changes, eta_tolerance).map((section) => ({ ...section, shape_group, seed })),
  );
  const groups = sectionGroups(plan, sections, room);
  // Seeds whose intervals cannot be cut for want of room do not call for further seeds.
  if (groups.length > 0 || median_interval === null || sections.length > 0) return groups;
  const { confidence } = plan;
  const options = { uniforms: bootstrapUniforms, confidence };
  const rows = await readBoundaryRows(connection, source, options);
  return moreSeeds(plan, rows, median_interval, room);
}
