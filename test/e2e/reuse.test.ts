import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { Cli, pause, phasesweep, sha256Of, sweepFile, temporaryFolder } from "./cli.ts";
import { documentOf } from "./documents.ts";

const COARSE = `
name: coarse
dataset: [example3, example4]
loss: logistic
model: { hidden_layers: 1, width: 50 }
learning_rate: { from: 0.5, to: 64, points: 113 }
seeds: 20
training: { steps: 100 }
measure: [ntk]
trajectory: { every: 25 }
`;

/** Finer, longer at both ends, more seeds, one more width: most of it is new. */
const FINE = COARSE.replace(
  "{ from: 0.5, to: 64, points: 113 }",
  "{ from: 0.4, to: 80, points: 489 }",
)
  .replace("seeds: 20", "seeds: { from: 4, count: 30 }")
  .replace("width: 50", "width: [50, 60]");

const COARSE_CELLS = 2 * 20 * 113;
/** Of the two data sets, seeds 4..19 at every old learning rate. */
const SHARED_CELLS = 2 * 16 * 113;

const coarse = sweepFile(temporaryFolder(), COARSE);
const fine = sweepFile(temporaryFolder(), FINE);
const folder = temporaryFolder();
let fromScratch = "";

beforeAll(async () => {
  const results = join(folder, "scratch");
  expect((await phasesweep("run", fine, "--results", results)).code).toBe(0);
  fromScratch = sha256Of(join(results, "results.parquet"));
});

async function ran(sweep: string, results: string) {
  const { code, stdout, stderr } = await phasesweep("run", sweep, "--results", results, "--json");
  expect(code, stderr).toBe(0);
  return { ...documentOf("run", stdout), stderr };
}

test("run computes what is new of a changed sweep, to the bytes of a run from scratch", async () => {
  const results = join(folder, "changed");
  const first = await ran(coarse, results);
  expect([first.cells_computed, first.cells_cached]).toEqual([COARSE_CELLS, 0]);

  const plan = await phasesweep("plan", fine, "--results", results);
  expect(plan.stdout).toContain("3,616 cells are cached from earlier sweeps");
  expect(plan.stdout).toMatch(
    /example3 logistic m = 50, .*: 14 new seeds \(20\.\.33\); .* new learning rates/,
  );
  expect(plan.stdout).toContain("no earlier sweep has this shape: width 60, earlier 50");
  const planned = documentOf(
    "plan",
    (await phasesweep("plan", fine, "--results", results, "--json")).stdout,
  );
  expect(planned.cells_cached).toBe(SHARED_CELLS);
  expect(planned.groups[0].not_cached_because[0]).toEqual({
    reason: "new_seeds",
    count: 14,
    seeds: [{ first: 20, last: 33 }],
  });
  expect(readdirSync(results)).not.toContain("earlier");

  const second = await ran(fine, results);
  expect(second.stderr).toContain("3,616 cells are cached from earlier sweeps");
  expect(second.cells_cached).toBe(SHARED_CELLS);
  expect(second.cells_computed).toBe(second.cells - SHARED_CELLS);
  expect(second.results_sha256).toBe(fromScratch);

  const back = await ran(coarse, results);
  expect([back.cells_computed, back.cells_cached]).toEqual([0, COARSE_CELLS]);
  expect(back.results_sha256).toBe(first.results_sha256);
});

test("a kill -9 in the middle of a run that reuses cells changes nothing", async () => {
  const results = join(folder, "killed");
  await ran(coarse, results);
  const run = new Cli("run", fine, "--results", results);
  await run.says(/cells are cached/);
  const parts = join(results, "parts");
  while (readdirSync(parts).length < 8) await pause(5);
  run.process.kill("SIGKILL");
  await run.finished;
  expect(existsSync(join(results, "results.parquet"))).toBe(false);
  const again = await ran(fine, results);
  expect(again.cells_cached).toBe(0);
  expect(again.cells_computed).toBeLessThan(again.cells - SHARED_CELLS);
  expect(again.results_sha256).toBe(fromScratch);
});

test("submit says what a fleet need not compute, and refuses one name for two sweeps", async () => {
  const results = join(folder, "fleet");
  const server = new Cli("serve", "--listen", "127.0.0.1:0", "--results", results);
  const [, address = ""] = await server.says(/listens on (\S+),/);
  const worker = new Cli("worker", "--coordinator", address, "--slots", "2");
  const submit = (path: string) =>
    phasesweep("submit", path, "--coordinator", address, "--watch", "--json", "--quiet");
  expect(JSON.parse((await submit(coarse)).stdout).cells_cached).toBe(0);
  const refused = await submit(fine);
  expect(refused.code).toBe(1);
  expect(refused.stderr).toContain("give the sweep another name");
  const renamed = sweepFile(temporaryFolder(), FINE.replace("coarse", "fine"));
  expect(JSON.parse((await submit(renamed)).stdout).cells_cached).toBe(SHARED_CELLS);
  for (const { process: child, finished } of [worker, server]) {
    child.kill("SIGTERM");
    await finished;
  }
});
