import { describe, expect, test } from "vitest";
import { BUILTIN_DATASETS } from "../../../shared/datasets.ts";
import { allocateTrajectories, RESULT_COLUMNS } from "../../../shared/result_columns.ts";
import type { Shape } from "../../../shared/shape_group.ts";
import { gramEngine } from "../../../worker/engine/gram.ts";
import { referenceEngine, weightCount } from "../../../worker/engine/reference_engine.ts";

const dataset = BUILTIN_DATASETS.find(({ name }) => name === "example4")!;
const SHAPE: Shape = {
  dataset: {
    ...dataset,
    test: {
      X: [
        [1, 0.3],
        [-1, 0.2],
      ],
      y: [-1, 1],
    },
  },
  hidden_layers: 1,
  width: 20,
  weight_variance: 1,
  initial_weights: null,
  loss: "logistic",
  output_learning_rate: { ratio: 1 },
  steps: 40,
  drop: null,
  measure: ["ntk", "hessian"],
  trajectory_every: 4,
};

const SHAPES: Readonly<Record<string, Partial<Shape>>> = {
  "one hidden layer": {},
  "a linear predictor": { hidden_layers: 0, width: null, loss: "exponential" },
  "data of lower rank": { dataset: BUILTIN_DATASETS[3]!, loss: "squared", input_scale: 0.7 },
  "rates that drop, one for each layer": {
    drop: { at: 20, factor: 0.5 },
    output_learning_rate: { ratio: 0.5 },
  },
  "a width whose weights are not drawn": { width: 20_000, trajectory_every: 20 },
};

describe.each(Object.entries(SHAPES))(
  "the reference engine has the columns of gram: %s",
  (_, change) => {
    // Lazy, catapult and divergent runs.
    const rates = [0.3, 1.3, 6, 90];
    const shape = { ...SHAPE, ...change };
    const batch = () => ({
      shape,
      seeds: Float64Array.from(rates, () => 3),
      learning_rates: Float64Array.from(rates),
      trajectories: allocateTrajectories(shape, rates.length)!,
    });
    const [mine, exact] = [batch(), batch()];
    const actual = referenceEngine.run(mine);
    const expected = gramEngine.run(exact);

    test.each(RESULT_COLUMNS)("$name", ({ name, type }) => {
      for (const [i, value] of expected[name].entries()) {
        // What a run that overflows has left depends on the order of the sums.
        if (expected.diverged_at[i]! >= 0 && !/initial|phase|diverged/.test(name)) continue;
        expectClose(actual[name][i]!, value, type === "INT32" ? 0 : 1e-10);
      }
    });

    test("trajectories", () => {
      expect(mine.trajectories.counts).toEqual(exact.trajectories.counts);
      const { points, counts } = exact.trajectories;
      for (const name of ["loss", "ntk", "hessian"] as const) {
        for (let i = 0; i < rates.length; i++) {
          if (expected.diverged_at[i]! >= 0) continue;
          for (let j = i * points; j < i * points + counts[i]!; j++) {
            expectClose(mine.trajectories[name]![j]!, exact.trajectories[name]![j]!, 1e-10);
          }
        }
      }
    });

    test("not all runs are of one kind", () => {
      expect(new Set(expected.phase).size).toBeGreaterThan(1);
    });
  },
);

test("weights are counted with biases, and too many are refused", () => {
  expect(weightCount(SHAPE)).toBe(60);
  expect(weightCount({ ...SHAPE, hidden_layers: 0, width: null })).toBe(2);
  expect(weightCount({ ...SHAPE, hidden_layers: 2, bias_variance: 1 })).toBe(40 + 400 + 20 + 41);
  expect(referenceEngine.supports({ ...SHAPE, width: 3_000_000 })).toBe(false);
  expect(referenceEngine.supports({ ...SHAPE, width: "infinite" })).toBe(false);
});

function expectClose(actual: number, expected: number, relative: number): void {
  if (!Number.isFinite(expected)) expect(actual).toBe(expected);
  else
    expect(Math.abs(actual - expected)).toBeLessThanOrEqual(
      relative * Math.max(1e-3, Math.abs(expected)),
    );
}
