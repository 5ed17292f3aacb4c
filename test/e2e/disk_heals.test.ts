import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import {
  Cli,
  pause,
  phasesweep,
  sha256Of,
  skipBecause,
  sweepFile,
  temporaryFolder,
} from "./cli.ts";
import { SmallDisk } from "./small_disk.ts";

const SWEEP = `
name: heals
dataset: [example3, example4]
loss: logistic
model: { hidden_layers: 1, width: 50 }
learning_rate: { from: 0.5, to: 64, points: 897 }
seeds: 40
training: { steps: 100 }
measure: [ntk, hessian]
`;

test("a disk that is full for a while does not end a run", async ({ skip, onTestFinished }) => {
  skipBecause(SmallDisk.problem(), skip);
  const folder = temporaryFolder();
  const sweep = sweepFile(folder, SWEEP);
  const undisturbed = join(folder, "undisturbed");
  expect((await phasesweep("run", sweep, "--results", undisturbed)).code).toBe(0);

  const disk = new SmallDisk();
  disk.mount(100_000);
  onTestFinished(() => disk.unmount());
  const results = join(disk.folder, "results");
  const parts = join(results, "parts");
  const run = new Cli("run", sweep, "--results", results);
  while (!existsSync(parts) || readdirSync(parts).length < 5) await pause(5);
  disk.fill();
  // Long enough for every slot to have met the full disk.
  await pause(3_000);
  disk.free();
  const { code, stderr } = await run.finished;
  expect(stderr).not.toContain("fix:");
  expect(code).toBe(0);
  expect(sha256Of(join(results, "results.parquet"))).toBe(
    sha256Of(join(undisturbed, "results.parquet")),
  );
});
