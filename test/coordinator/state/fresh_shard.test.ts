import { expect, test } from "vitest";
import { NOTHING_BEFORE } from "../../../coordinator/state/events.ts";
import { freshShard } from "../../../coordinator/state/fresh_shard.ts";
import { updateRate } from "../../../coordinator/state/shard_size.ts";
import { initialState, type State } from "../../../coordinator/state/state.ts";
import { step } from "../../../coordinator/state/step.ts";
import { buildPlan } from "../../../shared/spec/build_plan.ts";
import { parseSweep } from "../../../shared/spec/load.ts";
import { RELEASE } from "../../release.ts";
import { RULES } from "./rules_fixture.ts";

/** Three groups of 1,000 cells: the first in float32, then two in float64. */
const PLAN = buildPlan(
  parseSweep(
    `{name: s, dataset: example3, learning_rate: [1, 2], seeds: 500,
      model: {hidden_layers: 1, width: 10},
      grids: [{loss: logistic, precision: float32}, {loss: logistic}, {loss: squared}]}`,
    "s",
  ),
  { backends: { gram: "webgpu", dense: "webgpu" } },
);
const [FLOAT32, LOGISTIC, SQUARED] = PLAN.groups.map(({ shape_group }) => shape_group);

/** A scheduler with the sweep, and workers that only ask. */
function stateWith(workers: Record<string, string[]>): State {
  const { state } = step(initialState(RULES), {
    ...{ type: "sweep_submitted", sweep: "s", plan: PLAN, before: NOTHING_BEFORE, now_ms: 0 },
  });
  for (const [worker, numeric_classes] of Object.entries(workers)) {
    // No slots: nothing is leased before the test asks.
    const who = { worker, host: worker, slots: 0, numeric_classes, ...RELEASE, held: [] };
    step(state, { type: "worker_registered", ...who, now_ms: 0 });
  }
  return state;
}

function begins(state: State, worker: string): number | undefined {
  return freshShard(state, state.sweeps.get("s")!, state.workers.get(worker)!)?.first;
}

test("a worker passes over the groups that it cannot compute", () => {
  const both = ["float64-exact", "float32-webgpu"];
  const state = stateWith({ cpu: ["float64-exact"], gpu: ["float32-webgpu"], both, none: ["x"] });
  expect(begins(state, "gpu")).toBe(0);
  expect(begins(state, "both")).toBe(0);
  expect(begins(state, "cpu")).toBe(1000);
  expect(begins(state, "none")).toBeUndefined();
});

test("each worker gets what it is comparatively best at", () => {
  const state = stateWith({ fast: ["float64-exact"], slow: ["float64-exact"] });
  const rate = (worker: string, group: string, cells_per_ms: number) =>
    updateRate(state, state.workers.get(worker)!, group, cells_per_ms);
  rate("fast", LOGISTIC!, 100);
  rate("slow", LOGISTIC!, 5);
  // It may be best at what it has not tried.
  expect(begins(state, "fast")).toBe(1000);
  expect(begins(state, "slow")).toBe(2000);
  rate("fast", SQUARED!, 80);
  rate("slow", SQUARED!, 20);
  expect(begins(state, "fast")).toBe(1000);
  expect(begins(state, "slow")).toBe(2000);
  // A little better is not worth leaving the order of the plan for.
  rate("slow", LOGISTIC!, 35);
  expect(begins(state, "slow")).toBe(1000);
});

test("the fastest may turn out slower than it seemed", () => {
  const state = stateWith({ a: ["float64-exact"], b: ["float64-exact"] });
  updateRate(state, state.workers.get("a")!, FLOAT32!, 100);
  updateRate(state, state.workers.get("b")!, FLOAT32!, 10);
  expect(state.fastest.get(FLOAT32!)).toEqual({ worker: "a", cells_per_ms: 100 });
  updateRate(state, state.workers.get("a")!, FLOAT32!, 20);
  expect(state.fastest.get(FLOAT32!)).toEqual({ worker: "a", cells_per_ms: 60 });
});
