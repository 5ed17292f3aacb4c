import { DASHBOARD_AXIS_NUMBERS_MAX, DASHBOARD_CELLS_MAX } from "../../../shared/limits.ts";
import type { Plan } from "../../../shared/plan.ts";
import {
  axisPoints,
  type LearningRateAxis,
  learningRateReader,
  type SeedAxis,
  seedCount,
  seedReader,
} from "../../../shared/spec/axes.ts";
import type { Slices } from "./slices.ts";

/** The learning rates of an axis. */
export interface RateAxis {
  /** In the order of the cells. */
  readonly values: Float64Array;
  /** Positions by ascending value; null where that is their order. */
  readonly order: Uint32Array | null;
}

/** The axes of a plan's groups, each once, and which of them each group has. */
export interface PlanAxes {
  readonly rates: readonly RateAxis[];
  readonly seeds: readonly Float64Array[];
  /** By group of the plan. */
  readonly rate_axis: readonly number[];
  readonly seed_axis: readonly number[];
}

/** Why a sweep is too large for a map, and how to see its result all the same; null if it is not. */
export function whyNoMap({ name, cells, groups }: Plan): string | null {
  const instead = `\`phasesweep analyze\` draws what it found in the results folder of ${name} once it is done`;
  if (cells > DASHBOARD_CELLS_MAX) {
    return `${cells} cells are more than the ${DASHBOARD_CELLS_MAX} that a map shows (DASHBOARD_CELLS_MAX); ${instead}`;
  }
  const lengths = new Map<string, number>();
  for (const { learning_rates, seeds } of groups) {
    lengths.set(`η ${JSON.stringify(learning_rates)}`, axisPoints(learning_rates));
    lengths.set(JSON.stringify(seeds), seedCount(seeds));
  }
  const numbers = [...lengths.values()].reduce((sum, length) => sum + length, 0);
  if (numbers <= DASHBOARD_AXIS_NUMBERS_MAX) return null;
  return `the axes have ${numbers} learning rates and seeds, more than the ${DASHBOARD_AXIS_NUMBERS_MAX} that a map shows (DASHBOARD_AXIS_NUMBERS_MAX); ${instead}`;
}

/** Of a plan that is not too large for a map. */
export async function planAxes({ groups }: Plan, slices: Slices): Promise<PlanAxes> {
  const rates = new Distinct<LearningRateAxis, RateAxis>(rateAxis);
  const seeds = new Distinct<SeedAxis, Float64Array>((axis) =>
    valuesOf(seedCount(axis), seedReader(axis)),
  );
  const rate_axis: number[] = [];
  const seed_axis: number[] = [];
  for (const group of groups) {
    rate_axis.push(rates.indexOf(group.learning_rates));
    seed_axis.push(seeds.indexOf(group.seeds));
    if (slices.isOver) await slices.next();
  }
  return { rates: rates.made, seeds: seeds.made, rate_axis, seed_axis };
}

/** Makes one thing for each of some descriptions that differ. */
class Distinct<Description, Made> {
  readonly made: Made[] = [];
  private readonly indices = new Map<string, number>();
  private readonly make: (description: Description) => Made;

  constructor(make: (description: Description) => Made) {
    this.make = make;
  }

  indexOf(description: Description): number {
    const key = JSON.stringify(description);
    const known = this.indices.get(key);
    if (known !== undefined) return known;
    this.indices.set(key, this.made.length);
    this.made.push(this.make(description));
    return this.made.length - 1;
  }
}

function rateAxis(axis: LearningRateAxis): RateAxis {
  const values = valuesOf(axisPoints(axis), learningRateReader(axis));
  const ascends = values.every((value, i) => i === 0 || value > values[i - 1]!);
  if (ascends) return { values, order: null };
  const order = Uint32Array.from(values.keys()).sort((a, b) => values[a]! - values[b]!);
  return { values, order };
}

function valuesOf(count: number, read: (index: number) => number): Float64Array {
  const values = new Float64Array(count);
  for (let i = 0; i < count; i++) values[i] = read(i);
  return values;
}
