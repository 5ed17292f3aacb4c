import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Cli, pause, phasesweep, sha256Of, sweepFile, temporaryFolder, workersOf } from "./cli.ts";

const SWEEP = `
name: straggler
dataset: [example3, example4]
loss: logistic
model: { hidden_layers: 1, width: 50 }
learning_rate: { from: 0.5, to: 64, points: 897 }
seeds: 100
training: { steps: 100 }
`;

test("a worker that stands still does not hold the end of a sweep, however long its lease", async ({
  onTestFinished,
}) => {
  const folder = temporaryFolder();
  const sweep = sweepFile(folder, SWEEP);
  const undisturbed = join(folder, "undisturbed");
  expect((await phasesweep("run", sweep, "--results", undisturbed)).code).toBe(0);

  const results = join(folder, "fleet");
  const server = new Cli(
    ...["serve", "--listen", "127.0.0.1:0", "--results", results],
    // Its lease alone would hold the sweep for an hour.
    ...["--shard-seconds", "0.1", "--lease-seconds", "3600"],
  );
  const [, address = ""] = await server.says(/listens on (\S+),/);
  const work = () => new Cli("worker", "--coordinator", address, "--slots", "1");
  const [still, sound] = [work(), work()];
  onTestFinished(() => {
    for (const { process: child } of [server, still, sound]) child.kill("SIGKILL");
  });
  for (const worker of [still, sound]) await worker.says(/connected to/);
  const submitted = new Cli(
    "submit",
    sweep,
    "--coordinator",
    address,
    "--watch",
    "--json",
    "--quiet",
  );
  const parts = join(results, "parts");
  while (!existsSync(parts) || readdirSync(parts).length < 4) await pause(5);
  for (const pid of workersOf(still.process.pid!)) {
    process.kill(pid, "SIGSTOP");
    onTestFinished(() => void process.kill(pid, "SIGKILL"));
  }
  const { code } = await submitted.finished;
  expect(code).toBe(0);
  expect(sha256Of(join(results, "straggler", "results.parquet"))).toBe(
    sha256Of(join(undisturbed, "results.parquet")),
  );
});
