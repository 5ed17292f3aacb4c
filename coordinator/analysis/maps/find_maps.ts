import { canonicalJson } from "../../../shared/canonical.ts";
import type { Plan, PlannedGroup } from "../../../shared/plan.ts";
import {
  axisPoints,
  type LearningRateAxis,
  learningRateReader,
} from "../../../shared/spec/axes.ts";
import { MAP_PARAMETERS, type MapParameter } from "./map_parameter.ts";

/** Values of a number from which on panels side by side are harder to read than a map. */
export const MAP_VALUES_MIN = 12;

/** Groups of one block that differ in one number: with the learning rate, a plane of cells. */
export interface PhaseMap {
  readonly parameter: MapParameter;
  /** One a row of the map, by ascending value; all have the same seeds and learning rates. */
  readonly groups: readonly PlannedGroup[];
  /** Values of the parameter, ascending, one a group. */
  readonly values: readonly number[];
  /** Learning rates, ascending. */
  readonly learning_rates: readonly number[];
}

/** The maps in what a sweep file asks for, in the order of their first cells. */
export function findMaps(plan: Plan): PhaseMap[] {
  const blocks = new Map<number, PlannedGroup[]>();
  for (const group of plan.groups) {
    if (group.checks !== undefined || group.added !== undefined) continue;
    const block = blocks.get(group.grid);
    if (block === undefined) blocks.set(group.grid, [group]);
    else block.push(group);
  }
  return [...blocks.values()].flatMap(mapsOfBlock);
}

function mapsOfBlock(groups: readonly PlannedGroup[]): PhaseMap[] {
  const learning_rates = ascendingRates(groups[0]!.learning_rates);
  if (learning_rates === undefined) return [];
  const [chosen] = MAP_PARAMETERS.map((parameter) => ({
    parameter,
    count: new Set(groups.map(({ shape }) => parameter.valueOf(shape))).size,
  })).toSorted((a, b) => b.count - a.count);
  const { parameter, count } = chosen!;
  if (count < MAP_VALUES_MIN) return [];
  return alikeBut(parameter, groups)
    .filter(({ length }) => length >= MAP_VALUES_MIN)
    .map((sorted) => ({
      parameter,
      groups: sorted,
      values: sorted.map(({ shape }) => parameter.valueOf(shape)!),
      learning_rates,
    }));
}

/** Groups that differ in nothing but one number, together, by its ascending values. */
function alikeBut(parameter: MapParameter, groups: readonly PlannedGroup[]): PlannedGroup[][] {
  const alike = new Map<string, PlannedGroup[]>();
  for (const group of groups) {
    const key = alikeKey(parameter, group);
    if (key === undefined) continue;
    const found = alike.get(key);
    if (found === undefined) alike.set(key, [group]);
    else found.push(group);
  }
  const value = ({ shape }: PlannedGroup) => parameter.valueOf(shape)!;
  return [...alike.values()].map((found) => found.toSorted((a, b) => value(a) - value(b)));
}

/** Equal for groups that differ in nothing but one number; undefined for a group without it. */
export function alikeKey(
  parameter: MapParameter,
  { numeric_class, shape }: PlannedGroup,
): string | undefined {
  if (parameter.valueOf(shape) === undefined) return undefined;
  return canonicalJson({ numeric_class, ...parameter.without(shape) });
}

/** The points of an axis with enough of them for a map, if they ascend. */
function ascendingRates(axis: LearningRateAxis): number[] | undefined {
  const points = axisPoints(axis);
  if (points < MAP_VALUES_MIN) return undefined;
  const rateAt = learningRateReader(axis);
  const rates = Array.from({ length: points }, (_, i) => rateAt(i));
  return rates.every((rate, i) => i === 0 || rate > rates[i - 1]!) ? rates : undefined;
}
