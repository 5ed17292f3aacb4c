import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { startEngine } from "../../cli/start_engine.ts";
import { encodeDataset } from "../../shared/dataset_object.ts";
import type { PlannedGroup } from "../../shared/plan.ts";
import { buildPlan } from "../../shared/spec/build_plan.ts";
import { parseSweep } from "../../shared/spec/load.ts";
import { gramEngine } from "../../worker/engine/gram.ts";

function groupOf(changes: object = {}): PlannedGroup {
  const sweep = {
    name: "starts",
    dataset: "example4",
    loss: "logistic",
    model: { hidden_layers: 1, width: 30 },
    learning_rate: [1],
    seeds: 3,
    training: { steps: 50 },
    measure: ["ntk", "hessian"],
    ...changes,
  };
  return buildPlan(parseSweep(JSON.stringify(sweep), "sweep.yaml")).groups[0]!;
}

const nowhere = mkdtempSync(join(tmpdir(), "starts-"));

describe("the gram engine for analyses", () => {
  test.each<[string, object]>([
    ["a net", {}],
    ["a linear predictor", { model: { hidden_layers: 0 } }],
    ["the infinite width", { model: { hidden_layers: 1, width: "infinite" } }],
    ["a width that is not drawn weight by weight", { model: { hidden_layers: 1, width: 20_000 } }],
    ["an input scale", { model: { hidden_layers: 1, width: 30, input_scale: 0.5 } }],
  ])("measures what training measures: %s", (_, changes) => {
    const group = groupOf(changes);
    const shape = group.shape as Parameters<typeof gramEngine.run>[0]["shape"];
    const seeds = Float64Array.from([0, 1, 2]);
    const trained = gramEngine.run({ shape, seeds, learning_rates: Float64Array.of(1, 1, 1) });
    const starts = startEngine(nowhere).open(group)!;
    for (const seed of seeds) {
      expect(starts.measure(seed)).toEqual({
        ntk: trained.ntk_initial[seed],
        hessian: trained.hessian_initial[seed],
      });
    }
  });

  test.each<[string, object, boolean]>([
    ["plain gradient descent", {}, true],
    ["a rate of its own for the output layer", { output_learning_rate: 0.1 }, false],
    ["a drop", { training: { steps: 50, drop: { at: 20, factor: 0.1 } } }, false],
    ["a physical time", { training: { steps: { physical_time: 10 } } }, false],
  ])("has a curvature boundary for %s: %s", (_, changes, has) => {
    const starts = startEngine(nowhere).open(groupOf(changes))!;
    expect(starts.curvatureBoundary !== undefined).toBe(has);
  });

  test("is no help with deep nets and biases", () => {
    const open = (model: object) => startEngine(nowhere).open(groupOf({ model }));
    expect(open({ hidden_layers: 2, width: 10 })).toBeNull();
    expect(open({ hidden_layers: 1, width: 10, bias_variance: 0.1 })).toBeNull();
  });

  test("finds stored data in the folder or in the one around it, if they are whole", () => {
    const { reference, bytes } = encodeDataset("own", {
      y: [1, -1, 1],
      values: [1, 0, 0, 1, 1, 1],
      samples: 3,
      features: 2,
    });
    const inline = groupOf({
      dataset: {
        name: "own",
        X: [
          [1, 0],
          [0, 1],
          [1, 1],
        ],
        y: [1, -1, 1],
      },
    });
    const stored: PlannedGroup = { ...inline, shape: { ...inline.shape, dataset: reference } };
    expect(startEngine(nowhere).open(stored)).toBeNull();
    for (const place of ["datasets", "sweep/datasets"]) {
      const folder = mkdtempSync(join(tmpdir(), "starts-"));
      mkdirSync(join(folder, place), { recursive: true });
      writeFileSync(join(folder, place, reference.digest), bytes);
      const starts = startEngine(join(folder, "sweep")).open(stored)!;
      expect(starts.measure(1)).toEqual(startEngine(nowhere).open(inline)!.measure(1));
      // Torn: another data set, so that the loaded one is not taken in its place.
      const torn = { ...reference, name: "torn" };
      writeFileSync(join(folder, place, reference.digest), bytes.subarray(0, bytes.length - 1));
      const shape = { ...inline.shape, dataset: torn };
      expect(startEngine(join(folder, "sweep")).open({ ...inline, shape })).toBeNull();
    }
  });
});
