import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { Coordinator } from "../../coordinator/coordinator.ts";
import { WorkerSession } from "../../coordinator/rpc/worker_session.ts";
import { FolderStorage } from "../../coordinator/storage.ts";
import { systemClock } from "../../shared/clock.ts";
import { UsageError } from "../../shared/errors.ts";
import type { CoordinatorMessage } from "../../shared/generated/phasesweep/v1/CoordinatorMessage.ts";
import type { WorkerMessage__Output } from "../../shared/generated/phasesweep/v1/WorkerMessage.ts";
import { packageVersion } from "../../shared/package_info.ts";
import { serializePlan } from "../../shared/plan.ts";
import { buildPlan } from "../../shared/spec/build_plan.ts";
import { loadSweepFile, parseSweep } from "../../shared/spec/load.ts";
import { temporaryFolder } from "../e2e/cli.ts";

/** Small enough to be reached here. Those of parts and slots are tested with a lying worker. */
const SMALL = {
  SWEEPS_MAX: 2,
  WORKERS_MAX: 2,
  MESSAGE_BYTES_MAX: 4_000,
  SWEEP_FILE_BYTES_MAX: 500,
  SWEEP_GROUPS_MAX: 3,
  TRAJECTORY_NUMBERS_MAX: 1_000,
  DATA_FILE_BYTES_MAX: 3_000,
  DATASET_SAMPLES_MAX: 100,
  DATASET_FEATURES_MAX: 200,
  DATASET_BYTES_MAX: 1_000,
};

vi.mock("../../shared/limits.ts", async (original) => ({
  ...(await original<object>()),
  SWEEPS_MAX: 2,
  WORKERS_MAX: 2,
  MESSAGE_BYTES_MAX: 4_000,
  SWEEP_FILE_BYTES_MAX: 500,
  SWEEP_GROUPS_MAX: 3,
  TRAJECTORY_NUMBERS_MAX: 1_000,
  DATA_FILE_BYTES_MAX: 3_000,
  DATASET_SAMPLES_MAX: 100,
  DATASET_FEATURES_MAX: 200,
  DATASET_BYTES_MAX: 1_000,
}));

const sweep = (name: string, more = "") =>
  `{name: ${name}, dataset: example3, loss: logistic, seeds: 2, learning_rate: [1, 2],
    model: {hidden_layers: 1, width: 10}${more}}`;
const planOf = (name: string, more = "") => buildPlan(parseSweep(sweep(name, more), "s.yaml"));

/** The words of a refusal, which must name the limit with its value and say what to do. */
function refusal(limit: keyof typeof SMALL, error: unknown): void {
  expect(error).toBeInstanceOf(UsageError);
  const { message } = error as UsageError;
  expect(message).toContain(limit);
  expect(message).toContain(String(SMALL[limit]));
  expect(message).toContain("fix: ");
}

function thrownBy(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe("of a sweep file", () => {
  test("bytes of the file", () => {
    const path = join(temporaryFolder(), "sweep.yaml");
    writeFileSync(path, `${sweep("long")}\n# ${"x".repeat(500)}`);
    refusal(
      "SWEEP_FILE_BYTES_MAX",
      thrownBy(() => loadSweepFile(path)),
    );
  });

  test("groups", () => {
    const ofWidths = (widths: string) =>
      buildPlan(parseSweep(sweep("wide").replace("width: 10", `width: ${widths}`), "s.yaml"));
    expect(() => ofWidths("[10, 11, 12]")).not.toThrow();
    refusal(
      "SWEEP_GROUPS_MAX",
      thrownBy(() => ofWidths("[10, 11, 12, 13]")),
    );
  });

  test("numbers in trajectories", () => {
    const every = ", training: {steps: 1000}, trajectory: {every: 1}";
    refusal(
      "TRAJECTORY_NUMBERS_MAX",
      thrownBy(() => planOf("traced", every)),
    );
  });

  test("bytes of the plan in a message", () => {
    const dataset = "{separable: {samples: 20, features: 20, margin: 0.1}}";
    const large = buildPlan(parseSweep(sweep("large").replace("example3", dataset), "s.yaml"));
    refusal(
      "MESSAGE_BYTES_MAX",
      thrownBy(() => serializePlan(large)),
    );
    expect(() => serializePlan(planOf("small"))).not.toThrow();
  });

  test.each([
    ["DATA_FILE_BYTES_MAX", 1, 1, " ".repeat(3_001), false],
    ["DATA_FILE_BYTES_MAX", 1, 1, " ".repeat(3_001), true],
    ["DATASET_SAMPLES_MAX", 101, 1, "", false],
    ["DATASET_FEATURES_MAX", 2, 201, "", false],
    ["DATASET_BYTES_MAX", 50, 3, "", false],
  ] as const)("%s of data from files", (limit, samples, features, more, gzip) => {
    const folder = temporaryFolder();
    const lines = Array.from(
      { length: samples },
      (_, i) => `${"1,".repeat(features)}${i % 2 === 0 ? 1 : -1}\n`,
    );
    const text = `${lines.join("")}${more}`;
    writeFileSync(join(folder, "own.csv"), gzip ? gzipSync(text) : text);
    const own = sweep("own").replace("example3", "{csv: own.csv, header: false, label: -1}");
    refusal(
      limit,
      thrownBy(() => buildPlan(parseSweep(own, join(folder, "s.yaml")))),
    );
  });
});

describe("of a coordinator", () => {
  const lease = { lease_ms: 1000, renew_ms: 100 };
  let coordinator: Coordinator;

  beforeAll(async () => {
    coordinator = await Coordinator.open({
      storage: await FolderStorage.open(temporaryFolder(), false),
      singleSweep: false,
      clock: systemClock,
      rules: {
        lease_ms: lease.lease_ms,
        reconnect_ms: 300,
        shard_ms: 100,
        leases_per_slot: 2,
        losses_max: 10,
        company_ms: 0,
        storage_patience_ms: 1_000,
      },
    });
  });
  afterAll(() => coordinator.close());

  test("sweeps", async () => {
    for (const name of ["one", "two"]) await coordinator.submit(serializePlan(planOf(name)));
    const third = coordinator.submit(serializePlan(planOf("three")));
    refusal("SWEEPS_MAX", await third.catch((error: unknown) => error));
    // One that is there already is no further one.
    const again = await coordinator.submit(serializePlan(planOf("two")));
    expect(again.existing).toBe(true);
  });

  test("workers", () => {
    const register = (worker: string): CoordinatorMessage => {
      const sent: CoordinatorMessage[] = [];
      const send = (message: CoordinatorMessage) => void sent.push(message);
      const session = new WorkerSession(coordinator, lease, send, () => {});
      const who = { worker, host: "h", version: packageVersion, slots: 1 };
      const register = { ...who, protocol: null, numericClasses: [], kernelVersions: [], held: [] };
      session.receive({ message: "register", register } as WorkerMessage__Output);
      return sent[0]!;
    };
    for (const worker of ["one", "two"]) expect(register(worker)).toHaveProperty("welcome");
    expect(register("three").refusal?.reason).toBe("there are 2 workers already (WORKERS_MAX)");
    // One that lost its connection comes back.
    expect(register("two")).toHaveProperty("welcome");
  });

  test("a plan that was made up is refused", async () => {
    const honest = JSON.parse(serializePlan(planOf("honest")));
    const lies: [object | null, RegExp][] = [
      [null, /format undefined/],
      [{ format: 2 }, /format 2/],
      [{ format: 1 }, /without its parts/],
      [{ ...honest, plan: { ...honest.plan, name: "../up" } }, /'\.\.\/up' is no name/],
      [{ ...honest, plan: { ...honest.plan, cells: 5 } }, /has 4 cells/],
      [{ ...honest, plan: { ...honest.plan, groups: [] } }, /has 0 cells/],
    ];
    for (const [lie, reason] of lies) {
      await expect(coordinator.submit(JSON.stringify(lie))).rejects.toThrow(reason);
    }
  });
});
