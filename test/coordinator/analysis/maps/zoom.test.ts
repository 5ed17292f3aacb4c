import { expect, test } from "vitest";
import { findMaps } from "../../../../coordinator/analysis/maps/find_maps.ts";
import { zoomSweep } from "../../../../coordinator/analysis/maps/zoom.ts";
import { UsageError } from "../../../../shared/errors.ts";
import { buildPlan } from "../../../../shared/spec/build_plan.ts";
import { parseSweep } from "../../../../shared/spec/load.ts";

const many = { from: 0.5, to: 8, points: 17, scale: "log" };
const own = {
  name: "own",
  X: [
    [1, 0.25],
    [0.5, 3],
  ],
  y: [1, -1],
};

function planOf(changes: Record<string, unknown>) {
  const file = {
    name: "maps",
    dataset: "example3",
    loss: "logistic",
    model: { hidden_layers: 1, width: 50, weight_variance: 0.5 },
    learning_rate: { from: 1, to: 64, points: 25 },
    seeds: { from: 3, count: 2 },
    training: { steps: 40 },
    ...changes,
  };
  return buildPlan(parseSweep(JSON.stringify(file), "s.yaml"));
}

test.each([
  ["widths", { model: { hidden_layers: 1, width: { from: 8, to: 128, points: 17 } } }],
  ["variances", { model: { hidden_layers: 1, width: 50, weight_variance: many } }],
  ["output rates", { output_learning_rate: many, seeds: [5, 9] }],
  ["ratios", { output_learning_rate: { ratio: many }, measure: ["ntk"] }],
  ["own data", { output_learning_rate: many, dataset: own, trajectory: { every: 10 } }],
  [
    "variances of deep nets",
    {
      model: {
        hidden_layers: 2,
        width: 9,
        bias_variance: 0.1,
        input_scale: 2,
        weight_variance: many,
      },
    },
  ],
  ["float32", { output_learning_rate: many, precision: "float32" }],
  ["the dense engine", { output_learning_rate: many, engine: "dense" }],
  [
    "margins",
    {
      dataset: { separable: { samples: 6, features: 2, margin: many, label_noise: 0.2, seed: 7 } },
    },
  ],
  [
    "linear axes",
    {
      output_learning_rate: { ...many, scale: "linear" },
      learning_rate: { from: 1, to: 64, points: 64, scale: "linear" },
    },
  ],
])("a zoom over a whole map of %s is the map", (_, changes) => {
  const plan = planOf(changes);
  const [map] = findMaps(plan);
  const ends = (values: readonly number[]) => [values[0]!, values.at(-1)!] as const;
  const window = { learning_rate: ends(map!.learning_rates), y: ends(map!.values) };
  const zoomOf = (points: number) => {
    const file = zoomSweep(plan, map!, { ...window, points });
    return buildPlan(parseSweep(JSON.stringify(file), "zoom.yaml"));
  };
  const byRate = zoomOf(map!.learning_rates.length);
  expect(byRate.groups[0]!.learning_rates).toEqual(plan.groups[0]!.learning_rates);
  expect(byRate.groups[0]!.seeds).toEqual(plan.groups[0]!.seeds);
  // Widths are rounded, so that fewer may be left than an axis has points.
  const byValue = zoomOf(Math.max(17, map!.values.length));
  expect(byValue.groups.map(({ shape_group }) => shape_group)).toEqual(
    map!.groups.map(({ shape_group }) => shape_group),
  );
});

test("refuses what a results folder does not tell", () => {
  const window = { learning_rate: [1, 2] as const, y: [1, 2] as const, points: 9 };
  const plan = planOf({ output_learning_rate: many, training: { steps: { physical_time: 50 } } });
  expect(() => zoomSweep(plan, findMaps(plan)[0]!, window)).toThrow(UsageError);
});
