import { expect, test } from "vitest";
import { abilitiesWanted } from "../../../coordinator/state/abilities.ts";
import { NOTHING_BEFORE } from "../../../coordinator/state/events.ts";
import { initialState, type State } from "../../../coordinator/state/state.ts";
import { step } from "../../../coordinator/state/step.ts";
import { missingAbilities } from "../../../coordinator/sweeps/missing_abilities.ts";
import { kernelVersionOf } from "../../../shared/kernel_version.ts";
import { parsePlan, serializePlan, shapeGroupId } from "../../../shared/plan.ts";
import { buildPlan } from "../../../shared/spec/build_plan.ts";
import { checkGroup } from "../../../shared/spec/check_groups.ts";
import { parseSweep } from "../../../shared/spec/load.ts";
import { RULES } from "./rules_fixture.ts";

/** 1,000 cells in float32, then 1,000 in float64. */
const PLAN = buildPlan(
  parseSweep(
    `{name: s, dataset: example3, learning_rate: [1, 2], seeds: 500, loss: logistic,
      model: {hidden_layers: 1, width: 10}, grids: [{precision: float32}, {precision: float64}]}`,
    "s",
  ),
  { backends: { gram: "webgpu", dense: "webgpu" } },
);

function stateOf(...workers: readonly { classes: string[]; kernels: number[] }[]): State {
  const { state } = step(initialState(RULES), {
    ...{ type: "sweep_submitted", sweep: "s", plan: PLAN, before: NOTHING_BEFORE, now_ms: 0 },
  });
  for (const [i, { classes, kernels }] of workers.entries()) {
    const who = { worker: `w${i}`, host: "h", version: "0.1.0", slots: 0, held: [] };
    const able = { numeric_classes: classes, kernel_versions: kernels };
    step(state, { type: "worker_registered", ...who, ...able, now_ms: 0 });
  }
  return state;
}

function missing(...workers: readonly { classes: string[]; kernels: number[] }[]): string {
  const state = stateOf(...workers);
  return missingAbilities(state.sweeps.get("s")!, state.workers.values());
}

test("what is wanted is what cells that nobody has in hand need, given back ones too", () => {
  const sweep = stateOf().sweeps.get("s")!;
  const wanted = () => abilitiesWanted(sweep).map(({ numeric_class }) => numeric_class);
  expect(wanted()).toEqual(["float32-webgpu", "float64-exact"]);
  sweep.fresh = [{ first: 1500, end: 1600 }];
  expect(wanted()).toEqual(["float64-exact"]);
  const past = { story: [], losses: 0, crashes_alone: 0, suspect: false, failed_on: [] };
  sweep.returned = [{ range: { first: 10, end: 20 }, past }];
  expect(wanted()).toEqual(["float64-exact", "float32-webgpu"]);
});

test("a class that nobody computes, and kernels that nobody has, are told apart", () => {
  const classes = ["float64-exact", "float32-webgpu"];
  expect(missing()).toBe("");
  expect(missing({ classes, kernels: [3] })).toBe("");
  expect(missing({ classes: ["float64-exact"], kernels: [3, 4] })).toMatch(
    /^no worker computes float32-webgpu; `phasesweep worker --backend` adds one that does$/,
  );
  expect(missing({ classes, kernels: [4] })).toMatch(/^its cells are of kernel version 3, and/);
  // Each has one of the two: neither can compute it.
  expect(
    missing(
      { classes: ["float64-exact"], kernels: [3] },
      { classes: ["float32-webgpu"], kernels: [4] },
    ),
  ).toMatch(/^no worker computes float32-webgpu/);
});

test("a lease from before a restart is not taken up with other kernels", () => {
  const register = (kernels: number[]) => {
    const { sweep, range } = { sweep: "s", range: { first: 1000, end: 1010 } };
    const who = { worker: "w", host: "h", version: "9.9.9", slots: 0, now_ms: 1 };
    const able = { numeric_classes: ["float64-exact"], kernel_versions: kernels };
    const held = [{ lease: "0-1", sweep, range }];
    const event = { type: "worker_registered", ...who, ...able, held } as const;
    return step(stateOf(), event).effects;
  };
  expect(register([4])).toContainEqual({ type: "send_cancel", worker: "w", lease: "0-1" });
  expect(register([3])).toEqual([]);
});

test("a plan says its kernels unless they are those of the first release", () => {
  for (const group of PLAN.groups) {
    expect(group).not.toHaveProperty("kernel_version");
    expect(kernelVersionOf(group)).toBe(3);
    expect(shapeGroupId(group.shape, group.numeric_class, 3)).toBe(group.shape_group);
  }
  const later = { ...PLAN, groups: PLAN.groups.map((g) => ({ ...g, kernel_version: 4 })) };
  expect(parsePlan(serializePlan(later)).groups.map(kernelVersionOf)).toEqual(
    later.groups.map(() => 4),
  );
});

test("cells that a round adds are of the kernels of the sweep, not of who adds them", () => {
  const group = { ...PLAN.groups[0]!, kernel_version: 4 };
  const check = checkGroup(group, "boundary", PLAN.cells, {
    ...{ shape: group.shape, numeric_class: "float64-exact" },
    ...{ seeds: group.seeds, learning_rates: group.learning_rates },
  });
  expect(kernelVersionOf(check)).toBe(4);
  expect(check.shape_group).toBe(shapeGroupId(group.shape, "float64-exact", 4));
});

test("what a plan says that this release does not know is kept, and is no error", () => {
  const text = JSON.parse(serializePlan(PLAN));
  text.later = 1;
  text.plan.later = { a: [1] };
  text.plan.groups[0].later = "x";
  const plan = parsePlan(JSON.stringify(text));
  expect(plan).toMatchObject({ later: { a: [1] } });
  expect(plan.groups[0]).toMatchObject({ later: "x" });
  expect(plan.cells).toBe(PLAN.cells);
});
