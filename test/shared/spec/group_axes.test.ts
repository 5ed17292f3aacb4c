import { expect, test } from "vitest";
import { UsageError } from "../../../shared/errors.ts";
import type { Plan } from "../../../shared/plan.ts";
import { buildPlan } from "../../../shared/spec/build_plan.ts";
import { parseSweep } from "../../../shared/spec/load.ts";

const GOOD = `name: axes
dataset: example3
model: { hidden_layers: 1, width: 10, weight_variance: 0.5 }
loss: logistic
learning_rate: [1, 2]
output_learning_rate: { ratio: 1 }
seeds: 1
`;

const planOf = (text: string): Plan => buildPlan(parseSweep(text, "s.yaml"));

function problemOf(text: string): string {
  try {
    planOf(text);
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
  throw new Error("the sweep file was accepted");
}

test("an axis of widths is rounded to whole numbers, each once", () => {
  const plan = planOf(GOOD.replace("width: 10", "width: { from: 1, to: 16, points: 33 }"));
  const widths = plan.groups.map(({ shape }) => shape.width);
  expect(widths).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 15, 16]);
});

test("a log axis lies on the lattice, so that a zoom has cells of the whole", () => {
  const variances = (axis: string) =>
    planOf(GOOD.replace("weight_variance: 0.5", `weight_variance: ${axis}`)).groups.map(
      ({ shape, shape_group }) => ({ variance: shape.weight_variance, shape_group }),
    );
  const whole = variances("{ from: 0.25, to: 4, points: 17 }");
  const zoom = variances("{ from: 0.5, to: 1, points: 9 }");
  expect(whole).toHaveLength(17);
  expect(zoom).toHaveLength(9);
  const shared = zoom.filter(({ shape_group }) =>
    whole.some((group) => group.shape_group === shape_group),
  );
  expect(shared.map(({ variance }) => variance)).toEqual([
    0.5,
    2 ** -0.75,
    2 ** -0.5,
    2 ** -0.25,
    1,
  ]);
});

test("a linear axis keeps its ends, and takes its points evenly", () => {
  const axis = "weight_variance: { from: 0.5, to: 1.5, points: 5, scale: linear }";
  const plan = planOf(GOOD.replace("weight_variance: 0.5", axis));
  const variances = plan.groups.map(({ shape }) => shape.weight_variance);
  expect(variances).toEqual([0.5, 0.75, 1, 1.25, 1.5]);
});

test("the output layer takes an axis of rates and one of ratios", () => {
  const rates = (entry: string) =>
    planOf(GOOD.replace("{ ratio: 1 }", entry)).groups.map(
      ({ shape }) => shape.output_learning_rate,
    );
  expect(rates("{ from: 1, to: 4, points: 3 }")).toEqual([
    { fixed: 1 },
    { fixed: 2 },
    { fixed: 4 },
  ]);
  expect(rates("{ ratio: { from: 1, to: 4, points: 3 } }")).toEqual([
    { ratio: 1 },
    { ratio: 2 },
    { ratio: 4 },
  ]);
});

test("an axis of margins moves one draw, and leaves the rest where it is", () => {
  const separable = (margin: string) =>
    planOf(
      GOOD.replace("example3", `{ separable: { samples: 8, features: 3, margin: ${margin} } }`),
    ).groups.map(({ shape, shape_group }) => ({ shape_group, ...shape.dataset }));
  const axis = separable("{ from: 0.25, to: 4, points: 5 }");
  expect(axis.map(({ name }) => name)).toEqual(
    [0.25, 0.5, 1, 2, 4].map((margin) => `separable-n8-d3-margin${margin}-seed0`),
  );
  expect(axis).toEqual(separable("[0.25, 0.5, 1, 2, 4]"));
  const [first, second] = axis as unknown as { X: number[][]; y: number[] }[];
  for (const [i, row] of first!.X.entries()) {
    const moved = second!.X[i]!;
    expect((moved[0]! - row[0]!) * first!.y[i]!).toBeCloseTo(0.25, 12);
    expect(moved.slice(1)).toEqual(row.slice(1));
  }
});

test.each([
  ["width: 10", "width: { from: 20, to: 10, points: 3 }", "s.yaml:3:51"],
  ["width: 10", "width: { from: 20, to: 10, points: 3 }", "for a single one, `width: 20`"],
  ["width: 10", "width: { from: 0, to: 10, points: 3 }", "must be at least 1"],
  ["width: 10", "width: { from: 1, to: 10, points: 1 }", "must be at least 2"],
  ["width: 10", "width: { from: 1, to: 10, scale: log }", "'model.width.points' is missing"],
  ["width: 10", "width: { from: 1, to: 10, point: 3 }", "write 'points'"],
  [
    "weight_variance: 0.5",
    "weight_variance: { from: 0, to: 10, points: 3 }",
    "'model.weight_variance.from' is 0: must be at least 1e-150",
  ],
  [
    "weight_variance: 0.5",
    "weight_variance: { from: 1, to: 1.000000001, points: 20000 }",
    "AXIS_STEP_MIN",
  ],
  [
    "width: 10, weight_variance: 0.5",
    "width: { from: 1, to: 10000, points: 2000, scale: linear }, weight_variance: { from: 1, to: 2, points: 2000 }",
    "SWEEP_GROUPS_MAX",
  ],
  [
    "example3",
    "{ separable: { samples: 1000, features: 10, margin: { from: 1, to: 2, points: 1000 } } }",
    "MADE_NUMBERS_MAX",
  ],
])("%s → %s is refused: %s", (from, to, words) => {
  const problem = problemOf(GOOD.replace(from, to));
  expect(problem).toContain(words);
  expect(problem).toContain("fix: ");
});
