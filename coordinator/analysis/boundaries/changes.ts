import type { DuckDBConnection } from "@duckdb/node-api";
import { log, log1p } from "../../../shared/elementary.ts";
import type { RunsSource } from "../runs_source.ts";

/** Neighbouring samples of one seed on different sides of η0, of η1, or of both. */
export interface Change {
  /** The samples on either side, low < high. */
  readonly low: number;
  readonly high: number;
  /** The samples next to those; null at an end of what was sampled. */
  readonly below: number | null;
  readonly above: number | null;
  readonly eta0: boolean;
  readonly eta1: boolean;
}

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

/** What the changes of one boundary, ascending, say of it. */
export interface BoundaryState {
  /** log(high/low) of the first change, and of the last; 0 without any. */
  readonly first: number;
  readonly last: number;
  /**
   * √Σ l² over the lengths l in log η of all intervals with a change. A change lies anywhere in its
   * interval, so each adds l/√12 to what the boundary by area is off by, one independent of another.
   */
  readonly undecided: number;
}

export function boundaryState(changes: readonly Change[]): BoundaryState {
  const lengths = changes.map(({ low, high }) => log(high / low));
  return {
    first: lengths[0] ?? 0,
    last: lengths.at(-1) ?? 0,
    undecided: Math.sqrt(lengths.reduce((sum, length) => sum + length * length, 0)),
  };
}

/** Whether a boundary is known to `eta_tolerance`: its ends and, of several changes, its area. */
export function isKnown(state: BoundaryState, eta_tolerance: number): boolean {
  const tolerance = log1p(eta_tolerance);
  return Math.max(state.first, state.last, state.undecided) <= tolerance * (1 + ROUNDING);
}

/** Lattice steps may be just the tolerance, and log(high/low) an ulp more. */
export const ROUNDING = 1e-9;
