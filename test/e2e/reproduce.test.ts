import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { beforeAll, describe, expect, test } from "vitest";
import { phasesweep, sweepFile, temporaryFolder } from "./cli.ts";
import { documentOf } from "./documents.ts";

const SWEEP = `
name: rows
seeds: 3
measure: [ntk, hessian]
dataset: { csv: points.csv, test: 4 }
loss: logistic
learning_rate: { from: 0.5, to: 60, points: 9 }
grids:
  - model: { hidden_layers: 1, width: 20, weight_variance: 1 }
    training: { steps: 50 }
    trajectory: { every: 5 }
  - model: { hidden_layers: 1, width: infinite, weight_variance: 1 }
    training: { steps: 50 }
  - model: { hidden_layers: 2, width: 10, weight_variance: 1, bias_variance: 0.1 }
    training: { steps: { physical_time: 20 }, drop: { to: 0.01, extra_steps: 5 } }
`;

describe("reproduce", () => {
  const folder = temporaryFolder();
  const results = join(folder, "results");
  const again = (...args: string[]) => phasesweep("reproduce", results, ...args);
  let cells = 0;
  let perGroup = 0;

  beforeAll(async () => {
    const lines = Array.from({ length: 12 }, (_, i) => {
      const label = i % 2 === 0 ? 1 : -1;
      return `${label * (1 + i / 10)},${(i % 5) / 3 - 0.6},${label}`;
    });
    writeFileSync(join(folder, "points.csv"), `a,b,label\n${lines.join("\n")}\n`);
    const ran = await phasesweep("run", sweepFile(folder, SWEEP), "--results", results, "--json");
    expect(ran.code, ran.stderr).toBe(0);
    cells = JSON.parse(ran.stdout).cells;
    perGroup = cells / 3;
  });

  test("has the bits of a float64 row, its trajectories included", async () => {
    for (const cell of [0, perGroup - 1, perGroup + 4]) {
      const { code, stdout, stderr } = await again(String(cell));
      expect(code, stderr).toBe(0);
      expect(stdout).toContain("equal bit for bit in all");
    }
    expect((await again("0")).stdout).toContain("hessian_trajectory");
  });

  test("compares a deep net, and other engines, within a tolerance", async () => {
    const deep = await again(String(2 * perGroup), "--json");
    expect(deep.code, deep.stderr).toBe(0);
    expect(documentOf("reproduce", deep.stdout)).toMatchObject({
      numeric_class: "float32-wasm",
      tolerance: 1e-3,
      again: { engine: "dense" },
    });
    for (const [cell, engine] of [
      [1, "reference"],
      [1, "dense"],
      [2 * perGroup + 1, "reference"],
    ]) {
      const { code, stdout, stderr } = await again(String(cell), "--engine", String(engine));
      expect(code, stdout + stderr).toBe(0);
      expect(stdout).toMatch(/within tolerance: .* 0 different/);
    }
  });

  test("finds a cell by seed and learning rate", async () => {
    const row = JSON.parse((await again(String(perGroup + 3), "--json")).stdout);
    const rate = Number(row.learning_rate.toPrecision(5));
    const coordinates = ["--seed", String(row.seed), "--learning-rate", String(rate)];
    const unclear = await again(...coordinates);
    expect(unclear.code).toBe(2);
    expect(unclear.stderr).toContain("3 groups have such a cell");
    const wrong = row.shape_group.slice(0, 7).concat("_");
    const refused = await again(...coordinates, "--group", wrong);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain(`write --group ${row.shape_group.slice(0, 8)}`);
    const found = await again(...coordinates, "--group", row.shape_group.slice(0, 8), "--json");
    expect(JSON.parse(found.stdout)).toMatchObject({ cell: row.cell, verdict: "equal" });
    const none = await again("--seed", "0", "--learning-rate", "1e-7");
    expect(none.code).toBe(2);
    expect(none.stderr).toContain("the nearest learning rate of this seed is");
  });

  test("says what is wrong with what it is given", async () => {
    const beyond = await again(String(cells));
    expect(beyond.code).toBe(2);
    expect(beyond.stderr).toContain(`give a number from 0 to ${cells - 1}`);
    const infinite = await again(String(perGroup), "--engine", "reference");
    expect(infinite.code).toBe(2);
    expect(infinite.stderr).toContain("the infinite width, which only gram has");
    const deep = await again(String(2 * perGroup), "--engine", "gram");
    expect(deep.code).toBe(2);
    expect((await again()).stderr).toContain("it needs the number of a cell");
    const twice = await again("5", "--seed", "1", "--learning-rate", "2");
    expect(twice.code).toBe(2);
    expect(twice.stderr).toContain("give the number alone");
    const foreign = join(folder, "foreign");
    mkdirSync(foreign);
    const connection = await (await DuckDBInstance.create(":memory:")).connect();
    await connection.run(`COPY (SELECT 1 AS x) TO '${join(foreign, "results.parquet")}'`);
    for (const command of [
      ["reproduce", foreign, "0"],
      ["analyze", foreign],
      ["theory", foreign],
    ]) {
      const { code, stderr } = await phasesweep(...command);
      expect(code, stderr).toBe(1);
      expect(stderr).toContain("it was not merged by phasesweep");
    }
    const elsewhere = await phasesweep("reproduce", folder, "0");
    expect(elsewhere.code).toBe(2);
    expect(elsewhere.stderr).toContain("there is no results.parquet in it");
  });

  test("tells a row that was changed, and one that is missing", async () => {
    const other = join(folder, "other");
    mkdirSync(other);
    const source = join(results, "results.parquet");
    const target = join(other, "results.parquet");
    const connection = await (await DuckDBInstance.create(":memory:")).connect();
    const plan = await connection.runAndReadAll(
      `SELECT decode(value) FROM parquet_kv_metadata('${source}') WHERE decode(key) = 'phasesweep.plan'`,
    );
    const text = String(plan.getRows()[0]![0]).replaceAll("'", "''");
    // Of one cell a single bit of a single number, of another the whole row.
    await connection.run(`COPY (
      SELECT * REPLACE (CASE WHEN cell = 1 THEN ntk_final * (1 + 2.3e-16) ELSE ntk_final END AS ntk_final)
      FROM read_parquet('${source}') WHERE cell <> 2
    ) TO '${target}' (FORMAT parquet, KV_METADATA {'phasesweep.plan': '${text}'})`);
    copyFileSync(join(results, "provenance.parquet"), join(other, "provenance.parquet"));
    mkdirSync(join(other, "datasets"));
    const damaged = await phasesweep("reproduce", other, "1");
    expect(damaged.code).toBe(1);
    expect(damaged.stderr).toContain("run the sweep file again");
    const [digest] = JSON.parse(text).datasets
      ? Object.values<{ digest: string }>(JSON.parse(text).datasets).map(({ digest }) => digest)
      : [];
    copyFileSync(join(results, "datasets", digest!), join(other, "datasets", digest!));
    const changed = await phasesweep("reproduce", other, "1");
    expect(changed.code, changed.stderr).toBe(1);
    expect(changed.stdout).toContain("DIFFERENT: 1 of 19 columns");
    expect(changed.stdout).toMatch(/ntk_final .*different/);
    const missing = await phasesweep("reproduce", other, "2");
    expect(missing.code).toBe(2);
    expect(missing.stderr).toContain("it could not be computed");
  });
});
