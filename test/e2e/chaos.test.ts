import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { uniformStream } from "../../shared/random.ts";
import { freePort } from "../free_port.ts";
import { Cli, pause, phasesweep, sha256Of, sweepFile, temporaryFolder, workersOf } from "./cli.ts";

const KILLS = 50;
const LEASE_SECONDS = 2;

const SWEEP = `
name: chaos
dataset: [example3, example4]
loss: [exponential, logistic]
model: { hidden_layers: 1, width: 50 }
learning_rate: { from: 0.5, to: 64, points: 897 }
seeds: 600
training: { steps: 100 }
measure: [ntk, hessian]
`;

/**
 * Real processes: one coordinator and three workers, 50 kill -9 of either during one sweep, workers
 * that stand still for longer than a lease. What comes out has the bytes of the undisturbed run.
 */
test(`${KILLS} kills during one sweep change no byte`, { timeout: 240_000 }, async () => {
  const random = uniformStream(2026, 0);
  const folder = temporaryFolder();
  const sweep = sweepFile(folder, SWEEP);
  const undisturbed = join(folder, "undisturbed");
  expect((await phasesweep("run", sweep, "--results", undisturbed)).code).toBe(0);

  const address = `127.0.0.1:${await freePort()}`;
  const results = join(folder, "fleet");
  const serve = () =>
    new Cli(
      ...["serve", "--listen", address, "--results", results],
      ...["--shard-seconds", "0.1", "--lease-seconds", String(LEASE_SECONDS)],
    );
  const work = () => new Cli("worker", "--coordinator", address, "--slots", "1");
  let server = serve();
  await server.says(/listens on/);
  const workers = [work(), work(), work()];
  expect((await phasesweep("submit", sweep, "--coordinator", address)).code).toBe(0);

  const merged = join(results, "chaos", "results.parquet");
  let [kills, stops] = [0, 0];
  while (!existsSync(merged)) {
    await pause(50 + 250 * random());
    const pick = Math.floor(4 * random());
    if (kills >= KILLS) continue;
    if (pick === 3) {
      server.process.kill("SIGKILL");
      await server.finished;
      server = serve();
      kills++;
    } else if (random() < 0.15) {
      // Stands still for longer than its lease, and then hands in what it has.
      for (const pid of workersOf(workers[pick]!.process.pid!)) {
        signal(pid, "SIGSTOP");
        stops++;
        void pause(1000 * (LEASE_SECONDS + 1)).then(() => signal(pid, "SIGCONT"));
      }
    } else if (random() < 0.4) {
      // Only the process that computes: its parent starts another.
      for (const pid of workersOf(workers[pick]!.process.pid!)) {
        signal(pid, "SIGKILL");
        kills++;
      }
    } else {
      workers[pick]!.process.kill("SIGKILL");
      workers[pick] = work();
      kills++;
    }
  }
  expect(kills).toBeGreaterThanOrEqual(KILLS);
  expect(stops).toBeGreaterThan(2);
  expect(sha256Of(merged)).toBe(sha256Of(join(undisturbed, "results.parquet")));
  for (const { process: child } of [...workers, server]) child.kill("SIGKILL");
});

/** It may be gone by now. */
function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {}
}
