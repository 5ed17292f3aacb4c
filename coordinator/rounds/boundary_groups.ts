import { FLOAT64_EXACT } from "../../shared/numeric_class.ts";
import type { Plan, PlannedGroup } from "../../shared/plan.ts";
import { axisPoints } from "../../shared/spec/axes.ts";
import {
  checkGroup,
  runsOf,
  subsetOfRates,
  subsetOfSeeds,
} from "../../shared/spec/check_groups.ts";
import { ROUND_GROUPS_MAX } from "./section_groups.ts";

/**
 * The float64 groups for cells that stand next to a change of phase. `cells` are cells of the plan
 * in ascending order. A group holds every chosen learning rate of its seeds, so seeds with the same
 * ones share a group; where that makes more groups than `groups_max`, neighbouring seeds share one
 * with the learning rates of all of them.
 */
export function boundaryGroups(
  plan: Plan,
  cells: readonly number[],
  groups_max = ROUND_GROUPS_MAX,
): PlannedGroup[] {
  const bySeed = new Map<PlannedGroup, Map<number, number[]>>();
  const places = plan.groups.filter(({ verify }) => verify === true);
  let place = 0;
  for (const cell of cells) {
    while (cell >= places[place]!.first_cell + places[place]!.cells) place++;
    const group = places[place]!;
    const offset = cell - group.first_cell;
    const points = axisPoints(group.learning_rates);
    const seed = Math.floor(offset / points);
    const seeds = bySeed.get(group) ?? new Map<number, number[]>();
    seeds.set(seed, [...(seeds.get(seed) ?? []), offset % points]);
    bySeed.set(group, seeds);
  }
  const seedsInAll = [...bySeed.values()].reduce((sum, seeds) => sum + seeds.size, 0);
  const together = Math.ceil(seedsInAll / Math.max(1, groups_max - bySeed.size));
  const added: PlannedGroup[] = [];
  let first_cell = plan.cells;
  for (const [group, seeds] of bySeed) {
    const { engine: _, ...shape } = group.shape;
    for (const { positions, rates } of merged([...seeds], together)) {
      const check = checkGroup(group, "boundary", first_cell, {
        shape,
        numeric_class: FLOAT64_EXACT,
        seeds: subsetOfSeeds(group.seeds, runsOf(positions)),
        learning_rates: subsetOfRates(group.learning_rates, rates),
      });
      added.push(check);
      first_cell += check.cells;
    }
  }
  return added;
}

/** So many neighbouring seeds at a time, and then those with equal learning rates, as one. */
function merged(
  seeds: readonly (readonly [number, readonly number[]])[],
  together: number,
): { positions: number[]; rates: number[] }[] {
  const byRates = new Map<string, { positions: number[]; rates: number[] }>();
  for (let at = 0; at < seeds.length; at += together) {
    const some = seeds.slice(at, at + together);
    const rates = [...new Set(some.flatMap(([, own]) => own))].sort((a, b) => a - b);
    const known = byRates.get(rates.join());
    const positions = some.map(([position]) => position);
    if (known === undefined) byRates.set(rates.join(), { positions, rates });
    else known.positions.push(...positions);
  }
  return [...byRates.values()];
}
