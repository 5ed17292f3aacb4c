import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { Cli, pause, phasesweep, sha256Of, sweepFile, temporaryFolder } from "./cli.ts";

const SWEEP = `
name: shared
dataset: [example3, example4]
loss: [exponential, logistic]
model: { hidden_layers: 1, width: 50 }
learning_rate: { from: 0.5, to: 64, points: 897 }
seeds: 240
training: { steps: 200 }
measure: [ntk, hessian]
`;

const running: Cli[] = [];
afterEach(async () => {
  for (const cli of running.splice(0)) {
    cli.process.kill("SIGCONT");
    await cli.killGroup();
  }
});

function cli(...args: string[]): Cli {
  const started = new Cli(...args);
  running.push(started);
  return started;
}

test("a coordinator that is stopped is replaced, and does no harm when it goes on", async () => {
  const folder = temporaryFolder();
  const sweep = sweepFile(folder, SWEEP);
  const undisturbed = join(folder, "undisturbed");
  expect((await phasesweep("run", sweep, "--results", undisturbed)).code).toBe(0);

  const results = join(folder, "shared");
  const endpoint = join(folder, "endpoint");
  const outcome = join(folder, "done.json");
  const serve = () =>
    cli(
      ...["serve", "--listen", "127.0.0.1:0", "--results", results, "--shared-results"],
      ...["--endpoint-file", endpoint, "--until-done", outcome, "--shard-seconds", "0.2"],
    );
  const connection = ["--coordinator", `file:${endpoint}`];
  const stopped = serve();
  await stopped.says(/listens on/);
  const watched = cli("submit", sweep, ...connection, "--watch", "--json", "--quiet");
  const worker = cli("worker", ...connection, "--slots", "1");
  const parts = join(results, "parts");
  while (!existsSync(parts) || readdirSync(parts).length < 3) await pause(5);

  const next = serve();
  await next.says(/holds .*waiting/);
  expect(existsSync(outcome)).toBe(false);
  stopped.process.kill("SIGSTOP");
  await next.says(/has been silent for 16 s; taking/);
  await next.says(/listens on/);
  stopped.process.kill("SIGCONT");
  const fenced = await stopped.finished;
  expect(fenced.code).toBe(1);
  expect(fenced.stderr).toContain(`${next.process.pid} on`);
  expect(fenced.stderr).toMatch(/this coordinator leads no more: .* has the folder/);

  // All leave by themselves when the sweep is done.
  expect(await next.finished).toMatchObject({ code: 0 });
  const { code, stderr } = await worker.finished;
  expect(stderr).toContain("draining: every sweep is done");
  expect(code).toBe(0);
  const merged = await watched.finished;
  expect(merged.code).toBe(0);
  const sha256 = sha256Of(join(undisturbed, "results.parquet"));
  expect(JSON.parse(merged.stdout).sha256).toBe(sha256);
  expect(sha256Of(join(results, "shared", "results.parquet"))).toBe(sha256);
  const { sweeps } = JSON.parse(readFileSync(outcome, "utf8"));
  expect(sweeps).toMatchObject([{ sweep: "shared", state: "done", results_sha256: sha256 }]);
  expect(existsSync(join(results, "coordinator.lease"))).toBe(false);
});

test("a worker leaves when there has been nothing to do for it", async () => {
  const folder = temporaryFolder();
  const server = cli("serve", "--listen", "127.0.0.1:0", "--results", join(folder, "idle"));
  const [, address = ""] = await server.says(/listens on (\S+),/);
  const idle = ["--idle-exit", "1", "--slots", "1"];
  const worker = cli("worker", "--coordinator", address, ...idle);
  const { code, stderr } = await worker.finished;
  expect(stderr).toContain("draining: nothing to do for 1 s");
  expect(code).toBe(0);
});
