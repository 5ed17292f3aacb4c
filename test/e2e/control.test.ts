import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Cli, pause, phasesweep, sweepFile, temporaryFolder } from "./cli.ts";
import { documentOf } from "./documents.ts";

/** More than any machine computes during this test. */
const ENDLESS = `
name: endless
dataset: example3
loss: logistic
model: { hidden_layers: 1, width: 50 }
learning_rate: { from: 0.5, to: 64, points: 897 }
seeds: 2000000
`;
const SMALL = `
name: small
dataset: example3
loss: logistic
model: { hidden_layers: 1, width: 50 }
learning_rate: [1, 2, 4]
seeds: 8
`;

const folder = temporaryFolder();
let server: Cli;
let address = "";

const control = (...args: string[]) => phasesweep(...args, "--coordinator", address);

async function statusOf(sweep: string) {
  const { stdout } = await control("status", "--json");
  const { sweeps } = documentOf("status", stdout) as {
    sweeps: { sweep: string; state: string; cells_done: number; priority: number }[];
  };
  return sweeps.find((status) => status.sweep === sweep)!;
}

async function serve(): Promise<void> {
  const results = join(folder, "results");
  server = new Cli(
    ...["serve", "--listen", "127.0.0.1:0", "--results", results, "--shard-seconds", "0.1"],
  );
  [, address = ""] = await server.says(/listens on (\S+),/);
}

beforeAll(serve);

afterAll(() => {
  server.process.kill("SIGKILL");
});

test("pause, resume, cancel and priorities", async () => {
  const endless = sweepFile(temporaryFolder(), ENDLESS);
  const small = sweepFile(temporaryFolder(), SMALL);
  await control("submit", endless);
  const worker = new Cli("worker", "--coordinator", address, "--slots", "1");
  while ((await statusOf("endless")).cells_done === 0) await pause(50);

  expect((await control("pause", "endless")).stdout).toContain("is paused");
  // What was in hand comes in yet; then nothing moves.
  let before = -1;
  for (let now = 0; now !== before; ) {
    before = now;
    await pause(500);
    now = (await statusOf("endless")).cells_done;
  }
  expect((await control("resume", "endless")).stdout).toContain("is running");
  while ((await statusOf("endless")).cells_done === before) await pause(50);

  // The endless one is older; only its priority lets the small one pass.
  const submitted = await control(
    "submit",
    small,
    "--priority",
    "5",
    "--watch",
    "--json",
    "--quiet",
  );
  expect(submitted.code).toBe(0);
  expect((await statusOf("small")).priority).toBe(5);
  expect((await statusOf("endless")).state).toBe("running");

  expect((await control("prioritize", "endless", "-3")).stdout).toContain("priority -3");
  expect((await control("cancel", "endless")).stdout).toContain("is cancelled");
  const done = (await statusOf("endless")).cells_done;
  expect(done).toBeGreaterThan(0);
  await control("submit", endless);
  expect((await statusOf("endless")).state).toBe("running");
  expect((await statusOf("endless")).cells_done).toBeGreaterThanOrEqual(done);
  worker.process.kill("SIGTERM");
  expect((await worker.finished).code).toBe(0);
});

test("whoever stops following a sweep is told that it goes on, and how to come back", async () => {
  const watch = new Cli("watch", "endless", "--coordinator", address, "--progress", "lines");
  await watch.says(/cells/);
  watch.process.kill("SIGINT");
  const { code, stdout, stderr } = await watch.finished;
  expect([code, stdout]).toEqual([130, ""]);
  expect(stderr).toContain("sweep endless goes on");
  expect(stderr).toContain(`phasesweep watch endless --coordinator ${address}`);
  expect((await statusOf("endless")).state).toBe("running");
});

test("what a sweep's state does not allow is refused with its state", async () => {
  const paused = await control("pause", "small");
  expect(paused.code).toBe(1);
  expect(paused.stderr).toContain("sweep small: it is done and cannot become paused");
  const unknown = await control("cancel", "nothing");
  expect(unknown.code).toBe(1);
  expect(unknown.stderr).toContain("there is no such sweep here");
});

test("what somebody wants of a sweep survives the coordinator", async () => {
  expect((await control("pause", "endless")).code).toBe(0);
  server.process.kill("SIGKILL");
  await server.finished;
  await serve();
  expect((await statusOf("endless")).state).toBe("paused");
  expect((await statusOf("endless")).priority).toBe(-3);
});
