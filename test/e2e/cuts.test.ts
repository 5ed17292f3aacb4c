import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import {
  pause,
  phasesweep,
  type Spawned,
  sha256Of,
  skipBecause,
  sweepFile,
  temporaryFolder,
} from "./cli.ts";
import { Hosts } from "./hosts.ts";

const LEASE_SECONDS = 2;
const SHORT_MS = 1_000;
/** Longer than a lease, and than keepalive takes to notice (shared/rpc.ts). */
const LONG_MS = 6_000;

const SWEEP = `
name: cuts
dataset: [example3, example4]
loss: [exponential, logistic]
model: { hidden_layers: 1, width: 50 }
learning_rate: { from: 0.5, to: 64, points: 897 }
seeds: 40
training: { steps: 100 }
measure: [ntk, hessian]
`;

/** How long, whose way to the coordinator, and the coordinator's way to whom. */
const CUTS: readonly [number, readonly string[], readonly string[]][] = [
  [SHORT_MS, ["one"], ["two"]],
  [SHORT_MS, ["two"], ["one"]],
  [SHORT_MS, ["one", "two"], ["one", "two"]],
  [LONG_MS, ["one"], ["two"]],
  [LONG_MS, ["one", "two"], ["one", "two"]],
];

/**
 * A coordinator and two workers on hosts of their own, whose lines are cut in one direction, the
 * other, and both, for less and for more than a lease, and who are killed while the lines are cut.
 */
test("cut lines change no byte", { timeout: 180_000 }, async ({ skip, onTestFinished }) => {
  skipBecause(Hosts.problem(), skip);
  const folder = temporaryFolder();
  const sweep = sweepFile(folder, SWEEP);
  const undisturbed = join(folder, "undisturbed");
  expect((await phasesweep("run", sweep, "--results", undisturbed)).code).toBe(0);

  const hosts = new Hosts(["coordinator", "one", "two"]);
  const running = new Map<string, Spawned>();
  onTestFinished(async () => {
    for (const spawned of running.values()) await spawned.killGroup();
    hosts.close();
  });
  hosts.open();
  const address = `${hosts.address("coordinator")}:7070`;
  const results = join(folder, "fleet");
  const start = async (host: string) => {
    await running.get(host)?.killGroup();
    const times = ["--shard-seconds", "0.1", "--lease-seconds", String(LEASE_SECONDS)];
    const args =
      host === "coordinator"
        ? ["serve", "--listen", address, "--insecure", "--results", results, ...times]
        : ["worker", "--coordinator", address, "--insecure", "--slots", "1"];
    const spawned = hosts.start(host, ...args);
    running.set(host, spawned);
    if (host === "coordinator") await spawned.says(/listens on/);
  };
  for (const host of ["coordinator", "one", "two"]) await start(host);
  const submission = ["submit", sweep, "--coordinator", address, "--insecure"];
  const submit = hosts.start("coordinator", ...submission);
  expect(await submit.finished).toMatchObject({ code: 0 });

  const merged = join(results, "cuts", "results.parquet");
  const parts = () => readdirSync(join(results, "parts")).length;
  const progress = async () => {
    const before = parts();
    while (parts() <= before) {
      if (existsSync(merged)) throw new Error("the sweep ended before the last cut");
      await pause(10);
    }
  };
  const up = (worker: string) => hosts.cut(worker, "coordinator");
  const down = (worker: string) => hosts.cut("coordinator", worker);
  await progress();
  for (const [duration_ms, ups, downs] of CUTS) {
    ups.forEach(up);
    downs.forEach(down);
    await pause(duration_ms);
    hosts.heal();
    await progress();
  }
  for (const victim of ["one", "two", "coordinator"]) {
    for (const worker of ["one", "two"]) (victim === worker ? up : down)(worker);
    await pause(SHORT_MS / 2);
    await start(victim);
    await pause(SHORT_MS / 2);
    hosts.heal();
    await progress();
  }
  const watch = hosts.start("coordinator", ...submission, "--watch");
  const { code, stderr } = await watch.finished;
  expect(stderr).not.toContain("could not be computed");
  expect(code).toBe(0);
  expect(sha256Of(merged)).toBe(sha256Of(join(undisturbed, "results.parquet")));
});
