import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { beforeAll, describe, expect, test } from "vitest";
import { expectSoundPage, textOf } from "../coordinator/report/page_checks.ts";
import { phasesweep, sha256Of, sweepFile, temporaryFolder } from "./cli.ts";
import { documentOf } from "./documents.ts";

const SWEEP = `
name: paged
description: "a <b> & c"
seeds: 4
measure: [ntk]
dataset:
  name: tiny
  X: [[1, 0.5], [0.5, 1], [-1, 0.2], [-0.3, -1]]
  y: [1, 1, -1, -1]
  test: { X: [[1, 1], [-1, -1], [1, 0.2], [0.1, -1]], y: [1, -1, 1, 1] }
loss: logistic
learning_rate: { from: 0.5, to: 400, points: 11 }
grids:
  - model: { hidden_layers: 1, width: 20, weight_variance: 1 }
    training: { steps: 40 }
    trajectory: { every: 1 }
  - model: { hidden_layers: 2, width: 10, weight_variance: 1 }
    training: { steps: 20 }
`;

describe("report", () => {
  const folder = temporaryFolder();
  const results = join(folder, "results");

  beforeAll(async () => {
    const ran = await phasesweep("run", sweepFile(folder, SWEEP), "--results", results);
    expect(ran.code, ran.stderr).toBe(0);
    expect(ran.stdout).toContain(`phasesweep report ${results}`);
    expect(existsSync(join(results, "report.html"))).toBe(false);
  });

  test("writes one page that holds everything, and every picture beside it", async () => {
    const { code, stdout, stderr } = await phasesweep("report", results);
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(
      /paged: \d+ cells trained again, \d+ equal bit for bit.*none is different/,
    );
    const page = readFileSync(join(results, "report.html"), "utf8");
    expectSoundPage(page);
    const text = textOf(page);
    expect(text).toContain("a <b> & c");
    expect(text).toContain("tiny");
    expect(text).toContain(sha256Of(join(results, "results.parquet")));
    expect(text).toContain("its own engine and class");
    expect(text).toContain("explicit weights, plain float64");
    expect(page.match(/<svg /g)).toHaveLength(3);
    expect(readdirSync(join(results, "figures")).sort()).toEqual(
      ["accuracy", "loss_curves", "phases"].flatMap((name) => [`${name}.png`, `${name}.svg`]),
    );

    const again = await phasesweep("report", results, "--json", "--out", join(folder, "b.html"));
    expect(readFileSync(join(folder, "b.html"), "utf8")).toBe(page);
    const [sweep] = documentOf("report", again.stdout).sweeps;
    expect(sweep.audit.results.flatMap((each: { different: unknown[] }) => each.different)).toEqual(
      [],
    );
    const exact = sweep.audit.results.find(
      (each: { numeric_class: string; engine: string }) =>
        each.numeric_class === "float64-exact" && each.engine === "same",
    );
    expect(exact.equal).toBe(exact.cells);
    expect(exact.cells).toBeGreaterThan(10);
  });

  test("puts several folders into one page", async () => {
    const page = join(folder, "both.html");
    const { code, stderr } = await phasesweep("report", results, results, "--out", page);
    expect(code, stderr).toBe(0);
    expectSoundPage(readFileSync(page, "utf8"));
    for (const name of ["paged", "paged-2"]) {
      expect(readdirSync(join(folder, "figures", name))).toHaveLength(6);
    }
  });

  test("refuses folders without results and places without a folder, and writes nothing", async () => {
    const empty = await phasesweep("report", results, folder, "--out", join(folder, "c.html"));
    expect(empty.code).toBe(2);
    expect(empty.stderr).toContain("there is no results.parquet in it");
    const nowhere = await phasesweep("report", results, "--out", join(folder, "no", "c.html"));
    expect(nowhere.code).toBe(2);
    expect(nowhere.stderr).toContain("there is no folder");
    expect(existsSync(join(folder, "c.html"))).toBe(false);
  });

  test("names the cells that do not come out again", async () => {
    const other = join(folder, "changed");
    mkdirSync(other);
    const source = join(results, "results.parquet");
    const connection = await (await DuckDBInstance.create(":memory:")).connect();
    const plan = await connection.runAndReadAll(
      `SELECT decode(value) FROM parquet_kv_metadata('${source}') WHERE decode(key) = 'phasesweep.plan'`,
    );
    const text = String(plan.getRows()[0]![0]).replaceAll("'", "''");
    await connection.run(`COPY (SELECT * REPLACE (ntk_final * (1 + 1e-12) AS ntk_final)
      FROM read_parquet('${source}')) TO '${join(other, "results.parquet")}'
      (FORMAT parquet, KV_METADATA {'phasesweep.plan': '${text}'})`);
    const { code, stdout, stderr } = await phasesweep("report", other);
    expect(code, stderr).toBe(1);
    expect(stdout).toMatch(/\d+ DIFFERENT:\n/);
    const [, command = ""] =
      /cell \d+, trained again as it was: ntk_final DIFFERENT; by how much: phasesweep (.*)/.exec(
        stdout,
      ) ?? [];
    const shown = await phasesweep(...command.split(" "));
    expect(shown.code, shown.stderr).toBe(1);
    expect(shown.stdout).toMatch(/ntk_final .* different/);
    const page = textOf(readFileSync(join(other, "report.html"), "utf8"));
    // Far below the tolerance of float32, and of the reference engine.
    expect(page).toMatch(/cell \d+ in ntk_final: phasesweep reproduce paged \d+(?! --engine)/);
    expect(page).not.toMatch(/in ntk_final: phasesweep reproduce paged \d+ --engine reference/);
  });

  test("does not fail where the data of a sweep are damaged, and says so", async () => {
    const csv = Array.from({ length: 8 }, (_, i) => `${i % 3},${(i % 2) * 2 - 1}`).join("\n");
    writeFileSync(join(folder, "points.csv"), `x,label\n${csv}\n`);
    const stored = join(folder, "stored");
    const text =
      "name: stored\ndataset: { csv: points.csv }\nloss: squared\nmodel: { hidden_layers: 0, weight_variance: 1 }\nlearning_rate: [0.1, 0.2]\nseeds: 2\n";
    const ran = await phasesweep("run", sweepFile(folder, text), "--results", stored);
    expect(ran.code, ran.stderr).toBe(0);
    const [digest] = readdirSync(join(stored, "datasets"));
    writeFileSync(join(stored, "datasets", digest!), "damaged");
    const { code, stderr } = await phasesweep("report", stored);
    expect(code, stderr).toBe(0);
    const page = textOf(readFileSync(join(stored, "report.html"), "utf8"));
    expect(page).toMatch(/Not possible here: .*are not those of data set/);
  });
});
