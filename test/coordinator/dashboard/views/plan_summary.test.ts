import { expect, test } from "vitest";
import { planAxes, whyNoMap } from "../../../../coordinator/dashboard/views/plan_axes.ts";
import { summarizePlan } from "../../../../coordinator/dashboard/views/plan_summary.ts";
import { Slices } from "../../../../coordinator/dashboard/views/slices.ts";
import { systemClock } from "../../../../shared/clock.ts";
import { buildPlan } from "../../../../shared/spec/build_plan.ts";
import { parseSweep } from "../../../../shared/spec/load.ts";

function planOf(text: string) {
  return buildPlan(parseSweep(`{name: s, dataset: example3, loss: logistic, ${text}}`, "test"));
}

async function summaryOf(text: string) {
  const plan = planOf(text);
  const slices = new Slices(systemClock);
  expect(whyNoMap(plan)).toBe(null);
  return summarizePlan(plan, "v", await planAxes(plan, slices), null, slices);
}

test("groups name their axes, of which each stands there once", async () => {
  const { groups, rate_axes, seed_axes, cells } = await summaryOf(`grids: [
    {seeds: 3, model: {hidden_layers: 1, width: [5, 8]}, learning_rate: [4, 1, 2]},
    {seeds: [7, 9], model: {hidden_layers: 0}, learning_rate: {from: 1, to: 8, points: 4}}]`);
  expect(rate_axes).toEqual([
    [4, 1, 2],
    [1, 2, 4, 8],
  ]);
  expect(seed_axes).toEqual([
    [0, 1, 2],
    [7, 9],
  ]);
  expect(groups.map(({ rate_axis, seed_axis }) => [rate_axis, seed_axis])).toEqual([
    [0, 0],
    [0, 0],
    [1, 1],
  ]);
  expect(groups.map(({ model }) => model)).toEqual([
    "one hidden layer",
    "one hidden layer",
    "linear predictor",
  ]);
  expect(groups.at(-1)!.first_cell + groups.at(-1)!.cells).toBe(cells);
});

test("planes have two values or more, by each number that differs, across blocks too", async () => {
  const { planes, groups } = await summaryOf(`seeds: 2, grids: [
    {model: {hidden_layers: 1, width: [16, 4], weight_variance: [0.5, 1]}, learning_rate: [1, 2]},
    {model: {hidden_layers: 1, width: 8, weight_variance: 1}, learning_rate: [3, 4]}]`);
  const rowsOf = (words: string) =>
    planes
      .filter(({ parameter }) => parameter === words)
      .map(({ rows }) => rows.map(({ value }) => value));
  expect(rowsOf("hidden width m")).toEqual([
    [4, 16],
    [4, 8, 16],
  ]);
  expect(rowsOf("variance σ_w² of the initial weights")).toEqual([
    [0.5, 1],
    [0.5, 1],
  ]);
  const known = new Set(groups.map(({ shape_group }) => shape_group));
  for (const { rows } of planes) {
    for (const { shape_group } of rows) expect(known).toContain(shape_group);
  }
  expect(planes[1]!.is_log).toBe(true);
});

test("a sweep of one shape has no plane", async () => {
  const summary = await summaryOf(
    "seeds: 2, model: {hidden_layers: 1, width: 5}, learning_rate: [1, 2]",
  );
  expect(summary.planes).toEqual([]);
});

test("what is too large for a map is said, with the limit, and not made", () => {
  const cells = planOf(
    "seeds: 1000000, model: {hidden_layers: 1, width: 5}, learning_rate: {from: 1, to: 2, points: 200}",
  );
  expect(whyNoMap(cells)).toMatch(/more than the 67108864 .*DASHBOARD_CELLS_MAX.*analyze/);
  const axes = planOf(
    "seeds: 1, model: {hidden_layers: 1, width: 5}, learning_rate: {from: 1, to: 2, points: 5000000}",
  );
  expect(whyNoMap(axes)).toMatch(/DASHBOARD_AXIS_NUMBERS_MAX/);
});
