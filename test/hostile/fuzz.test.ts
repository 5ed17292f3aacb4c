import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { packageVersion } from "../../shared/package_info.ts";
import { serializePlan } from "../../shared/plan.ts";
import { buildPlan } from "../../shared/spec/build_plan.ts";
import { parseSweep } from "../../shared/spec/load.ts";
import { Cli, phasesweep, sha256Of, sweepFile, temporaryFolder } from "../e2e/cli.ts";
import { honestPart } from "../e2e/liar.ts";
import { FuzzClient, type ValidMessages } from "./fuzz_client.ts";
import { Seeded } from "./seeded.ts";

/** The full number is 100,000 (README: hostile inputs); this one fits into every run of the tests. */
const MESSAGES = Number(process.env.PHASESWEEP_FUZZ_MESSAGES ?? 20_000);
const SEED = Number(process.env.PHASESWEEP_FUZZ_SEED ?? 1);
const CLIENTS = 8;
const CALLS_AT_ONCE = 4;

const FUZZED = `
name: fuzzed
dataset: [example3, example4]
loss: logistic
model: { hidden_layers: 1, width: 20 }
learning_rate: { from: 0.5, to: 8, points: 5 }
seeds: 2
training: { steps: 5 }
`;

const RIGHT = `
name: right
dataset: [example3, example4]
loss: [exponential, logistic]
model: { hidden_layers: 1, width: 50 }
learning_rate: { from: 0.5, to: 64, points: 65 }
seeds: 8
training: { steps: 100 }
`;

async function validMessages(): Promise<ValidMessages> {
  const plan = buildPlan(parseSweep(FUZZED, "fuzzed"));
  const { header, bytes } = await honestPart(plan, 0, 0, 4);
  const digest = "0123456789abcdef".repeat(4);
  const lease = { lease: "1-1", sweep: "fuzzed", firstCell: 0, cellCount: 4 };
  const register = {
    ...{ worker: "fuzz", host: "nowhere", version: packageVersion, slots: 2 },
    ...{ protocol: { min: 1, max: 2 }, kernelVersions: [3] },
    ...{ numericClasses: ["float64-exact"], held: [lease] },
  };
  return {
    Submit: [{ planJson: serializePlan(plan), priority: 0 }],
    FindDatasets: [{ digests: [digest] }],
    SendDataset: [
      { header: { digest, bytes: 1_000 } },
      { chunk: Buffer.alloc(500, 1) },
      { chunk: Buffer.alloc(500, 2) },
    ],
    GetDataset: [{ digest }],
    GetStatus: [{}],
    GetPlan: [{ sweep: "fuzzed" }],
    Control: [
      { sweep: "fuzzed", control: "paused", priority: 3 },
      { sweep: "fuzzed", control: "running" },
    ],
    ReportDeath: [{ worker: "fuzz", how: "SIGSEGV", crashed: true }],
    Watch: [{ sweep: "fuzzed" }],
    Session: [
      { register },
      { renew: { leases: [{ lease: "1-1", cellsDone: 2, cellsPerMs: 0.5 }] } },
      { release: { leases: ["1-1"], reason: "drained" } },
      { failed: { lease: "1-1", error: "it broke" } },
      { drain: { reason: "SIGTERM" } },
    ],
    SendPart: [{ header }, { chunk: Buffer.from(bytes) }],
    SendSmallParts: [{ parts: [{ number: 1, header, bytes: Buffer.from(bytes) }] }],
  } as ValidMessages;
}

test("broken messages get a status, and change nothing for a sweep that follows", {
  timeout: 900_000,
}, async () => {
  const folder = temporaryFolder();
  const sweep = sweepFile(folder, RIGHT);
  const undisturbed = join(folder, "undisturbed");
  expect(await phasesweep("run", sweep, "--results", undisturbed)).toMatchObject({ code: 0 });
  const results = join(folder, "fleet");
  const times = ["--shard-seconds", "0.2", "--lease-seconds", "2"];
  const coordinator = new Cli("serve", "--listen", "127.0.0.1:0", "--results", results, ...times);
  const [, address = ""] = await coordinator.says(/listens on (\S+),/);

  const valid = await validMessages();
  const clients = Array.from(
    { length: CLIENTS },
    (_, i) => new FuzzClient(address, valid, new Seeded(1000 * SEED + i)),
  );
  const sent = () => clients.reduce((sum, client) => sum + client.sent, 0);
  await Promise.all(
    clients.flatMap((client) =>
      Array.from({ length: CALLS_AT_ONCE }, async () => {
        while (sent() < MESSAGES && coordinator.process.exitCode === null) await client.call();
      }),
    ),
  );
  const counts = new Map<string, number>();
  for (const client of clients) {
    for (const [key, count] of client.counts) counts.set(key, (counts.get(key) ?? 0) + count);
    client.close();
  }
  const lines = [...counts].sort().map(([key, count]) => `${String(count).padStart(7)} ${key}`);
  process.stderr.write(`${sent()} broken messages, seed ${SEED}:\n${lines.join("\n")}\n`);
  expect([coordinator.process.exitCode, coordinator.stderr]).toEqual([null, coordinator.stderr]);
  // Every call came to an end by itself, and none for a failure of the coordinator's own.
  expect(lines.filter((line) => /UNKNOWN|INTERNAL|UNAVAILABLE/.test(line))).toEqual([]);

  const worker = new Cli("worker", "--coordinator", address, "--slots", "2");
  const submit = ["submit", sweep, "--coordinator", address, "--priority", "1000", "--watch"];
  const finished = await phasesweep(...submit);
  expect([finished.code, finished.stderr, coordinator.stderr]).toEqual([
    0,
    finished.stderr,
    coordinator.stderr,
  ]);
  const merged = join(results, "right", "results.parquet");
  expect(sha256Of(merged)).toBe(sha256Of(join(undisturbed, "results.parquet")));
  for (const path of [join(folder, "x"), join(folder, "etc")]) expect(existsSync(path)).toBe(false);
  await worker.killGroup();
  await coordinator.killGroup();
  expect(clients.flatMap(({ unanswered }) => unanswered)).toEqual([]);
});
