import { afterEach, beforeEach, expect, test } from "vitest";
import { Coordinator } from "../../../coordinator/coordinator.ts";
import { WorkerSession } from "../../../coordinator/rpc/worker_session.ts";
import { FolderStorage } from "../../../coordinator/storage.ts";
import { systemClock } from "../../../shared/clock.ts";
import type { CoordinatorMessage } from "../../../shared/generated/phasesweep/v1/CoordinatorMessage.ts";
import type { Register__Output } from "../../../shared/generated/phasesweep/v1/Register.ts";
import type { WorkerMessage__Output } from "../../../shared/generated/phasesweep/v1/WorkerMessage.ts";
import { KERNEL_VERSION } from "../../../shared/kernel_version.ts";
import { packageVersion } from "../../../shared/package_info.ts";
import { type Plan, serializePlan, shapeGroupId } from "../../../shared/plan.ts";
import { PROTOCOL } from "../../../shared/protocol.ts";
import { buildPlan } from "../../../shared/spec/build_plan.ts";
import { parseSweep } from "../../../shared/spec/load.ts";
import { temporaryFolder } from "../../e2e/cli.ts";

const RULES = {
  ...{ lease_ms: 60_000, reconnect_ms: 60_000, shard_ms: 1, leases_per_slot: 2, losses_max: 9 },
  ...{ company_ms: 0, storage_patience_ms: 0 },
};
/** What release 0.1.0 registers with, as it arrives here. */
const FIRST_RELEASE: Register__Output = {
  ...{ worker: "w", host: "h", version: "0.1.0", slots: 1, held: [] },
  ...{ numericClasses: ["float64-exact"], protocol: null, kernelVersions: [] },
};
const NEXT_KERNELS = KERNEL_VERSION + 1;

let coordinator: Coordinator;
beforeEach(async () => {
  const storage = await FolderStorage.open(temporaryFolder(), false);
  const common = { storage, singleSweep: false, clock: systemClock };
  coordinator = await Coordinator.open({ ...common, rules: RULES });
});
afterEach(() => coordinator.close());

function planOf(kernel_version?: number): Plan {
  const file = `{name: s, dataset: example3, loss: logistic, seeds: 50,
    model: {hidden_layers: 1, width: 5}, learning_rate: {from: 1, to: 16, points: 33}}`;
  const plan = buildPlan(parseSweep(file, "test"));
  if (kernel_version === undefined) return plan;
  const groups = plan.groups.map((group) => ({
    ...group,
    kernel_version,
    shape_group: shapeGroupId(group.shape, group.numeric_class, kernel_version),
  }));
  return { ...plan, groups };
}

/** What a session gets that begins with these messages, and whether it was ended. */
async function session(
  ...messages: (Partial<Register__Output> | "unknown")[]
): Promise<{ sent: CoordinatorMessage[]; ended: boolean }> {
  const sent: CoordinatorMessage[] = [];
  let ended = false;
  const lease = { lease_ms: 1000, renew_ms: 100 };
  const send = (message: CoordinatorMessage) => void sent.push(message);
  const worker = new WorkerSession(coordinator, lease, send, () => {
    ended = true;
  });
  for (const message of messages) {
    const arrived =
      message === "unknown"
        ? {}
        : { message: "register", register: { ...FIRST_RELEASE, ...message } };
    worker.receive(arrived as WorkerMessage__Output);
  }
  // Leases of one moment are gathered first.
  await Promise.resolve();
  return { sent, ended };
}

const leased = (sent: readonly CoordinatorMessage[]) => sent.some((message) => message.leases);
const trouble = () => coordinator.watch.status("s")!.trouble;

test("a worker of the first release, which says nothing of its protocol, is welcome", async () => {
  await coordinator.submit(serializePlan(planOf()));
  const { sent } = await session({});
  expect(sent[0]!.welcome).toMatchObject({ protocol: PROTOCOL, version: packageVersion });
  expect(leased(sent)).toBe(true);
  expect(coordinator.watch.workers()[0]).toMatchObject({ version: "0.1.0", kernelVersions: [3] });
});

test("another version is welcome as long as a version of the protocol is common", async () => {
  const newer = { version: "9.9.9", kernelVersions: [KERNEL_VERSION] };
  const { sent } = await session({ ...newer, protocol: { min: PROTOCOL.max, max: 99 } });
  expect(sent[0]).toHaveProperty("welcome");
});

test("without a common version of the protocol it is said who is to be upgraded", async () => {
  const newer = { version: "9.9.9", protocol: { min: PROTOCOL.max + 1, max: 99 } };
  const { sent, ended } = await session(newer);
  expect(sent[0]!.refusal!.reason).toBe(
    `worker 9.9.9 speaks protocol 3 to 99, coordinator ${packageVersion} 1 to 2; upgrade the coordinator`,
  );
  expect(ended).toBe(true);
  const older = await session({ version: "0.0.1", protocol: { min: 0, max: 0 } });
  expect(older.sent[0]!.refusal!.reason).toMatch(/; upgrade the worker$/);
});

test("a message of an unknown kind is passed over, but not in place of the registration", async () => {
  await coordinator.submit(serializePlan(planOf()));
  const known = await session({}, "unknown");
  expect(known.ended).toBe(false);
  const stranger = await session("unknown");
  expect(stranger.ended).toBe(true);
  expect(stranger.sent[0]!.refusal!.reason).toContain("must be its registration");
});

test("cells are leased only to workers whose kernels are those of the plan", async () => {
  await coordinator.submit(serializePlan(planOf(NEXT_KERNELS)));
  const old = await session({});
  expect(leased(old.sent)).toBe(false);
  expect(trouble()).toBe(
    `its cells are of kernel version ${NEXT_KERNELS}, and the workers (phasesweep 0.1.0) have 3: start workers of the release that it began with, or cancel it and submit it anew under another name`,
  );
  const both = { worker: "both", version: "9.9.9", kernelVersions: [3, NEXT_KERNELS] };
  const { sent } = await session(both);
  expect(leased(sent)).toBe(true);
  expect(trouble()).toBe("");
});

test("what its old workers left behind is not given to those with other kernels", async () => {
  await coordinator.submit(serializePlan(planOf()));
  const old = await session({});
  expect(leased(old.sent)).toBe(true);
  coordinator.workerDied("w", "was replaced", false);
  const { sent } = await session({ worker: "new", kernelVersions: [NEXT_KERNELS] });
  expect(leased(sent)).toBe(false);
  expect(trouble()).toContain("its cells are of kernel version 3");
});
