import { describe, expect, test } from "vitest";
import { seedTheory } from "../../../../coordinator/analysis/boundaries/seed_theory.ts";
import { BUILTIN_DATASETS } from "../../../../shared/datasets.ts";
import type { Shape } from "../../../../shared/shape_group.ts";
import { phasesOfRates, scaledDataset, spanOf } from "../../../../worker/engine/gram.ts";
import { initialState } from "../../../../worker/engine/initial_state.ts";
import { createModel } from "../../../../worker/engine/models.ts";

const dataset = (name: string) => BUILTIN_DATASETS.find((each) => each.name === name)!;

function shapeOf(changes: Partial<Shape>): Shape {
  return {
    dataset: dataset("example3"),
    hidden_layers: 1,
    width: 50,
    weight_variance: 0.5,
    initial_weights: null,
    loss: "exponential",
    output_learning_rate: { ratio: 1 },
    steps: 100,
    drop: null,
    measure: [],
    trajectory_every: null,
    ...changes,
  };
}

/** What the engine says of a start. */
function startOf(shape: Shape, seed: number) {
  const data = scaledDataset(shape);
  const width = shape.width === "infinite" ? Number.POSITIVE_INFINITY : shape.width;
  const { weight_variance } = shape;
  const model = createModel(data, shape.loss, spanOf(data), width);
  model.load(initialState(spanOf(data), width, { kind: "drawn", seed, weight_variance }));
  const loss = model.evaluate();
  return { loss, ntk: model.ntk(), hessian: model.hessian(), curvature_boundary: null };
}

function phasesNear(shape: Shape, seed: number, eta: number): string[] {
  const { loss, weight_variance } = shape;
  const width = shape.width === "infinite" ? Number.POSITIVE_INFINITY : shape.width;
  const initial = { kind: "drawn", seed, weight_variance } as const;
  const start = { dataset: scaledDataset(shape), width, loss, steps: 100, initial };
  return phasesOfRates(start, [eta * (1 - 1e-6), eta * (1 + 1e-6)]);
}

describe("η0 where it is exact", () => {
  test.each<[string, Partial<Shape>]>([
    ["exponential loss on Example 3", {}],
    ["squared loss on Example 3", { loss: "squared" }],
    ["exponential loss with the data scaled", { input_scale: 0.6 }],
    ["squared loss with the data scaled", { loss: "squared", input_scale: 1.7 }],
    [
      "squared loss on a line where the labels cancel",
      {
        loss: "squared",
        dataset: {
          name: "line",
          X: [
            [2, 2],
            [1, 1],
            [1, 1],
          ],
          y: [1, -1, -1],
        },
      },
    ],
    ["infinite width", { loss: "squared", width: "infinite" }],
  ])("%s: lazy below, not above", (_, changes) => {
    const shape = shapeOf(changes);
    for (let seed = 0; seed < 12; seed++) {
      const { eta0_exact } = seedTheory(shape, startOf(shape, seed));
      const [below, above] = phasesNear(shape, seed, eta0_exact!);
      expect(below).toBe("lazy");
      expect(above).not.toBe("lazy");
    }
  });

  test.each<[string, Partial<Shape>]>([
    ["logistic loss", { loss: "logistic" }],
    ["data of rank two", { dataset: dataset("example4") }],
    ["labels that do not cancel", { dataset: dataset("example2") }],
    [
      "exponential loss on unequal sizes",
      { dataset: { name: "line", X: [[2], [1], [1]], y: [1, -1, -1] } },
    ],
    ["a linear predictor", { hidden_layers: 0, width: null }],
    ["a rate of its own for the output", { output_learning_rate: { ratio: 0.5 } }],
    ["a drop of the rate", { drop: { at: 50, factor: 0.1 } }],
  ])("is not claimed for %s", (_, changes) => {
    const start = { loss: 1.2, ntk: 1, hessian: 1, curvature_boundary: null };
    expect(seedTheory(shapeOf(changes), start).eta0_exact).toBeNull();
  });
});

test("η1 of squared loss on Example 3 is 4/λ0", () => {
  const shape = shapeOf({ loss: "squared", width: 20 });
  for (let seed = 0; seed < 12; seed++) {
    const { four_over_ntk } = seedTheory(shape, startOf(shape, seed));
    const phases = phasesNear(shape, seed, four_over_ntk!);
    expect(phases[0]).not.toBe("divergent");
    expect(phases[1]).toBe("divergent");
  }
});

test("each value stands where it applies, and follows the two rates", () => {
  const start = { loss: 1, ntk: 0.5, hessian: 0.25, curvature_boundary: null };
  const of = (changes: Partial<Shape>) => seedTheory(shapeOf(changes), start);
  expect(of({})).toMatchObject({
    two_over_ntk: 4,
    four_over_ntk: null,
    eight_over_ntk: null,
    two_over_hessian: 8,
    root_eight_width: null,
  });
  expect(of({ loss: "squared" })).toMatchObject({ four_over_ntk: 8 });
  expect(of({ loss: "logistic" })).toMatchObject({ root_eight_width: 20, eight_over_ntk: 16 });
  const ratio = of({ loss: "logistic", output_learning_rate: { ratio: 0.25 } });
  expect(ratio).toMatchObject({ root_eight_width: 40, two_over_ntk: null, two_over_hessian: null });
  const fixed = of({ loss: "logistic", output_learning_rate: { fixed: 10 } });
  expect(fixed).toMatchObject({ root_eight_width: 40 });
  expect(of({ loss: "logistic", width: "infinite" })).toMatchObject({ root_eight_width: null });
  const deep = { hidden_layers: 2 };
  expect(of({ ...deep, loss: "logistic" })).toMatchObject({ root_eight_width: null });
  expect(of({ ...deep, loss: "squared" })).toMatchObject({ four_over_ntk: null, two_over_ntk: 4 });
  const unknown = seedTheory(shapeOf({}), { ...start, ntk: null, hessian: null });
  expect(Object.values(unknown).every((value) => value === null)).toBe(true);
});
