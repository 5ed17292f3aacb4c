import { WORK_PLAN_CHARACTERS_MAX } from "../../shared/limits.ts";
import { groupCells, type Plan, type PlannedGroup, serializePlan } from "../../shared/plan.ts";
import { axisPoints, seedCount } from "../../shared/spec/axes.ts";
import { commonLearningRates, commonSeeds } from "./match_axes.ts";
import {
  difference,
  intersection,
  interval,
  isEqual,
  type PositionSet,
  runsOf,
  sizeOf,
  union,
} from "./position_sets.ts";

/** Rectangles that one group is cut into at the most; what more sources have is computed again. */
const RECTANGLES_MAX = 64;

/** A group of a work plan whose cells all stand in one group of an earlier sweep. */
export interface CachedGroup {
  /** Index into the groups of the work plan. */
  readonly work_group: number;
  /** Index into the sources, and into the groups of that source's plan. */
  readonly source: number;
  readonly source_group: number;
}

export interface PlannedWork {
  /** The plan itself where no group is cut. */
  readonly work: Plan;
  readonly cached: readonly CachedGroup[];
}

interface Candidate {
  readonly source: number;
  readonly source_group: number;
  readonly seeds: PositionSet;
  readonly learning_rates: PositionSet;
}

/** Some seeds × some learning rates of a group; without `from` they are to be computed. */
interface Rectangle {
  readonly seeds: PositionSet;
  readonly learning_rates: PositionSet;
  readonly from?: Candidate;
}

/**
 * Cuts a plan along the cells that the plans of earlier sweeps have. Where several have a cell, the
 * first one counts. A plan that would become too large for the wire by that is left whole.
 */
export function planWork(plan: Plan, sources: readonly Plan[]): PlannedWork {
  const candidatesOf = candidateFinder(sources);
  const groups: PlannedGroup[] = [];
  const cached: CachedGroup[] = [];
  let isCut = false;
  for (const group of plan.groups) {
    let { first_cell } = group;
    const rectangles = cutGroup(group, candidatesOf(group));
    for (const { seeds, learning_rates, from } of rectangles) {
      if (from !== undefined) {
        const { source, source_group } = from;
        cached.push({ work_group: groups.length, source, source_group });
      }
      if (rectangles.length === 1) {
        groups.push(group);
        continue;
      }
      isCut = true;
      const part = {
        seeds: { of: group.seeds, runs: runsOf(seeds) },
        learning_rates: {
          scale: "subset",
          of: group.learning_rates,
          runs: runsOf(learning_rates),
        },
      } as const;
      const cells = groupCells(part.seeds, part.learning_rates);
      groups.push({ ...group, ...part, first_cell, cells, split_from: group.first_cell });
      first_cell += cells;
    }
  }
  if (!isCut) return { work: plan, cached };
  const work = { ...plan, groups };
  return serializePlan(work).length > WORK_PLAN_CHARACTERS_MAX
    ? { work: plan, cached: [] }
    : { work, cached };
}

/** Finds what the sources have of a group; equal axes, of which there are many, are matched once. */
function candidateFinder(sources: readonly Plan[]): (group: PlannedGroup) => Candidate[] {
  const byShape = new Map<
    string,
    { source: number; source_group: number; group: PlannedGroup }[]
  >();
  for (const [source, { groups }] of sources.entries()) {
    for (const [source_group, group] of groups.entries()) {
      const known = byShape.get(group.shape_group) ?? [];
      known.push({ source, source_group, group });
      byShape.set(group.shape_group, known);
    }
  }
  const matched = new Map<string, { seeds: PositionSet; learning_rates: PositionSet }>();
  return (ours) =>
    (byShape.get(ours.shape_group) ?? []).map(({ source, source_group, group: theirs }) => {
      const key = JSON.stringify([
        [ours.seeds, ours.learning_rates],
        [theirs.seeds, theirs.learning_rates],
      ]);
      const match = matched.get(key) ?? {
        seeds: commonSeeds(ours.seeds, theirs.seeds),
        learning_rates: commonLearningRates(ours.learning_rates, theirs.learning_rates),
      };
      matched.set(key, match);
      return { source, source_group, ...match };
    });
}

/** The rectangles of a group, cached ones first; a single one is the whole group. */
function cutGroup(group: PlannedGroup, candidates: readonly Candidate[]): Rectangle[] {
  let left: Rectangle[] = [
    {
      seeds: interval(0, seedCount(group.seeds)),
      learning_rates: interval(0, axisPoints(group.learning_rates)),
    },
  ];
  let found: Rectangle[] = [];
  for (const from of candidates) {
    const taken: Rectangle[] = [];
    const rest: Rectangle[] = [];
    for (const { seeds, learning_rates } of left) {
      const theirs = intersection(seeds, from.seeds);
      const rates = intersection(learning_rates, from.learning_rates);
      if (theirs.length === 0 || rates.length === 0) {
        rest.push({ seeds, learning_rates });
        continue;
      }
      taken.push({ seeds: theirs, learning_rates: rates, from });
      rest.push({ seeds: theirs, learning_rates: difference(learning_rates, rates) });
      rest.push({ seeds: difference(seeds, theirs), learning_rates });
    }
    const [moreFound, lessLeft] = [[...found, ...joinSeeds(taken)], joinSeeds(rest)];
    if (moreFound.length + lessLeft.length > RECTANGLES_MAX) continue;
    found = moreFound;
    left = lessLeft;
  }
  return [...found, ...left];
}

/** Makes one rectangle of those with equal learning rates, and none of those without cells. */
function joinSeeds(rectangles: readonly Rectangle[]): Rectangle[] {
  const joined: Rectangle[] = [];
  for (const rectangle of rectangles) {
    const { seeds, learning_rates } = rectangle;
    if (sizeOf(seeds) === 0 || sizeOf(learning_rates) === 0) continue;
    const same = joined.findIndex((other) => isEqual(other.learning_rates, learning_rates));
    if (same < 0) joined.push(rectangle);
    else joined[same] = { ...rectangle, seeds: union(joined[same]!.seeds, seeds) };
  }
  return joined;
}
