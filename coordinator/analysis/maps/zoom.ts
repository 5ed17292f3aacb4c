import { BUILTIN_DATASETS, isReference } from "../../../shared/datasets.ts";
import { UsageError } from "../../../shared/errors.ts";
import { backendOf } from "../../../shared/numeric_class.ts";
import type { Plan } from "../../../shared/plan.ts";
import { separableDataOf } from "../../../shared/separable_data.ts";
import type { SeedAxis } from "../../../shared/spec/axes.ts";
import type { SweepFile } from "../../../shared/spec/schema.ts";
import type { PhaseMap } from "./find_maps.ts";
import type { MapParameter } from "./map_parameter.ts";

/** What part of a map to look at more closely, and with how many points a side. */
export interface ZoomWindow {
  readonly learning_rate: readonly [number, number];
  /** Of the map's other number. */
  readonly y: readonly [number, number];
  readonly points: number;
}

/** The sweep file of the same networks as a map's, in a window of it. @throws UsageError */
export function zoomSweep(plan: Plan, map: PhaseMap, window: ZoomWindow): SweepFile {
  const { parameter, groups } = map;
  const { shape, seeds, learning_rates, numeric_class } = groups[0]!;
  const { steps, drop } = shape;
  if (typeof steps !== "number" || drop !== null) {
    throw new UsageError({
      place: plan.name,
      problem: "runs of this map have a physical time or a drop of the learning rate",
      fix: "copy the sweep file and write the window into its axes",
    });
  }
  const scale = learning_rates.scale === "linear" ? "linear" : "log";
  const axis = ([from, to]: readonly [number, number], kind: "log" | "linear") => ({
    ...{ from, to, points: window.points, scale: kind },
  });
  const y = axis(window.y, isEvenlySpaced(map.values) ? "linear" : "log");
  const { hidden_layers, width, weight_variance, bias_variance, input_scale } = shape;
  const { output_learning_rate: rate, initial_weights, measure, trajectory_every } = shape;
  const is = (key: MapParameter["key"]) => parameter.key === key;
  const isPlainRate = "ratio" in rate && rate.ratio === 1 && !is("output_ratio");
  const isFloat32 = hidden_layers <= 1 && backendOf(numeric_class) !== undefined;
  return {
    name: `${plan.name.slice(0, 95)}-zoom`,
    dataset: datasetEntry(plan, map, y),
    loss: shape.loss,
    model: {
      hidden_layers,
      ...(width === null ? {} : { width: is("width") ? y : width }),
      ...(initial_weights === null
        ? { weight_variance: is("weight_variance") ? y : weight_variance }
        : { initial_weights: [...initial_weights] }),
      ...(bias_variance === undefined ? {} : { bias_variance }),
      ...(input_scale === undefined ? {} : { input_scale }),
    },
    learning_rate: axis(window.learning_rate, scale),
    ...(isPlainRate ? {} : { output_learning_rate: outputRate(rate, parameter, y) }),
    seeds: seedEntry(seeds),
    training: { steps },
    ...(measure.length > 0 ? { measure: [...measure] } : {}),
    ...(trajectory_every === null ? {} : { trajectory: { every: trajectory_every } }),
    ...(shape.engine === undefined ? {} : { engine: shape.engine }),
    ...(isFloat32 && shape.engine === undefined ? { precision: "float32" as const } : {}),
  };
}

type AxisOfFile = Extract<SweepFile["learning_rate"], { points: number }>;

function datasetEntry(plan: Plan, map: PhaseMap, y: AxisOfFile): SweepFile["dataset"] {
  const { dataset } = map.groups[0]!.shape;
  if (BUILTIN_DATASETS.some(({ name }) => name === dataset.name)) {
    return dataset.name as SweepFile["dataset"];
  }
  const made = separableDataOf(dataset.name);
  if (made !== undefined) {
    const margin = map.parameter.key === "margin" ? y : made.margin;
    return { separable: { ...made, margin } };
  }
  if (isReference(dataset)) {
    throw new UsageError({
      place: plan.name,
      problem: `data set '${dataset.name}' was read from files, which results do not name`,
      fix: "copy the sweep file and write the window into its axes",
    });
  }
  const { name, X, y: labels, test } = dataset;
  const samples = (rows: typeof X, signs: readonly number[]) => ({
    X: rows.map((row) => Array.from(row)),
    y: signs as (-1 | 1)[],
  });
  const held = test === undefined ? {} : { test: samples(test.X, test.y) };
  return { name, ...samples(X, labels), ...held };
}

function outputRate(
  rate: PhaseMap["groups"][number]["shape"]["output_learning_rate"],
  { key }: MapParameter,
  y: AxisOfFile,
): NonNullable<SweepFile["output_learning_rate"]> {
  if ("fixed" in rate) return key === "output_rate" ? y : rate.fixed;
  return { ratio: key === "output_ratio" ? y : rate.ratio };
}

/** Seeds of the sweep file's own grid are a stretch or a list. */
function seedEntry(seeds: SeedAxis): SweepFile["seeds"] {
  if ("from" in seeds) return seeds.from === 0 ? seeds.count : { ...seeds };
  return "values" in seeds ? [...seeds.values] : undefined;
}

function isEvenlySpaced(values: readonly number[]): boolean {
  const step = (values.at(-1)! - values[0]!) / (values.length - 1);
  return values.every((value, i) => Math.abs(value - values[0]! - i * step) < 1e-6 * step);
}
