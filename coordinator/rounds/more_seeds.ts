import type { Plan, PlannedGroup } from "../../shared/plan.ts";
import { axisPoints, seedCount, seedReader } from "../../shared/spec/axes.ts";
import type { BoundaryRow } from "../analysis/boundaries/boundaries.ts";
import { intervalWidth, MEDIAN_SEEDS_MIN } from "../analysis/boundaries/missing.ts";
import { addedGroup } from "./section_groups.ts";

/** A round adds at least this share of the seeds there are, and at most so many times as many. */
const GROWTH_MIN = 1 / 4;
const GROWTH_MAX = 3;
/** Intervals narrow as 1/√n, but for chance: so much more than that is asked for. */
const MARGIN = 1.1;

/**
 * Groups with the seeds that the medians' intervals call for, behind the last cell of a plan: all
 * learning rates of the sweep file for each. `rows`: the boundary table of the results so far.
 */
export function moreSeeds(
  plan: Plan,
  rows: readonly BoundaryRow[],
  median_interval: number,
  cells_max: number,
): PlannedGroup[] {
  const wanted = rows
    .map((row) => ({ ...row, ratio: widestInterval(row) / median_interval }))
    .filter(({ ratio, seeds }) => ratio > 1 || seeds < MEDIAN_SEEDS_MIN)
    .sort((a, b) => b.ratio - a.ratio);
  const added: PlannedGroup[] = [];
  let first_cell = plan.cells;
  for (const { shape_group, seeds, ratio } of wanted) {
    const ours = plan.groups.filter((group) => group.shape_group === shape_group && !group.checks);
    const bases = ours.filter((group) => group.added === undefined);
    // With given weights every seed is the same run.
    if (bases.length === 0 || bases[0]!.shape.initial_weights !== null) continue;
    const points = bases.reduce((sum, { learning_rates }) => sum + axisPoints(learning_rates), 0);
    const room = Math.floor((plan.cells + cells_max - first_cell) / points);
    const from = 1 + ours.map(({ seeds: axis }) => lastSeed(axis)).reduce((a, b) => Math.max(a, b));
    const count = Math.min(seedsToAdd(seeds, ratio), room, Number.MAX_SAFE_INTEGER - from);
    if (count <= 0) continue;
    for (const base of bases) {
      const group = addedGroup(base, "seeds", first_cell, { from, count }, base.learning_rates);
      added.push(group);
      first_cell += group.cells;
    }
  }
  return added;
}

/** high/low − 1 of the wider of the two medians' intervals, of those that more seeds can narrow. */
function widestInterval({ eta0, eta1 }: BoundaryRow): number {
  return Math.max(...[eta0, eta1].map(intervalWidth));
}

function seedsToAdd(seeds: number, ratio: number): number {
  const more = Number.isFinite(ratio) ? seeds * (MARGIN * ratio * ratio - 1) : Infinity;
  const some = Math.min(Math.max(more, GROWTH_MIN * seeds), GROWTH_MAX * seeds);
  return Math.ceil(Math.max(some, MEDIAN_SEEDS_MIN - seeds));
}

function lastSeed(axis: PlannedGroup["seeds"]): number {
  const read = seedReader(axis);
  let last = 0;
  const count = seedCount(axis);
  if ("from" in axis) return read(count - 1);
  for (let i = 0; i < count; i++) last = Math.max(last, read(i));
  return last;
}
