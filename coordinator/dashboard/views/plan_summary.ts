import type { Plan, PlannedGroup } from "../../../shared/plan.ts";
import { mapTitle } from "../../analysis/figures/map_figure.ts";
import { alikeKey } from "../../analysis/maps/find_maps.ts";
import { MAP_PARAMETERS } from "../../analysis/maps/map_parameter.ts";
import { modelName } from "../../results/window_query.ts";
import type { GroupSummary, Plane, SweepPlan } from "../messages.ts";
import type { PlanAxes } from "./plan_axes.ts";
import type { Slices } from "./slices.ts";

/** A plan as the page sees it. `axes`: null where there is no map, for the reason `no_map`. */
export async function summarizePlan(
  plan: Plan,
  version: string,
  axes: PlanAxes | null,
  no_map: string | null,
  slices: Slices,
): Promise<SweepPlan> {
  const { name: sweep, description, cells, confidence } = plan;
  const said = { sweep, description, version, cells, confidence, no_map };
  if (axes === null) return { ...said, groups: [], rate_axes: [], seed_axes: [], planes: [] };
  const lists = async (arrays: readonly Float64Array[]) => {
    const made: number[][] = [];
    for (const array of arrays) {
      made.push(Array.from(array));
      if (slices.isOver) await slices.next();
    }
    return made;
  };
  const groups: GroupSummary[] = [];
  for (let index = 0; index < plan.groups.length; index++) {
    groups.push(groupSummary(plan, axes, index));
    if (slices.isOver) await slices.next();
  }
  return {
    ...said,
    groups,
    rate_axes: await lists(axes.rates.map(({ values }) => values)),
    seed_axes: await lists(axes.seeds),
    planes: await planesOf(plan, slices),
  };
}

/** The group at one place of a plan. Without axes it refers to none (−1). */
export function groupSummary({ groups }: Plan, axes: PlanAxes | null, index: number): GroupSummary {
  const { first_cell, cells, shape, shape_group, numeric_class, checks } = groups[index]!;
  return {
    ...{ first_cell, cells, shape_group, numeric_class },
    rate_axis: axes?.rate_axis[index] ?? -1,
    seed_axis: axes?.seed_axis[index] ?? -1,
    dataset: shape.dataset.name,
    model: modelLabel(groups[index]!),
    loss: shape.loss,
    width: shape.width,
    weight_variance: shape.weight_variance,
    measures: shape.measure,
    is_check: checks !== undefined,
  };
}

/** "one hidden layer", as the column `model` has it but for its underscores. */
export function modelLabel({ shape }: PlannedGroup): string {
  return modelName(shape).replaceAll("_", " ");
}

/**
 * Shapes that differ in one number, of which there are two or more: with the learning rate, a plane.
 * Those of several blocks stand together.
 */
async function planesOf({ groups }: Plan, slices: Slices): Promise<Plane[]> {
  const shapes = new Map<string, PlannedGroup>();
  for (const group of groups) {
    if (group.checks === undefined && !shapes.has(group.shape_group)) {
      shapes.set(group.shape_group, group);
    }
  }
  const planes: Plane[] = [];
  for (const parameter of MAP_PARAMETERS) {
    const values = new Set([...shapes.values()].map(({ shape }) => parameter.valueOf(shape)));
    values.delete(undefined);
    if (values.size < 2) continue;
    const alike = new Map<string, PlannedGroup[]>();
    for (const group of shapes.values()) {
      const key = alikeKey(parameter, group);
      if (key !== undefined) pushTo(alike, key, group);
      if (slices.isOver) await slices.next();
    }
    for (const groups of alike.values()) {
      const rows = groups
        .map(({ shape_group, shape }) => ({ shape_group, value: parameter.valueOf(shape)! }))
        .sort((a, b) => a.value - b.value);
      if (rows[0]!.value === rows.at(-1)!.value) continue;
      planes.push({
        title: mapTitle({ parameter, groups }),
        parameter: parameter.words,
        is_log: isLog(rows.map(({ value }) => value)),
        rows,
      });
    }
  }
  return planes;
}

function pushTo<T>(lists: Map<string, T[]>, key: string, item: T): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [item]);
  else list.push(item);
}

/** Ascending values that are nearer to even steps in their logarithms. */
function isLog(values: readonly number[]): boolean {
  if (values[0]! <= 0) return false;
  const spread = (places: readonly number[]) => {
    const steps = places.slice(1).map((place, i) => place - places[i]!);
    const mean = steps.reduce((sum, step) => sum + step, 0) / steps.length;
    return steps.reduce((most, step) => Math.max(most, Math.abs(step / mean - 1)), 0);
  };
  return spread(values.map(Math.log)) <= spread(values);
}
