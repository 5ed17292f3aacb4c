import { log } from "../../shared/elementary.ts";
import { SWEEP_GROUPS_MAX } from "../../shared/limits.ts";
import { groupCells, type Plan, type PlannedGroup } from "../../shared/plan.ts";
import type { LearningRateAxis, SeedAxis } from "../../shared/spec/axes.ts";
import { axisPoints, learningRateAt } from "../../shared/spec/axes.ts";
import { cutInterval } from "./cut_interval.ts";
import type { Section } from "./sections.ts";

/** Groups that a round may add to a sweep: each is an entry of the plan that workers fetch. */
export const ROUND_GROUPS_MAX = 4096;

/** An interval of one seed that is to be cut. */
export interface SeedSection extends Section {
  readonly shape_group: string;
  readonly seed: number;
}

interface SectionGroup {
  readonly base: PlannedGroup;
  readonly learning_rates: LearningRateAxis;
  readonly seeds: number[];
}

/**
 * The groups that cut some intervals, to follow the last cell of a plan. Seeds that cut the same
 * interval share a group; as intervals lie on a lattice, there are no more of them than there are
 * intervals of that length where boundaries lie, however many seeds there are. What a seed alone
 * cuts is one group. The widest intervals come first where `cells_max` cells are too few for all, or
 * there would be more than `groups_max` groups.
 */
export function sectionGroups(
  plan: Plan,
  sections: readonly SeedSection[],
  cells_max: number,
  groups_max = Math.min(ROUND_GROUPS_MAX, SWEEP_GROUPS_MAX - plan.groups.length),
): PlannedGroup[] {
  const bases = baseGroups(plan);
  const order = new Map([...bases.keys()].map((shape_group, index) => [shape_group, index]));
  const widestFirst = [...sections].sort(
    (a, b) =>
      lengthOf(b) - lengthOf(a) ||
      order.get(a.shape_group)! - order.get(b.shape_group)! ||
      a.low - b.low ||
      a.seed - b.seed,
  );
  const groups = new Map<string, SectionGroup>();
  let cells = 0;
  for (const { shape_group, low, high, parts, seed } of widestFirst) {
    const learning_rates = cutInterval(low, high, parts);
    if (learning_rates === undefined) continue;
    const points = axisPoints(learning_rates);
    const key = `${shape_group} ${low} ${high} ${parts}`;
    const known = groups.get(key);
    if (cells + points > cells_max) break;
    if (known === undefined && groups.size >= groups_max) continue;
    cells += points;
    if (known !== undefined) known.seeds.push(seed);
    else groups.set(key, { base: bases.get(shape_group)!, learning_rates, seeds: [seed] });
  }
  let first_cell = plan.cells;
  return alone([...groups.values()]).map(({ base, learning_rates, seeds }) => {
    const axis = seedAxis(seeds);
    const group = addedGroup(base, "learning_rates", first_cell, axis, learning_rates);
    first_cell += group.cells;
    return group;
  });
}

/** One group of those of a seed that it shares with no other. */
function alone(groups: readonly SectionGroup[]): SectionGroup[] {
  const bySeed = new Map<string, SectionGroup[]>();
  const keyOf = ({ base, seeds }: SectionGroup) =>
    seeds.length === 1 ? `${base.shape_group} ${seeds[0]}` : undefined;
  for (const group of groups) {
    const key = keyOf(group);
    if (key !== undefined) bySeed.set(key, [...(bySeed.get(key) ?? []), group]);
  }
  return groups.flatMap((group) => {
    const own = bySeed.get(keyOf(group) ?? "") ?? [group];
    if (own[0] !== group) return [];
    if (own.length === 1) return own;
    const values = own.flatMap(({ learning_rates }) =>
      Array.from({ length: axisPoints(learning_rates) }, (_, i) =>
        learningRateAt(learning_rates, i),
      ),
    );
    values.sort((a, b) => a - b);
    return [{ ...group, learning_rates: { scale: "list", values } as const }];
  });
}

/** The first group of each shape that the sweep file asked for, in the plan's order. */
function baseGroups({ groups }: Plan): Map<string, PlannedGroup> {
  const bases = new Map<string, PlannedGroup>();
  for (const group of groups) {
    if (group.checks !== undefined || group.added !== undefined) continue;
    if (!bases.has(group.shape_group)) bases.set(group.shape_group, group);
  }
  return bases;
}

/** A group of the shape of another one, with cells of its own. */
export function addedGroup(
  base: PlannedGroup,
  added: "learning_rates" | "seeds",
  first_cell: number,
  seeds: SeedAxis,
  learning_rates: LearningRateAxis,
): PlannedGroup {
  const cells = groupCells(seeds, learning_rates);
  return { ...base, first_cell, cells, seeds, learning_rates, added };
}

function seedAxis(seeds: number[]): SeedAxis {
  const values = seeds.sort((a, b) => a - b);
  const [from, count] = [values[0]!, values.length];
  const isRun = values.at(-1)! - from === count - 1;
  return isRun ? { from, count } : { values };
}

/** Rounded, so that intervals of the same length on the lattice are equally wide. */
function lengthOf({ low, high }: Section): number {
  return Math.round(log(high / low) * 2 ** 44);
}
