import { spawnSync } from "node:child_process";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { skipBecause } from "../e2e/cli.ts";
import { codeBlocks } from "./code_blocks.ts";
import { readPage } from "./pages.ts";
import { Project } from "./project.ts";

/** docs/results.md, held against the files and documents of real runs. */
const page = readPage("docs/results.md");
const project = new Project();

beforeAll(async () => {
  // Every column that there can be: measures, trajectories and two blocks.
  project.write("all.yaml", [
    "name: all",
    "dataset: example3",
    "model: { hidden_layers: 1, width: 20 }",
    "seeds: 2",
    "learning_rate: [1, 4, 40]",
    "measure: [ntk, hessian]",
    "trajectory: { every: 50 }",
    "grids: [{ loss: logistic }, { loss: squared }]",
  ]);
  for (const command of [
    "phasesweep run all.yaml",
    "phasesweep run sweeps/paper/figure3.yaml",
    "phasesweep report results/all",
  ]) {
    const { code, stderr } = await project.run(command);
    expect(code, stderr).toBe(0);
  }
});
afterAll(() => project.close());

/** The first two cells of the rows of the table under a heading, without code marks. */
function tableUnder(heading: string): string[][] {
  const section = page.split(`\n## ${heading}\n`)[1]!.split("\n## ")[0]!;
  return section
    .split("\n")
    .filter((line) => line.startsWith("| `"))
    .map((line) =>
      line
        .split(/(?<!\\)\|/)
        .slice(1, 3)
        .map((cell) => cell.trim().replace(/^`|`$/g, "")),
    );
}

describe("every column of a file stands in its table, with its type", () => {
  for (const view of ["results", "boundaries", "provenance"]) {
    test(`${view}.parquet`, async () => {
      const { stdout } = await project.run(
        `phasesweep query results/all "DESCRIBE ${view}" --json`,
      );
      const columns = (JSON.parse(stdout) as { column_name: string; column_type: string }[]).map(
        ({ column_name, column_type }) => [column_name, column_type],
      );
      expect(columns.length).toBeGreaterThan(10);
      expect(tableUnder(`${view}.parquet`)).toEqual(columns);
    });
  }
});

test("the keys of every JSON document stand in the table", async () => {
  const commands: Readonly<Record<string, string>> = {
    plan: "phasesweep plan all.yaml",
    run: "phasesweep run all.yaml",
    analyze: "phasesweep analyze results/all",
    reproduce: "phasesweep reproduce results/all 0",
    report: "phasesweep report results/all",
    doctor: "phasesweep doctor",
    query: 'phasesweep query results/all "SELECT 1 AS one"',
    theory: "phasesweep theory results/all",
  };
  const rows = page.split("\n## JSON documents\n")[1]!.split("\n");
  const optional = new Set(["paper", "verified"]);
  for (const [name, command] of Object.entries(commands)) {
    const { code, stdout, stderr } = await project.run(`${command} --json`);
    expect(code, `${command}: ${stderr}`).toBe(0);
    const row = rows.find((line) => line.startsWith(`| \`${name}\``));
    expect(row, name).toBeDefined();
    const listed = [...row!.split("|")[2]!.matchAll(/`(\w+)`/g)].map(([, key]) => key!);
    const document = JSON.parse(stdout);
    if (name === "query") {
      expect(document).toEqual([{ one: 1 }]);
      continue;
    }
    const keys = Object.keys(Array.isArray(document) ? document[0] : document);
    expect(
      listed.filter((key) => !optional.has(key)),
      command,
    ).toEqual(keys);
  }
});

const examples = (language: string) =>
  codeBlocks(page).filter(({ language: own }) => own === language);

test("the SQL for DuckDB runs", async () => {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  expect(examples("sql").length).toBeGreaterThan(1);
  for (const { lines } of examples("sql")) {
    const sql = lines.join("\n").replaceAll("'results/", `'${project.folder}/results/`);
    const reader = await connection.runAndReadAll(sql);
    expect(reader.currentRowCount, sql).toBeGreaterThan(3);
  }
  connection.closeSync();
  instance.closeSync();
});

describe("the Python runs where its packages are", () => {
  const python = process.env["PHASESWEEP_DOCS_PYTHON"] ?? "python3";
  for (const { lines } of examples("python")) {
    const imported = lines.flatMap((line) => /^import (\w+)/.exec(line)?.[1] ?? []);
    const names = imported.includes("pandas") ? [...imported, "pyarrow"] : imported;
    test(names.join(", "), ({ skip }) => {
      const imports = spawnSync(python, ["-c", `import ${names}`], { encoding: "utf8" });
      skipBecause(
        imports.status === 0 ? undefined : `${python} has no ${names.join(" or ")}`,
        skip,
      );
      const { status, stdout, stderr } = spawnSync(python, ["-c", lines.join("\n")], {
        cwd: project.folder,
        encoding: "utf8",
      });
      expect(status, stderr).toBe(0);
      expect(stdout).toContain("exponential");
      // Figure 3 (d): the median of η1 that every run prints.
      expect(stdout).toMatch(/example4.*logistic.*42\.17[89]/);
    });
  }
});

test("the R runs where R is", async ({ skip }) => {
  const has = spawnSync("Rscript", ["--version"]).status === 0;
  skipBecause(has ? undefined : "there is no Rscript here: `apt-get install r-base-core`", skip);
  const written = await project.run(
    'phasesweep query results/figure3 "SELECT * FROM boundaries" --csv > boundaries.csv',
  );
  expect(written.code, written.stderr).toBe(0);
  const [block] = examples("r");
  const { status, stdout, stderr } = spawnSync("Rscript", ["-e", block!.lines.join("\n")], {
    cwd: project.folder,
    encoding: "utf8",
  });
  expect(status, stderr).toBe(0);
  expect(stdout).toMatch(/example4 +logistic +200 +8\.043439 +42\.178547/);
  expect(stdout).toMatch(/example4 +0\.96875 +0\.75000/);
});
