import { describe, expect, test } from "vitest";
import { findMaps, MAP_VALUES_MIN } from "../../../../coordinator/analysis/maps/find_maps.ts";
import { theoryLines } from "../../../../coordinator/analysis/maps/theory_lines.ts";
import { buildPlan } from "../../../../shared/spec/build_plan.ts";
import { parseSweep } from "../../../../shared/spec/load.ts";

function mapsOf(changes: Record<string, unknown>) {
  const file = {
    name: "maps",
    dataset: "example3",
    loss: "logistic",
    model: { hidden_layers: 1, width: 50 },
    learning_rate: { from: 1, to: 64, points: 25 },
    seeds: 1,
    ...changes,
  };
  const maps = findMaps(buildPlan(parseSweep(JSON.stringify(file), "s.yaml")));
  return maps.map((map) => ({ ...map, key: map.parameter.key }));
}

const many = { from: 1, to: 16, points: 17 };

describe("maps of a plan", () => {
  test.each([
    ["width", { model: { hidden_layers: 1, width: { from: 10, to: 1000, points: 20 } } }],
    ["weight_variance", { model: { hidden_layers: 1, width: 50, weight_variance: many } }],
    ["output_rate", { output_learning_rate: many }],
    ["output_ratio", { output_learning_rate: { ratio: many } }],
    [
      "margin",
      { dataset: { separable: { samples: 4, features: 2, margin: many, label_noise: 0.25 } } },
    ],
  ])("groups that differ in %s", (key, changes) => {
    const maps = mapsOf(changes);
    expect(maps.map((map) => map.key)).toEqual([key]);
    const [map] = maps;
    expect(map!.values.length).toBeGreaterThan(MAP_VALUES_MIN);
    expect(map!.values).toEqual(map!.values.toSorted((a, b) => a - b));
    for (const [i, { shape }] of map!.groups.entries()) {
      expect(map!.parameter.valueOf(shape)).toBe(map!.values[i]);
    }
    expect(map!.learning_rates[0]).toBe(1);
    expect(map!.learning_rates.at(-1)).toBe(64);
  });

  test("one for each setting of everything else, whatever the order of a list", () => {
    const width = [90, 10, 20, 30, 40, 50, 60, 70, 80, 100, 110, 120, "infinite"];
    const maps = mapsOf({ loss: ["logistic", "squared"], model: { hidden_layers: 1, width } });
    expect(maps.map(({ groups }) => groups[0]!.shape.loss)).toEqual(["logistic", "squared"]);
    expect(maps[0]!.values).toEqual(Array.from({ length: 12 }, (_, i) => 10 * (i + 1)));
  });

  test("none where values or learning rates are few, or do not ascend", () => {
    const model = { hidden_layers: 1, width: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11] };
    expect(mapsOf({ model })).toEqual([]);
    expect(mapsOf({ learning_rate: [1, 2, 3], output_learning_rate: many })).toEqual([]);
    const unsorted = [2, 1, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13];
    expect(mapsOf({ learning_rate: unsorted, output_learning_rate: many })).toEqual([]);
  });
});

describe("theory lines", () => {
  const line = (changes: Record<string, unknown>) => {
    const [map] = mapsOf(changes);
    return { map: map!, lines: theoryLines(map!) };
  };

  test("η η_v = 8m on Example 3 with logistic loss", () => {
    const { map, lines } = line({ output_learning_rate: many });
    expect(lines).toHaveLength(1);
    for (const [i, eta] of lines[0]!.learning_rates.entries()) {
      expect(eta * map.values[i]!).toBeCloseTo(8 * 50, 9);
    }
  });

  test("η = √(8m) along the width, half of it for samples twice as long", () => {
    const model = { hidden_layers: 1, width: { from: 10, to: 1000, points: 20 } };
    const { map, lines } = line({ model });
    const longer = {
      name: "longer",
      X: [
        [0, 2],
        [0, 2],
      ],
      y: [1, -1],
    };
    const [other] = line({ model, dataset: longer }).lines;
    for (const [i, eta] of lines[0]!.learning_rates.entries()) {
      expect(eta).toBeCloseTo(Math.sqrt(8 * map.values[i]!), 9);
      expect(other!.learning_rates[i]).toBeCloseTo(eta / 2, 9);
    }
  });

  test("4/λ(0) for the squared loss: λ(0) = 2σ² on average on Example 3", () => {
    const model = { hidden_layers: 1, width: 50, weight_variance: many };
    const { map, lines } = line({ model, loss: "squared" });
    for (const [i, eta] of lines[0]!.learning_rates.entries()) {
      expect(eta).toBeCloseTo(2 / map.values[i]!, 12);
    }
  });

  test("none for data of a higher rank, other losses, or labels that do not balance", () => {
    expect(line({ output_learning_rate: many, dataset: "example4" }).lines).toEqual([]);
    expect(line({ output_learning_rate: many, loss: "exponential" }).lines).toEqual([]);
    const lopsided = { name: "lopsided", X: [[1], [1], [1]], y: [1, -1, -1] };
    expect(line({ output_learning_rate: many, dataset: lopsided }).lines).toEqual([]);
  });
});
