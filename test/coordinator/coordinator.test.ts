import { afterEach, expect, test } from "vitest";
import { Coordinator } from "../../coordinator/coordinator.ts";
import { FolderStorage } from "../../coordinator/storage.ts";
import { systemClock } from "../../shared/clock.ts";
import type { CoordinatorMessage } from "../../shared/generated/phasesweep/v1/CoordinatorMessage.ts";
import { FLOAT64_EXACT } from "../../shared/numeric_class.ts";
import { serializePlan } from "../../shared/plan.ts";
import { buildPlan } from "../../shared/spec/build_plan.ts";
import { parseSweep } from "../../shared/spec/load.ts";
import { temporaryFolder } from "../e2e/cli.ts";
import { RELEASE } from "../release.ts";

const RULES = {
  ...{ lease_ms: 60_000, reconnect_ms: 60_000, shard_ms: 1, leases_per_slot: 2, losses_max: 9 },
  ...{ company_ms: 0, storage_patience_ms: 0 },
};
const SWEEP = `{name: s, dataset: example3, loss: logistic, seeds: 500,
  model: {hidden_layers: 1, width: 5}, learning_rate: {from: 1, to: 16, points: 33}}`;

let coordinator: Coordinator | undefined;
afterEach(() => coordinator?.close());

/** A coordinator with a sweep, and a worker whose messages are gathered. */
async function withWorker(): Promise<CoordinatorMessage[]> {
  const storage = await FolderStorage.open(temporaryFolder(), true);
  const common = { storage, singleSweep: true, clock: systemClock };
  coordinator = await Coordinator.open({ ...common, rules: RULES });
  await coordinator.submit(serializePlan(buildPlan(parseSweep(SWEEP, "test"))));
  const messages: CoordinatorMessage[] = [];
  coordinator.openSession("w", (message) => messages.push(message));
  return messages;
}

function register(slots: number): void {
  coordinator!.dispatch({
    ...{ type: "worker_registered", worker: "w", host: "h", slots, held: [] },
    numeric_classes: [FLOAT64_EXACT],
    ...RELEASE,
  });
}

test("leases of one moment come in few messages, when the task that granted them is done", async () => {
  const messages = await withWorker();
  register(50);
  const atOnce = messages.map(({ leases }) => leases?.leases?.length);
  expect(atOnce).toEqual([64]);
  await Promise.resolve();
  expect(messages.map(({ leases }) => leases?.leases?.length)).toEqual([64, 36]);
});

test("what concerns a lease comes after it", async () => {
  const messages = await withWorker();
  register(1);
  const wish = { control: "cancelled", priority: 0 } as const;
  coordinator!.dispatch({ type: "sweep_controlled", sweep: "s", ...wish });
  await Promise.resolve();
  expect(messages.map((message) => Object.keys(message)[0])).toEqual([
    "leases",
    "cancel",
    "cancel",
  ]);
});

test("leases that were not sent yet are not sent to a later stream of the worker", async () => {
  const messages = await withWorker();
  register(1);
  const later: CoordinatorMessage[] = [];
  coordinator!.openSession("w", (message) => later.push(message));
  await Promise.resolve();
  expect(messages.map((message) => Object.keys(message)[0])).toEqual(["refusal"]);
  expect(later).toEqual([]);
});
