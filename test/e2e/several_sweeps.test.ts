import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Cli, phasesweep, sha256Of, temporaryFolder } from "./cli.ts";

const folder = temporaryFolder();

/** A sweep file of a name: 65 cells a seed. */
function sweep(name: string, seeds = 2, extra = ""): string {
  const path = join(folder, `${name}.yaml`);
  writeFileSync(
    path,
    `name: ${name}
dataset: example3
loss: logistic
model: { hidden_layers: 1, width: 50 }
learning_rate: { from: 0.5, to: 64, points: 65, scale: linear }
seeds: ${seeds}
${extra}`,
  );
  return path;
}

test("several sweeps run one after another, each as it would alone", async () => {
  const results = join(folder, "both");
  const paths = [sweep("first"), sweep("second", 3)];
  const { code, stdout, stderr } = await phasesweep(
    "run",
    ...paths,
    "--results",
    results,
    "--json",
  );
  expect(code, stderr).toBe(0);
  const documents = JSON.parse(stdout);
  expect(documents.map((each: { sweep: string }) => each.sweep)).toEqual(["first", "second"]);
  expect(stderr).toContain("sweep 2 of 2: second");
  expect(stderr).toContain("2 of 2 sweeps are done");
  const alone = join(folder, "alone");
  expect((await phasesweep("run", paths[1]!, "--results", alone)).code).toBe(0);
  expect(sha256Of(join(results, "second", "results.parquet"))).toBe(
    sha256Of(join(alone, "results.parquet")),
  );
  const planned = await phasesweep("plan", ...paths, "--results", results, "--json");
  expect(
    JSON.parse(planned.stdout).map((each: { cells_cached: number }) => each.cells_cached),
  ).toEqual([130, 195]);
});

test("a mistake in one file, or two of one name, is found before anything runs", async () => {
  const results = join(folder, "refused");
  const good = sweep("good");
  const bad = sweep("bad", 2, "lerning_rate: 3\n");
  for (const command of ["run", "plan"]) {
    const { code, stderr } = await phasesweep(command, good, bad, "--results", results);
    expect(code).toBe(2);
    expect(stderr).toContain("bad.yaml:7:1");
    const twice = await phasesweep(command, good, good, "--results", results);
    expect(twice.code).toBe(2);
    expect(twice.stderr).toContain("give one of them another name");
  }
  expect(existsSync(results)).toBe(false);
});

test("one that fails does not keep the others back", async () => {
  const results = join(folder, "failing");
  mkdirSync(results);
  // A file where the first sweep's folder would be.
  writeFileSync(join(results, "first"), "in the way");
  const paths = [sweep("first"), sweep("second", 3)];
  const { code, stdout, stderr } = await phasesweep(
    "run",
    ...paths,
    "--results",
    results,
    "--json",
  );
  expect(code).toBe(1);
  expect(stderr).toContain("1 of 2 sweeps are done");
  expect(stderr).toContain("failed: first");
  const [first, second] = JSON.parse(stdout);
  expect(first.error).toBeTruthy();
  expect(second.cells_computed).toBe(195);
});

test("Ctrl-C ends all of it, and the same command goes on", async () => {
  const results = join(folder, "interrupted");
  const paths = [sweep("long", 60_000), sweep("second", 3)];
  const run = new Cli("run", ...paths, "--results", results);
  await run.says(/ cells\/s/);
  run.process.kill("SIGINT");
  const { code, stderr } = await run.finished;
  expect(code).toBe(130);
  expect(stderr).not.toContain("sweep 2 of 2");
  expect(readdirSync(results)).toEqual(["long"]);
});

test("a figure named after the cells were computed is not passed over in silence", async () => {
  const results = join(folder, "named");
  expect((await phasesweep("run", sweep("named"), "--results", results)).code).toBe(0);
  const named = sweep("named", 2, "reproduces: table1\n");
  const { code, stderr } = await phasesweep("run", named, "--results", results);
  expect(code).toBe(0);
  expect(stderr).toContain("to draw table1, rename the folder");
});
