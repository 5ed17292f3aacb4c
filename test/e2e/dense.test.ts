import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { expect, test } from "vitest";
import { phasesweep, sweepFile, temporaryFolder } from "./cli.ts";

const SWEEP = `
name: deep
dataset: [example4, { separable: { samples: 12, features: 6, margin: 0.5 } }]
loss: logistic
model: { hidden_layers: 2, width: 8, weight_variance: 1, bias_variance: [0.01, 0.5] }
learning_rate: { from: 0.5, to: 64, points: 15 }
seeds: 3
measure: [ntk, hessian]
grids:
  - training: { steps: 30 }
  - training: { steps: { physical_time: 20 }, drop: { extra_steps: 5, to: 0.01 } }
  - training: { steps: { physical_time: 20 } }
`;

test("a sweep of deep nets with biases runs to its Parquet file", async () => {
  const folder = temporaryFolder();
  const results = join(folder, "results");
  const sweep = sweepFile(folder, SWEEP);
  const { code, stdout, stderr } = await phasesweep("run", sweep, "--results", results);
  expect(code, stderr).toBe(0);
  expect(stdout).toContain("m = 8 (two hidden layers with bias)");

  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  const rows = async (query: string) =>
    (
      await connection.runAndReadAll(
        query.replaceAll("results", `'${join(results, "results.parquet")}'`),
      )
    ).getRows();
  expect(await rows("SELECT DISTINCT model, hidden_layers, numeric_class FROM results")).toEqual([
    ["two_hidden_layers_with_bias", 2, "float32-wasm"],
  ]);
  const cells = 3 * 2 * 2 * 3 * 15;
  expect(
    await rows(`SELECT count(*)::INT, count(DISTINCT bias_variance)::INT,
      count(DISTINCT phase)::INT, count(*) FILTER (WHERE ntk_initial > 0)::INT FROM results`),
  ).toEqual([[cells, 2, 3, cells]]);
  expect(
    await rows(`SELECT count(*)::INT FROM results WHERE steps <> CASE "grid" WHEN 0 THEN 30
      WHEN 1 THEN greatest(1, round(20 / learning_rate)) + 5
      ELSE greatest(1, round(20 / learning_rate)) END`),
  ).toEqual([[0]]);
  connection.closeSync();
  instance.closeSync();
});
