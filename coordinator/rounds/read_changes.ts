import type { DuckDBConnection } from "@duckdb/node-api";
import type { RunsSource } from "../analysis/runs_source.ts";
import type { Change } from "./sections.ts";

/** The changes of one seed of a shape group, ascending. */
export interface SeedChanges {
  readonly shape_group: string;
  readonly seed: number;
  readonly changes: Change[];
}

/** Where the phases of each seed change sides of a boundary; seeds without a change are left out. */
export async function readChanges(
  connection: DuckDBConnection,
  source: RunsSource,
): Promise<SeedChanges[]> {
  // DISTINCT: blocks of one sweep may share learning rates of a shape.
  const reader = await connection.runAndReadAll(`
    WITH sample AS (
      SELECT DISTINCT shape_group, seed, learning_rate,
        phase = 'lazy' AS is_lazy, phase <> 'divergent' AS is_bounded
      FROM ${source}
    ), neighbours AS (
      SELECT shape_group, seed,
        lag(learning_rate, 2) OVER along AS below, lag(learning_rate) OVER along AS low,
        learning_rate AS high, lead(learning_rate) OVER along AS above,
        is_lazy <> lag(is_lazy) OVER along AS eta0, is_bounded <> lag(is_bounded) OVER along AS eta1
      FROM sample WINDOW along AS (PARTITION BY shape_group, seed ORDER BY learning_rate)
    )
    SELECT shape_group, seed::DOUBLE AS seed, below, low, high, above, eta0, eta1
    FROM neighbours WHERE eta0 OR eta1 ORDER BY shape_group, seed, high`);
  const found: SeedChanges[] = [];
  for (const row of reader.getRowObjectsJS() as unknown as (Change & SeedChanges)[]) {
    const { shape_group, seed, changes: _, ...change } = row;
    const last = found.at(-1);
    if (last?.shape_group === shape_group && last.seed === seed) last.changes.push(change);
    else found.push({ shape_group, seed, changes: [change] });
  }
  return found;
}
