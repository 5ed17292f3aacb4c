import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { Cli, pause, phasesweep, sha256Of, sweepFile, temporaryFolder, workersOf } from "./cli.ts";

/** Large enough to be killed half-way, small enough for a test: about 5 s on two cores. */
const SWEEP = `
name: kill-test
dataset: [example3, example4]
loss: [exponential, logistic]
model: { hidden_layers: 1, width: 50 }
learning_rate: { from: 0.5, to: 64, points: 897 }
seeds: 80
training: { steps: 100 }
measure: [ntk, hessian]
`;
const folder = temporaryFolder();
const sweep = sweepFile(folder, SWEEP);
let undisturbed = "";

beforeAll(async () => {
  const results = join(folder, "undisturbed");
  const { code, stderr } = await phasesweep("run", sweep, "--results", results, "--slots", "1");
  expect(stderr).not.toContain("fix:");
  expect(code).toBe(0);
  undisturbed = sha256Of(join(results, "results.parquet"));
});

test("two workers give the same bytes as one", async () => {
  const results = join(folder, "two");
  const { code } = await phasesweep("run", sweep, "--results", results, "--workers", "2");
  expect(code).toBe(0);
  expect(sha256Of(join(results, "results.parquet"))).toBe(undisturbed);
});

test("a kill -9 of the worker half-way changes nothing", async () => {
  const results = join(folder, "worker-killed");
  const run = new Cli("run", sweep, "--results", results);
  await somePartsIn(results);
  const [worker] = workersOf(run.process.pid!);
  process.kill(worker!, "SIGKILL");
  const { code, stderr } = await run.finished;
  expect(stderr).toContain("starting another");
  expect(code).toBe(0);
  expect(sha256Of(join(results, "results.parquet"))).toBe(undisturbed);
});

test("after a kill -9 of the coordinator, run goes on and loses no committed row", async () => {
  const results = join(folder, "coordinator-killed");
  const run = new Cli("run", sweep, "--results", results);
  await somePartsIn(results);
  run.process.kill("SIGKILL");
  await run.finished;
  expect(existsSync(join(results, "results.parquet"))).toBe(false);
  const again = await phasesweep("run", sweep, "--results", results, "--json");
  expect(again.code).toBe(0);
  const document = JSON.parse(again.stdout);
  expect(document.cells_computed).toBeLessThan(document.cells);
  expect(document.results_sha256).toBe(undisturbed);
  expect(sha256Of(join(results, "results.parquet"))).toBe(undisturbed);
});

test("Ctrl-C hands in what is finished and says how to go on", async () => {
  const results = join(folder, "interrupted");
  const run = new Cli("run", sweep, "--results", results);
  await somePartsIn(results);
  run.process.kill("SIGINT");
  const { code, stderr } = await run.finished;
  expect(code).toBe(130);
  expect(stderr).toMatch(/cells are kept in .*goes on from there/);
  const again = await phasesweep("run", sweep, "--results", results);
  expect(again.code).toBe(0);
  expect(sha256Of(join(results, "results.parquet"))).toBe(undisturbed);
});

test("a finished sweep is not computed again", async () => {
  const results = join(folder, "undisturbed");
  const again = await phasesweep("run", sweep, "--results", results, "--json");
  expect(JSON.parse(again.stdout).cells_computed).toBe(0);
  expect(sha256Of(join(results, "results.parquet"))).toBe(undisturbed);
});

test("serve, worker, submit and status work apart", async () => {
  const results = join(folder, "fleet");
  const server = new Cli("serve", "--listen", "127.0.0.1:0", "--results", results);
  const [, address = ""] = await server.says(/listens on (\S+),/);
  const worker = new Cli("worker", "--coordinator", address);
  const submitted = await phasesweep(
    "submit",
    sweep,
    "--coordinator",
    address,
    ...["--watch", "--json", "--quiet"],
  );
  expect(submitted.code).toBe(0);
  expect(JSON.parse(submitted.stdout).sha256).toBe(undisturbed);
  const status = await phasesweep("status", "--coordinator", address, "--json");
  expect(JSON.parse(status.stdout).sweeps[0].state).toBe("done");
  worker.process.kill("SIGTERM");
  expect((await worker.finished).code).toBe(0);
  server.process.kill("SIGTERM");
  expect((await server.finished).code).toBe(0);
  expect(sha256Of(join(results, "kill-test", "results.parquet"))).toBe(undisturbed);
});

test("a worker drains at its walltime and leaves with 0", async () => {
  const results = join(folder, "walltime");
  const server = new Cli("serve", "--listen", "127.0.0.1:0", "--results", results);
  const [, address = ""] = await server.says(/listens on (\S+),/);
  // More than any machine computes within the walltime.
  const endless = sweepFile(temporaryFolder(), SWEEP.replace("seeds: 80", "seeds: 2000000"));
  await phasesweep("submit", endless, "--coordinator", address);
  const worker = new Cli("worker", "--coordinator", address, "--walltime", "0.05");
  const { code, stderr } = await worker.finished;
  expect(code).toBe(0);
  expect(stderr).toContain("walltime");
  const { stdout } = await phasesweep("status", "--coordinator", address, "--json");
  const [status] = JSON.parse(stdout).sweeps;
  expect(status.cells_done).toBeGreaterThan(0);
  expect(status.cells_done).toBeLessThan(status.cells);
  server.process.kill("SIGTERM");
  await server.finished;
});

test("bad input exits with 2 and writes nothing", async () => {
  const place = temporaryFolder();
  const bad = sweepFile(place, "name: bad\nloss: logistc\n");
  const { code, stderr } = await phasesweep("run", bad, "--results", join(place, "results"));
  expect(code).toBe(2);
  expect(stderr).toContain("sweep.yaml:2:7");
  expect(stderr).toContain("write 'logistic'");
  expect(readdirSync(place)).toEqual(["sweep.yaml"]);
  expect((await phasesweep("run", join(place, "none.yaml"))).code).toBe(2);
});

test("a plan that is too large for a message is refused before anything is written", async () => {
  const place = temporaryFolder();
  const data = "{ separable: { samples: 1000, features: 1000, margin: 0.1 } }";
  const large = sweepFile(place, SWEEP.replace("[example3, example4]", data));
  const { code, stderr } = await phasesweep("run", large, "--results", join(place, "results"));
  expect(code).toBe(2);
  expect(stderr).toMatch(/over the limit of \d+ \(MESSAGE_BYTES_MAX\)\n {2}fix: /);
  expect(readdirSync(place)).toEqual(["sweep.yaml"]);
});

async function somePartsIn(results: string): Promise<void> {
  const parts = join(results, "parts");
  while (!existsSync(parts) || readdirSync(parts).length < 6) await pause(10);
}
