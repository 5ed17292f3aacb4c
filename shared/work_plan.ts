import { groupIndexOf, type Plan, type PlannedGroup } from "./plan.ts";
import { addRange, type Range, union } from "./ranges.ts";
import { positionReader, type Run } from "./runs.ts";
import { axisPoints } from "./spec/axes.ts";

/**
 * A work plan has the cells of a plan in another order: some of its groups are cut into rectangles
 * (some of the seeds × some of the learning rates), so that the cells that earlier sweeps have are
 * few ranges. The rectangles of a group take the place of the group, so every group begins at the
 * same cell in both; a plan of which nothing is cut is its own work plan.
 */

/** Where the cells of a rectangle stand in the group that it was cut from. */
export interface Split {
  /** First cell of the whole group. */
  readonly first_cell: number;
  /** Learning rates of the whole group. */
  readonly points: number;
  /** Positions of the rectangle's seeds among those of the whole group. */
  readonly seeds: readonly Run[];
  readonly learning_rates: readonly Run[];
  /** Learning rates of the rectangle. */
  readonly width: number;
}

/** The cut that made a group of a work plan; undefined for a whole group. */
export function splitOf({ split_from, seeds, learning_rates }: PlannedGroup): Split | undefined {
  if (split_from === undefined) return undefined;
  if (!("of" in seeds) || learning_rates.scale !== "subset") {
    throw new Error("a part of a group must have subsets of its axes");
  }
  return {
    first_cell: split_from,
    points: axisPoints(learning_rates.of),
    seeds: seeds.runs,
    learning_rates: learning_rates.runs,
    width: axisPoints(learning_rates),
  };
}

/** A function from the cells of a split group, by their place in it, to cells of the plan. */
export function planCellReader(split: Split): (place: number) => number {
  const seed = positionReader(split.seeds);
  const learningRate = positionReader(split.learning_rates);
  return (place) => {
    const row = Math.floor(place / split.width);
    return split.first_cell + seed(row) * split.points + learningRate(place - row * split.width);
  };
}

/** The cells of the plan that a range of its work plan stands for; costs the cells in the range. */
export function planCells(work: Plan, { first, end }: Range): Range[] {
  const found: Range[] = [];
  for (let cell = first; cell < end; ) {
    const group = work.groups[groupIndexOf(work, cell)]!;
    const stop = Math.min(end, group.first_cell + group.cells);
    const split = splitOf(group);
    const ranges: Range[] = [];
    if (split === undefined) ranges.push({ first: cell, end: stop });
    else {
      const planCell = planCellReader(split);
      for (let at = cell; at < stop; at++) {
        const one = planCell(at - group.first_cell);
        addRange(ranges, { first: one, end: one + 1 });
      }
    }
    found.push(...ranges);
    cell = stop;
  }
  return union(found, []);
}
