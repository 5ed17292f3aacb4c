import { expect, test } from "vitest";
import { NOTHING_BEFORE } from "../../../coordinator/state/events.ts";
import {
  CALIBRATION_CELLS,
  kindOf,
  shardCells,
  updateRate,
} from "../../../coordinator/state/shard_size.ts";
import { initialState } from "../../../coordinator/state/state.ts";
import { step } from "../../../coordinator/state/step.ts";
import { buildPlan } from "../../../shared/spec/build_plan.ts";
import { parseSweep } from "../../../shared/spec/load.ts";
import { RELEASE } from "../../release.ts";
import { RULES } from "./rules_fixture.ts";

const PLAN = buildPlan(
  parseSweep(
    `{name: s, dataset: example3, loss: logistic, learning_rate: [1, 2], seeds: 500000,
      grids: [
        {model: {hidden_layers: 1, width: [40, 50, 1000], weight_variance: [1, 2]}},
        {loss: squared, model: {hidden_layers: 1, width: 50}}]}`,
    "s",
  ),
);

test("groups of a kind differ in numbers that do not change the work", () => {
  const kinds = PLAN.groups.map(kindOf);
  const [first] = kinds;
  expect(kinds.map((kind) => kind === first)).toEqual([
    ...[true, true, true, true],
    ...[false, false, false],
  ]);
});

test("a group is measured first, unless one of its kind was", () => {
  const { state } = step(initialState(RULES), {
    ...{ type: "sweep_submitted", sweep: "s", plan: PLAN, before: NOTHING_BEFORE, now_ms: 0 },
  });
  const who = {
    worker: "w",
    host: "w",
    slots: 1,
    numeric_classes: ["float64-exact"],
    ...RELEASE,
    held: [],
  };
  state.slots_connected = 1;
  step(state, { type: "worker_registered", ...who, slots: 0, now_ms: 0 });
  const sweep = state.sweeps.get("s")!;
  const worker = state.workers.get("w")!;
  const cellsOf = (group: number) =>
    shardCells(state, sweep, worker, PLAN.groups[group]!.first_cell);
  expect(PLAN.groups.map((_, i) => cellsOf(i))).toEqual(PLAN.groups.map(() => CALIBRATION_CELLS));
  const rate = 40_000 / RULES.shard_ms;
  updateRate(state, worker, PLAN.groups[0]!.shape_group, rate);
  updateRate(state, worker, kindOf(PLAN.groups[0]!), rate);
  expect(cellsOf(0)).toBe(40_000);
  expect(cellsOf(1)).toBe(10_000);
  expect(cellsOf(4)).toBe(CALIBRATION_CELLS);
  expect(cellsOf(6)).toBe(CALIBRATION_CELLS);
});
