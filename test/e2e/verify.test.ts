import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { describe, expect, test } from "vitest";
import { noDeviceBecause, SOFTWARE_GPU } from "../software_gpu.ts";
import { phasesweep, sha256Of, sweepFile, temporaryFolder } from "./cli.ts";
import { documentOf } from "./documents.ts";

Object.assign(process.env, noDeviceBecause === undefined ? SOFTWARE_GPU : {});

const SWEEP = `
name: verified
dataset: example4
loss: logistic
model: { hidden_layers: 1, width: 100, weight_variance: 0.5 }
learning_rate: { from: 4, to: 60, points: 129 }
seeds: 12
`;

describe.skipIf(noDeviceBecause !== undefined)("precision: verify", () => {
  test("computes cells next to a change of phase in float64, and counts what that says", async () => {
    const folder = temporaryFolder();
    const results = join(folder, "verified");
    const sweep = sweepFile(folder, `${SWEEP}precision: verify\n`);
    const run = () =>
      phasesweep("run", sweep, "--results", results, "--backend", "webgpu", "--json");
    const { code, stdout, stderr } = await run();
    expect(stderr).not.toContain("could not");
    expect(code).toBe(0);
    const { cells, cells_computed, verified, agreement, boundaries } = documentOf("run", stdout);
    expect(cells_computed).toBe(cells);
    // Two boundaries and more a seed, with a neighbour on either side.
    expect(verified.cells).toBeGreaterThan(12 * 6);
    expect(verified.cells).toBeLessThan(12 * 60);
    expect(agreement[0]).toMatchObject({ reference_class: "float64-exact", same_phase: 1 });

    const exact = join(folder, "exact");
    const plain = await phasesweep(
      ...["run", sweepFile(temporaryFolder(), SWEEP), "--results", exact, "--json"],
    );
    // Every cell next to a boundary has the phase of float64, so the boundaries are the same.
    const medians = (rows: { eta0: { median: number }; eta1: { median: number } }[]) =>
      rows.map(({ eta0, eta1 }) => [eta0.median, eta1.median]);
    expect(medians(boundaries)).toEqual(medians(JSON.parse(plain.stdout).boundaries));

    const connection = await (await DuckDBInstance.create(":memory:")).connect();
    const differing = await connection.runAndReadAll(`
      SELECT count(*) FROM read_parquet('${join(results, "results.parquet")}') v
        JOIN read_parquet('${join(exact, "results.parquet")}') e USING (seed, learning_rate)
      WHERE v.numeric_class = 'float64-exact' AND v.loss_final IS DISTINCT FROM e.loss_final`);
    expect(Number(differing.getRows()[0]![0])).toBe(0);

    // The same sweep again has all of its cells, those of the second round too.
    const sha256 = sha256Of(join(results, "results.parquet"));
    const again = await run();
    expect(JSON.parse(again.stdout)).toMatchObject({ cells, cells_computed: 0 });
    expect(sha256Of(join(results, "results.parquet"))).toBe(sha256);
  });
});

test("what the gram engine cannot hold cannot be verified", async () => {
  const folder = temporaryFolder();
  const deep = SWEEP.replace("hidden_layers: 1", "hidden_layers: 2");
  const { code, stderr } = await phasesweep(
    ...["plan", sweepFile(folder, `${deep}precision: verify\n`)],
  );
  expect(code).toBe(2);
  expect(stderr).toContain("that takes no 2 hidden layers");
});
