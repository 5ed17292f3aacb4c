import { readdirSync } from "node:fs";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { beforeAll, expect, test } from "vitest";
import { Cli, phasesweep, sha256Of, sweepFile, temporaryFolder } from "./cli.ts";
import { documentOf } from "./documents.ts";

const SWEEP = `
name: refined
dataset: example3
loss: [logistic, squared]
model: { hidden_layers: 1, width: 100 }
learning_rate: { from: 0.25, to: 64, points: 129 }
seeds: 12
`;
const TARGETS = "boundaries: { eta_tolerance: 1.0e-3, median_interval: 0.15 }\n";

const sweep = sweepFile(temporaryFolder(), SWEEP + TARGETS);
const whole = join(temporaryFolder(), "whole");
let document: {
  cells: number;
  refinement: { cells: number; cells_dense: number; missing: unknown[] };
  boundaries: { loss: string; seeds: number; eta1: { median: number } }[];
};

beforeAll(async () => {
  const { code, stdout, stderr } = await phasesweep("run", sweep, "--results", whole, "--json");
  expect(code, stderr).toBe(0);
  expect(stderr).toContain("cells more, which the results call for");
  document = documentOf("run", stdout);
});

test("boundaries become known to the tolerance, for a twentieth of a dense grid's cells", async () => {
  const { cells, refinement, boundaries } = document;
  expect(refinement.missing).toEqual([]);
  expect(refinement.cells).toBe(cells);
  expect(refinement.cells_dense / cells).toBeGreaterThan(20);
  // The intervals of the logistic loss were narrow enough to begin with.
  expect(boundaries.map(({ seeds }) => seeds > 12)).toEqual([false, true]);
  expect(readdirSync(whole).filter((name) => name.endsWith(".partial"))).toEqual([]);

  // No (shape, seed, learning rate) was trained twice.
  const connection = await (await DuckDBInstance.create(":memory:")).connect();
  const twice = await connection.runAndReadAll(`
    SELECT count(*) - count(DISTINCT (shape_group, seed, learning_rate))
    FROM read_parquet('${join(whole, "results.parquet")}')`);
  expect(Number(twice.getRows()[0]![0])).toBe(0);

  // Squared loss on rank one: η1 is 4/λ0 of each seed (numerics section 4).
  const off = await connection.runAndReadAll(`
    SELECT max(abs(eta1 / four_over_ntk - 1))
    FROM read_parquet('${join(whole, "boundaries.parquet")}') WHERE loss = 'squared'`);
  expect(Number(off.getRows()[0]![0])).toBeLessThan(1e-3);
});

test("killed between rounds and within them, it ends with the same bytes", async () => {
  const results = join(temporaryFolder(), "killed");
  for (const pattern of [/cells more/, /cells more(?:.|\n)*cells more/]) {
    const run = new Cli("run", sweep, "--results", results, "--workers", "2");
    await run.says(pattern);
    await run.killGroup();
  }
  const { code, stderr } = await phasesweep("run", sweep, "--results", results);
  expect(code, stderr).toBe(0);
  expect(sha256Of(join(results, "results.parquet"))).toBe(sha256Of(join(whole, "results.parquet")));
});

test("a finer tolerance takes over the grid and the seeds that a coarser one has", async () => {
  const results = join(temporaryFolder(), "finer");
  const coarse = sweepFile(
    temporaryFolder(),
    `${SWEEP}boundaries: { eta_tolerance: 0.01, median_interval: 0.15 }\n`,
  );
  expect((await phasesweep("run", coarse, "--results", results)).code).toBe(0);
  const { code, stdout } = await phasesweep("run", sweep, "--results", results, "--json");
  expect(code).toBe(0);
  const { cells, cells_computed, cells_cached } = JSON.parse(stdout);
  expect(cells).toBe(document.cells);
  expect(cells_computed + cells_cached).toBe(cells);
  expect(cells_cached).toBeGreaterThan(2 * 12 * 129 + 500);
  expect(cells_computed).toBeLessThan(cells / 2);
  expect(cells_computed).toBeGreaterThan(0);
  expect(sha256Of(join(results, "results.parquet"))).toBe(sha256Of(join(whole, "results.parquet")));
});

test.each([
  ["{ median_interval: 0.1 }", "'median_interval' says nothing without 'eta_tolerance'"],
  ["{ eta_tolerance: 0.1, median_interval: 0.01 }", "0.01 is below 'eta_tolerance' (0.1)"],
  ["{ eta_tolerance: 0.1, cells_max: 10 }", "10 is below the 3096 cells"],
  ["{ eta_tolerance: 0 }", "eta_tolerance"],
  ["{ eta_tolerance: 0.1 }\ntrajectory: { every: 5 }", "would record trajectories"],
])("%s is refused with the line", async (boundaries, problem) => {
  const file = sweepFile(temporaryFolder(), `${SWEEP}boundaries: ${boundaries}\n`);
  const { code, stderr } = await phasesweep("plan", file);
  expect(code).toBe(2);
  expect(stderr).toContain(problem);
  expect(stderr).toMatch(/sweep\.yaml:\d+/);
});
