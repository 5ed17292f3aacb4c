import { whyNotGram } from "../engine_choice.ts";
import { kernelStatement, kernelVersionOf } from "../kernel_version.ts";
import { FLOAT64_EXACT, float32Class } from "../numeric_class.ts";
import { groupCells, type PlannedGroup, shapeGroupId } from "../plan.ts";
import type { Run } from "../runs.ts";
import { axisPoints, type LearningRateAxis, type SeedAxis, seedCount } from "./axes.ts";

/** Seeds and learning rates of a float32 group that are computed in another class as well. */
const SAMPLE_SEEDS_MAX = 4;
const SAMPLE_RATES_MAX = 64;
/** Where the other class is dense too, a cell may cost as much as thousands of others. */
const DENSE_SEEDS_MAX = 1;
const DENSE_RATES_MAX = 8;

/**
 * A sample of a float32 group in the class that it is held against, to follow the grid's own cells:
 * float64 where the gram engine can hold the shape, and otherwise tfjs' own wasm, which computes on
 * every machine. Undefined where there is nothing to hold it against.
 */
export function sampleOf(group: PlannedGroup, first_cell: number): PlannedGroup | undefined {
  const { shape, numeric_class } = group;
  if (numeric_class === FLOAT64_EXACT) return undefined;
  const { engine: _, ...plain } = shape;
  const isGram = whyNotGram(plain) === null;
  const reference = isGram ? FLOAT64_EXACT : float32Class("wasm");
  if (reference === numeric_class) return undefined;
  const seeds = spread(seedCount(group.seeds), isGram ? SAMPLE_SEEDS_MAX : DENSE_SEEDS_MAX);
  const rates = spread(
    axisPoints(group.learning_rates),
    isGram ? SAMPLE_RATES_MAX : DENSE_RATES_MAX,
  );
  return checkGroup(group, "sample", first_cell, {
    shape: isGram ? plain : shape,
    numeric_class: reference,
    seeds: subsetOfSeeds(group.seeds, [seeds]),
    learning_rates: { scale: "subset", of: group.learning_rates, runs: [rates] },
  });
}

/** Some cells of a group, to be computed in another class as well. */
export function checkGroup(
  group: PlannedGroup,
  why: "sample" | "boundary",
  first_cell: number,
  cells: Pick<PlannedGroup, "shape" | "numeric_class" | "seeds" | "learning_rates">,
): PlannedGroup {
  // A round may add to a sweep of other kernels than those here: its cells are all of one kind.
  const kernel_version = kernelVersionOf(group);
  return {
    ...cells,
    grid: group.grid,
    first_cell,
    cells: groupCells(cells.seeds, cells.learning_rates),
    shape_group: shapeGroupId(cells.shape, cells.numeric_class, kernel_version),
    ...kernelStatement(kernel_version),
    checks: { of: group.shape_group, why },
  };
}

/** Seeds of an axis at some positions. */
export function subsetOfSeeds(of: SeedAxis, runs: readonly Run[]): SeedAxis {
  return { of, runs };
}

/** At most so many positions of 0..size−1, evenly apart, the first among them. */
function spread(size: number, most: number): Run {
  const count = Math.min(size, most);
  const step = count <= 1 ? 1 : Math.floor((size - 1) / (count - 1));
  return { first: 0, width: 1, step, count };
}

/** Positions of an axis, ascending, as runs of neighbours. */
export function runsOf(positions: readonly number[]): Run[] {
  const runs: Run[] = [];
  for (const position of positions) {
    const last = runs.at(-1);
    if (last !== undefined && last.first + last.width === position) {
      runs[runs.length - 1] = { ...last, width: last.width + 1, step: last.width + 1 };
    } else runs.push({ first: position, width: 1, step: 1, count: 1 });
  }
  return runs;
}

export function subsetOfRates(
  of: LearningRateAxis,
  positions: readonly number[],
): LearningRateAxis {
  return { scale: "subset", of, runs: runsOf(positions) };
}
