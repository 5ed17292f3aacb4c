import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { BUILTIN_DATASETS } from "../../shared/datasets.ts";
import { curvatureBoundary, learningRateScale } from "../../worker/engine/gradient_flow.ts";
import { MAIN, phasesweep, sha256Of, sweepFile, temporaryFolder } from "./cli.ts";
import { documentOf } from "./documents.ts";

const folder = temporaryFolder();
const results = join(folder, "results");
const sweep = sweepFile(
  folder,
  `
name: analyzed
dataset: example3
model: { hidden_layers: 1, width: [20, 40, 80, infinite], weight_variance: 0.5 }
seeds: 12
training: { steps: 50 }
learning_rate: { from: 0.7, to: 8, points: 113 }
grids:
  - { loss: squared, measure: [ntk, hessian] }
  - { loss: exponential }
  - { loss: squared, model: { width: 30 }, learning_rate: { from: 0.5, to: 16, points: 2561 } }
`,
);
let run: { [key: string]: unknown; files: Record<string, string> };
let written: Record<string, string>;

beforeAll(async () => {
  const { code, stdout, stderr } = await phasesweep("run", sweep, "--results", results, "--json");
  expect(code, stderr).toBe(0);
  run = documentOf("run", stdout);
  written = hashes();
});

function hashes(): Record<string, string> {
  const names = readdirSync(results).filter((name) => /\.(parquet|svg)$/.test(name));
  return Object.fromEntries(names.map((name) => [name, sha256Of(join(results, name))]));
}

interface Row {
  readonly [column: string]: unknown;
}

async function query(sql: string): Promise<Row[]> {
  const { code, stdout, stderr } = await phasesweep("query", results, sql, "--json");
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout);
}

describe("analyze", () => {
  test("makes the same files and says the same as run, from results.parquet alone", async () => {
    for (const name of Object.keys(written)) {
      if (!["results.parquet", "provenance.parquet"].includes(name)) rmSync(join(results, name));
    }
    const { code, stdout, stderr } = await phasesweep("analyze", results, "--json");
    expect(code, stderr).toBe(0);
    expect(hashes()).toEqual(written);
    expect(Object.keys(written)).toEqual(
      expect.arrayContaining(["boundaries.parquet", "phases.svg", "widths.svg"]),
    );
    const document = documentOf("analyze", stdout);
    for (const key of ["boundaries", "width_laws", "uncertainty", "files"]) {
      expect(document[key]).toEqual(run[key]);
    }
  });

  test("finds 2/λ0 and 4/λ0 in the width, and single steps of dimension 0", async () => {
    const laws = run["width_laws"] as {
      loss: string;
      boundary: string;
      fit: { limit_low: number; limit_high: number };
      infinite: { median: number };
    }[];
    for (const [boundary, limit] of [
      ["eta0", 2],
      ["eta1", 4],
    ] as const) {
      const { fit } = laws.find((law) => law.loss === "squared" && law.boundary === boundary)!;
      // Twice the interval around its middle: a test of the code, not of the seeds.
      const reach = fit.limit_high - fit.limit_low;
      expect(Math.abs((fit.limit_low + fit.limit_high) / 2 - limit)).toBeLessThan(reach);
    }
    const { measured } = run["uncertainty"] as { measured: Row[] };
    expect(measured.map(({ boundary }) => boundary)).toEqual(["eta0", "eta1"]);
    for (const { alpha, dimension, seeds } of measured) {
      expect(alpha).toBeCloseTo(1, 12);
      expect(dimension).toBeCloseTo(0, 12);
      expect(seeds).toBe(12);
    }
  });

  test("prints tables for people", async () => {
    const { stdout } = await phasesweep("analyze", results);
    for (const text of ["η0 = a + b/m", "log-normal", "Uncertainty exponents", "widths.svg"]) {
      expect(stdout).toContain(text);
    }
  });

  test("without results it is a usage error", async () => {
    const { code, stderr } = await phasesweep("analyze", folder);
    expect(code).toBe(2);
    expect(stderr).toContain("no results.parquet");
  });
});

describe("boundaries.parquet", () => {
  test("has one row a shape group and seed, in the order of the cells", async () => {
    const rows = await query("SELECT shape_group, seed FROM boundaries");
    expect(rows).toHaveLength(9 * 12);
    const cells = await query(
      "SELECT shape_group, seed FROM results GROUP BY ALL ORDER BY min(cell)",
    );
    expect(rows).toEqual(cells);
  });

  test("holds the exact values next to brackets that contain them", async () => {
    const [counts] = await query(`
      SELECT count(*) AS rows,
        count(*) FILTER (eta0_exact BETWEEN eta0_low AND eta0_high) AS eta0,
        count(*) FILTER (four_over_ntk BETWEEN eta1_low AND eta1_high) AS eta1
      FROM boundaries WHERE loss = 'squared' AND width IS NOT NULL AND eta1 IS NOT NULL`);
    expect(Number(counts!["rows"])).toBeGreaterThan(40);
    expect(counts).toMatchObject({ eta0: counts!["rows"], eta1: counts!["rows"] });
  });

  test("computes λ0, h(0) and η0_gf where nobody measured them", async () => {
    const [row] = await query(`
      SELECT ntk_initial, hessian_initial, two_over_hessian, eta0_curvature
      FROM boundaries WHERE loss = 'exponential' AND width = 40 AND seed = 3`);
    const start = {
      dataset: BUILTIN_DATASETS.find(({ name }) => name === "example3")!,
      width: 40,
      loss: "exponential" as const,
      steps: 50,
      initial: { kind: "drawn", seed: 3, weight_variance: 0.5 } as const,
    };
    expect(row!["two_over_hessian"]).toBeCloseTo(learningRateScale(start), 12);
    expect(row!["eta0_curvature"]).toBe(curvatureBoundary(start, 1e4));
    const [squared] = await query(`
      SELECT ntk_initial FROM boundaries
      WHERE loss = 'squared' AND width = 40 AND seed = 3 AND "grid" = 0`);
    // The start does not depend on the loss.
    expect(row!["ntk_initial"]).toBe(squared!["ntk_initial"]);
  });
});

describe("query", () => {
  test("prints a table, cut to a limit, which says so", async () => {
    const { stdout } = await phasesweep(
      ...["query", results, "SELECT seed, 'a' || seed AS name FROM boundaries", "--limit", "2"],
    );
    expect(stdout).toBe(
      "seed  name\n────  ────\n   0  a0\n   1  a1\n\nthe first 2 rows; --limit prints more\n",
    );
  });

  test("keeps all digits of 64-bit integers, lists and what JSON lacks", async () => {
    const sql =
      "SELECT 9007199254740993 AS big, [1, 2] AS list, 'NaN'::DOUBLE AS nan, NULL AS none";
    const { stdout } = await phasesweep("query", results, sql, "--json");
    expect(stdout).toBe(
      '[\n  {"big": 9007199254740993, "list": [1, 2], "nan": "NaN", "none": null}\n]\n',
    );
    const csv = await phasesweep("query", results, `${sql}, 'a,"b' AS text`, "--csv");
    expect(csv.stdout).toBe('big,list,nan,none,text\n9007199254740993,"[1, 2]",NaN,,"a,""b"\n');
  });

  test("reads standard input", () => {
    const input = "SELECT count(*) AS parts FROM provenance;\n";
    const { stdout, status } = spawnSync(process.execPath, [MAIN, "query", results, "--csv", "-"], {
      input,
      encoding: "utf8",
    });
    expect(status).toBe(0);
    expect(stdout).toMatch(/^parts\n\d+\n$/);
  });

  test.each([
    ["SELECT nonsense FROM results", /Binder Error[\s\S]*nonsense/],
    ["SELEC 1", /Parser Error/],
    ["SELECT 1; SELECT 2", /2 statements/],
    [" \n", /nothing to ask/],
    ["SELECT * FROM read_csv('/etc/passwd')", /Permission Error/],
    ["SELECT * FROM read_blob('JOURNAL')", /Permission Error/],
    ["COPY (SELECT 1) TO 'OUTSIDE'", /Permission Error/],
    ["COPY (SELECT 1) TO 'RESULTS'", /COPY is no query/],
    ["EXPLAIN ANALYZE COPY (SELECT 1) TO 'RESULTS'", /EXPLAIN is no query/],
    ["ATTACH 'OUTSIDE'", /ATTACH is no query/],
    ["SET enable_external_access = true", /SET is no query/],
    ["CREATE TABLE t AS SELECT 1", /CREATE is no query/],
    ["INSTALL httpfs", /LOAD is no query/],
  ])("refuses %s", async (template, problem) => {
    const sql = template
      .replace("OUTSIDE", join(folder, "outside"))
      .replace("JOURNAL", join(results, "journal.sqlite"))
      .replace("RESULTS", join(results, "results.parquet"));
    const { code, stdout, stderr } = await phasesweep("query", results, sql);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(problem);
    expect(stderr).toContain("fix:");
    expect(existsSync(join(folder, "outside"))).toBe(false);
    expect(sha256Of(join(results, "results.parquet"))).toBe(written["results.parquet"]);
  });

  test("says what makes the boundaries where they are missing", async () => {
    const other = temporaryFolder();
    copyFileSync(join(results, "results.parquet"), join(other, "results.parquet"));
    const { code, stderr } = await phasesweep("query", other, "FROM boundaries");
    expect(code).toBe(2);
    expect(stderr).toContain(`\`phasesweep analyze ${other}\` writes boundaries.parquet`);
  });

  test("leaves nothing behind where it was called", async () => {
    await query("SELECT * FROM results ORDER BY random() LIMIT 1");
    expect(readdirSync(process.cwd())).not.toContain(".tmp");
    expect(readFileSync(run.files["figure"]!, "utf8")).toContain("<svg");
  });
});
