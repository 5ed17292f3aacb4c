import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeAll, expect, test } from "vitest";
import {
  Cli,
  MAIN,
  pause,
  phasesweep,
  Spawned,
  sha256Of,
  sweepFile,
  temporaryFolder,
} from "./cli.ts";

/** About 3 s on two cores. */
const SWEEP = `
name: leaving
dataset: [example3, example4]
loss: [exponential, logistic]
model: { hidden_layers: 1, width: 50 }
learning_rate: { from: 0.5, to: 64, points: 897 }
seeds: 240
training: { steps: 200 }
measure: [ntk, hessian]
`;
const folder = temporaryFolder();
const sweep = sweepFile(folder, SWEEP);
let undisturbed = "";
const running: Spawned[] = [];

beforeAll(async () => {
  const results = join(folder, "undisturbed");
  expect((await phasesweep("run", sweep, "--results", results)).code).toBe(0);
  undisturbed = sha256Of(join(results, "results.parquet"));
});

afterEach(async () => {
  for (const spawned of running.splice(0)) await spawned.killGroup();
});

function cli(...args: string[]): Cli {
  const started = new Cli(...args);
  running.push(started);
  return started;
}

async function serve(results: string): Promise<{ server: Cli; address: string }> {
  const listen = ["--listen", "127.0.0.1:0", "--results", results];
  const server = cli("serve", ...listen, "--shard-seconds", "0.2");
  const [, address = ""] = await server.says(/listens on (\S+),/);
  return { server, address };
}

test("a worker whose coordinator vanishes tries again, and gives up when its time is over", async () => {
  const { server, address } = await serve(join(folder, "vanished"));
  const worker = cli("worker", "--coordinator", address, "--connect-timeout", "2");
  await worker.says(/connected to/);
  await server.killGroup();
  const { code, stderr } = await worker.finished;
  expect(code).toBe(1);
  expect(stderr).toContain("lost the coordinator");
  expect(stderr).toContain(`${address}: no coordinator answered there for 2 s`);
  expect(stderr).toMatch(/fix: start one with `phasesweep serve`/);
  expect(stderr).not.toMatch(/^ +at .*:\d+:\d+\)?$/m);
});

test("a worker without a coordinator stops at a signal while it tries to reach one", async () => {
  const worker = cli("worker", "--coordinator", "127.0.0.1:1");
  await worker.says(/no coordinator answers at 127\.0\.0\.1:1 yet; trying again for \d+ s/);
  worker.process.kill("SIGTERM");
  expect((await worker.finished).code).toBe(0);
});

test("signals half-way: workers hand in what is finished and leave, and the last one goes on", async () => {
  const results = join(folder, "signals");
  const { address } = await serve(results);
  const work = () => cli("worker", "--coordinator", address, "--slots", "1");
  const signals = ["SIGTERM", "SIGINT", "SIGUSR1"] as const;
  const leaving = signals.map((signal) => ({ signal, worker: work() }));
  work();
  for (const { worker } of leaving) await worker.says(/connected to/);
  const submitted = cli("submit", sweep, "--coordinator", address, "--watch", "--json", "--quiet");
  const parts = join(results, "parts");
  while (!existsSync(parts) || readdirSync(parts).length < 8) await pause(5);
  for (const { worker, signal } of leaving) worker.process.kill(signal);
  for (const { worker, signal } of leaving) {
    const { code, stderr } = await worker.finished;
    expect(code).toBe(0);
    expect(stderr).toContain(`draining: ${signal}`);
  }
  expect(existsSync(join(results, "leaving", "results.parquet")), "they left half-way").toBe(false);
  const { code, stdout } = await submitted.finished;
  expect(code).toBe(0);
  expect(JSON.parse(stdout).sha256).toBe(undisturbed);
  // What was handed in or given back was not computed a second time.
  const status = await phasesweep("status", "--coordinator", address, "--json");
  expect(JSON.parse(status.stdout).sweeps[0].duplicates).toBe(0);
});

test("a usage error of a worker exits with 2", async () => {
  const { code, stderr } = await new Spawned(process.execPath, [MAIN, "worker", "--slots", "0"])
    .finished;
  expect(code).toBe(2);
  expect(stderr).toContain("--slots");
});
