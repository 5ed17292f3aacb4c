import { expect, test } from "vitest";
import { missExplainer } from "../../../coordinator/reuse/explain.ts";
import type { Plan } from "../../../shared/plan.ts";
import { planOf } from "./one_worker.ts";

function sweep(loss: string, steps: number, rest = "seeds: 4, learning_rate: [1, 2]"): Plan {
  return planOf(`{name: e, dataset: example3, loss: ${loss}, model: {hidden_layers: 1, width: 9},
    training: {steps: ${steps}}, ${rest}}`);
}

/** The plan with something else about its group. */
function changed(plan: Plan, change: Partial<Plan["groups"][0]>): Plan {
  return { ...plan, groups: plan.groups.map((group) => ({ ...group, ...change })) };
}

const why = (plan: Plan, ...sources: Plan[]) => missExplainer(sources)(plan.groups[0]!);

test("the first sweep of all has no earlier one", () => {
  expect(why(sweep("logistic", 100))).toEqual([{ reason: "no_earlier_sweep" }]);
});

test("a new shape is held against the nearest earlier one", () => {
  const sources = [sweep("squared", 300), sweep("logistic", 100), sweep("exponential", 200)];
  expect(why(sweep("logistic", 200), ...sources)).toEqual([
    { reason: "new_shape", differs: [{ field: "steps", now: "200", earlier: "100" }] },
  ]);
  expect(
    why(sweep("squared", 100, "seeds: 1, learning_rate: 1, measure: [ntk]"), ...sources),
  ).toEqual([
    {
      reason: "new_shape",
      differs: [
        { field: "steps", now: "100", earlier: "300" },
        { field: "measure", now: "ntk", earlier: "none" },
      ],
    },
  ]);
});

test("what a shape leaves out is a difference too", () => {
  const plain = sweep("logistic", 100);
  const { shape } = plain.groups[0]!;
  const biased = changed(plain, {
    shape: { ...shape, bias_variance: 0.1, input_scale: 2 },
    shape_group: "other",
  });
  const differs = (now: string[], earlier: string[]) => [
    {
      reason: "new_shape",
      differs: ["bias_variance", "input_scale"].map((field, i) => ({
        ...{ field, now: now[i], earlier: earlier[i] },
      })),
    },
  ];
  expect(why(biased, plain)).toEqual(differs(["0.1", "2"], ["none", "1"]));
  expect(why(plain, biased)).toEqual(differs(["none", "1"], ["0.1", "2"]));
});

test("an equal shape of another engine is told from one of another kernel version", () => {
  const now = sweep("logistic", 100);
  expect(why(now, changed(now, { shape_group: "other" }))).toEqual([
    { reason: "other_kernel_version" },
  ]);
  const other = changed(now, { shape_group: "other", numeric_class: "float32" });
  expect(why(now, other)).toEqual([
    { reason: "other_numeric_class", now: "float64-exact", earlier: "float32" },
  ]);
});

test("new seeds are named, and new learning rates are counted, over all sources", () => {
  const sources = [
    sweep("logistic", 100, "seeds: {from: 2, count: 3}, learning_rate: [1, 2]"),
    sweep("logistic", 100, "seeds: [7], learning_rate: [4]"),
  ];
  const now = sweep("logistic", 100, "seeds: 9, learning_rate: [1, 2, 3, 4]");
  expect(why(now, ...sources)).toEqual([
    {
      reason: "new_seeds",
      count: 5,
      seeds: [
        { first: 0, last: 1 },
        { first: 5, last: 6 },
        { first: 8, last: 8 },
      ],
    },
    { reason: "new_learning_rates", count: 1 },
  ]);
  const apart = sweep("logistic", 100, "seeds: [2, 7], learning_rate: [1, 4]");
  expect(why(apart, ...sources)).toEqual([{ reason: "not_all_there" }]);
});
