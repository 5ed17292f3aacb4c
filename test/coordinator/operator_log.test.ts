import { expect, test } from "vitest";
import { OperatorLog } from "../../coordinator/operator_log.ts";
import {
  type ArrivedPart,
  NOTHING_BEFORE,
  type UntimedEvent,
} from "../../coordinator/state/events.ts";
import { initialState, type State } from "../../coordinator/state/state.ts";
import { step } from "../../coordinator/state/step.ts";
import { KERNEL_VERSIONS } from "../../shared/kernel_version.ts";
import { makeLog } from "../../shared/log.ts";
import { buildPlan } from "../../shared/spec/build_plan.ts";
import { parseSweep } from "../../shared/spec/load.ts";
import { RULES } from "./state/rules_fixture.ts";

const PLAN = buildPlan(
  parseSweep(
    `{name: s, dataset: example3, loss: logistic, learning_rate: [1, 2], seeds: 100,
      model: {hidden_layers: 1, width: 10}}`,
    "test.yaml",
  ),
);

/** A scheduler, and the lines that its log has. */
function told() {
  let state: State = initialState(RULES);
  const lines: Record<string, unknown>[] = [];
  const log = makeLog({
    ...{ format: "json", level: "info", colour: false, later: () => {} },
    clock: { wallMs: () => 0, nowMs: () => 0 },
    write: (line) => {
      const { time: _, ...rest } = JSON.parse(line);
      lines.push(rest);
    },
  });
  const observer = new OperatorLog(log);
  const send = (event: UntimedEvent, now_ms = 0) => {
    const { state: next, effects } = step(state, { ...event, now_ms } as never);
    state = next;
    observer.stepped(event, effects, state);
    return state;
  };
  const join = (worker: string) =>
    send({
      ...{ type: "worker_registered", worker, host: `host of ${worker}`, slots: 1, held: [] },
      ...{ version: "0.1.0", numeric_classes: ["float64-exact"], kernel_versions: KERNEL_VERSIONS },
    });
  return { send, join, observer, taken: () => lines.splice(0) };
}

test("a worker's way through the fleet", () => {
  const { send, join, taken } = told();
  send({ type: "sweep_submitted", sweep: "s", plan: PLAN, before: NOTHING_BEFORE });
  expect(taken()).toMatchObject([
    { level: "info", message: "sweep taken up", sweep: "s", cells: 200 },
    { message: "sweep is running", sweep: "s" },
  ]);
  join("a");
  const host = "host of a";
  expect(taken()).toMatchObject([{ message: "worker connected", worker: "a", host, slots: 1 }]);
  send({ type: "worker_lost", worker: "a" });
  expect(taken()).toMatchObject([{ level: "warn", message: "worker was cut off", leases: 2 }]);
  join("a");
  const [back, ...returned] = taken();
  expect(back).toMatchObject({ message: "worker came back", worker: "a" });
  // Leases that it never saw are nobody's trouble.
  expect(returned).toEqual([]);
  send({ type: "worker_draining", worker: "a" });
  expect(taken()).toMatchObject([{ message: "worker drains", worker: "a", host }]);
});

test("a shard that is tried again, halved or given up is told with its cells and why", () => {
  const { send, join, taken } = told();
  send({ type: "sweep_submitted", sweep: "s", plan: PLAN, before: NOTHING_BEFORE });
  let state = join("a");
  taken();
  const [first, second] = [...state.leases.values()];
  const shard = ({ range }: { range: { first: number; end: number } }) =>
    `${range.first}..${range.end - 1}`;
  send({ type: "shard_failed", worker: "a", lease: first!.lease, error: "a NaN\nin a weight" });
  expect(taken()).toMatchObject([
    {
      ...{ level: "warn", message: "shard is leased again, in halves", outcome: "failed" },
      ...{ sweep: "s", shard: shard(first!), lease: first!.lease, worker: "a" },
      ...{ host: "host of a", error: "a NaN\nin a weight" },
    },
  ]);
  state = send({ type: "worker_died", worker: "a", how: "SIGKILL", crashed: false });
  const lines = taken();
  expect(lines[0]).toMatchObject({ message: "worker died", error: "SIGKILL" });
  expect(lines.slice(1)).toContainEqual(
    expect.objectContaining({ message: "shard is leased again", shard: shard(second!) }),
  );
});

test("all leases of a worker that does not come back name its host", () => {
  const { send, join, taken } = told();
  send({ type: "sweep_submitted", sweep: "s", plan: PLAN, before: NOTHING_BEFORE });
  join("a");
  send({ type: "worker_lost", worker: "a" });
  taken();
  send({ type: "tick" }, 10 * RULES.lease_ms);
  const host = "host of a";
  const message = "shard is leased again";
  expect(taken()).toMatchObject([
    { message, host },
    { message, host },
  ]);
});

test("trouble with the disk is told when it begins and when it ends, and not with every part", () => {
  const { send, join, taken } = told();
  send({ type: "sweep_submitted", sweep: "s", plan: PLAN, before: NOTHING_BEFORE });
  const state = join("a");
  const { lease, range } = [...state.leases.values()][0]!;
  const part: ArrivedPart = {
    ...{ id: 1, worker: "a", lease, sweep: "s", range, compute_ms: 1 },
    phases: [range.end - range.first, 0, 0, 0],
  };
  taken();
  const fails = { part, ranges: [range], error: "no space left", for_good: false };
  for (let i = 0; i < 3; i++) {
    send({ type: "part_arrived", part });
    send({ type: "part_not_stored", ...fails });
  }
  expect(taken()).toMatchObject([
    { level: "error", message: "nothing reaches the disk", sweep: "s", error: "no space left" },
  ]);
  send({ type: "part_arrived", part });
  send({ type: "part_stored", part, ranges: [range] });
  expect(taken()).toMatchObject([{ level: "info", message: "parts reach the disk again" }]);
});

test("what only the shell sees is told too", () => {
  const { observer, send, taken } = told();
  send({ type: "sweep_submitted", sweep: "s", plan: PLAN, before: NOTHING_BEFORE });
  send({ type: "duplicate_compared", sweep: "s", mismatches: 3 });
  observer.refused({ reason: "too old", worker: "w", host: "h", peer: "10.0.0.7:5" });
  observer.groupStored({ parts: 2, bytes: 10, files_ms: 5_000, journal_ms: 1 });
  observer.groupStored({ parts: 2, bytes: 10, files_ms: 1, journal_ms: 1 });
  observer.merged("s", 1, "a part is damaged");
  expect(taken().slice(2)).toMatchObject([
    { level: "error", message: "cells that came twice differ", sweep: "s", cells: 3 },
    { level: "warn", message: "worker refused", peer: "10.0.0.7:5", error: "too old" },
    { level: "warn", message: "parts were slow to become durable", files_ms: 5_000 },
    { level: "error", message: "parts could not be merged", error: "a part is damaged" },
  ]);
});
