import { UsageError } from "../errors.ts";
import type { BoundaryTargets } from "../plan.ts";
import { CELLS_MAX_DEFAULT } from "./defaults.ts";
import type { LoadedSweep } from "./load.ts";

/**
 * How well the boundaries of a sweep of so many cells are to be known; undefined where it stays as
 * it is. @throws UsageError on what the schema cannot see
 */
export function readTargets(sweep: LoadedSweep, cells: number): BoundaryTargets | undefined {
  const { boundaries = {}, grids = [], trajectory } = sweep.file;
  const { eta_tolerance, median_interval, cells_max } = boundaries;
  const refuse = (key: string, problem: string, fix: string): never => {
    throw new UsageError({ place: sweep.place(["boundaries", key]), problem, fix });
  };
  if (eta_tolerance === undefined) {
    for (const [key, value] of Object.entries({ median_interval, cells_max })) {
      if (value === undefined) continue;
      refuse(key, `'${key}' says nothing without 'eta_tolerance'`, "add `eta_tolerance: 1e-3`");
    }
    return undefined;
  }
  if (median_interval !== undefined && median_interval < eta_tolerance) {
    refuse(
      "median_interval",
      `${median_interval} is below 'eta_tolerance' (${eta_tolerance}), to which single seeds are known`,
      "ask for a wider interval, or for a smaller tolerance",
    );
  }
  const budget = cells_max ?? Math.max(CELLS_MAX_DEFAULT, cells);
  if (budget < cells) {
    refuse(
      "cells_max",
      `${budget} is below the ${cells} cells that the sweep has to begin with`,
      `allow more, for example \`cells_max: ${20 * cells}\`, or begin with a coarser grid`,
    );
  }
  if (trajectory !== undefined || grids.some((block) => block.trajectory !== undefined)) {
    refuse(
      "eta_tolerance",
      "cells that are added on the way would record trajectories, of which nobody knows how many",
      "record them in a sweep of their own, without 'eta_tolerance'",
    );
  }
  return { eta_tolerance, median_interval: median_interval ?? null, cells_max: budget };
}
