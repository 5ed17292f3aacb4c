import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { packageRoot } from "../../shared/package_info.ts";

const FOLDERS = ["shared", "coordinator", "worker", "cli"];

const sources = FOLDERS.flatMap((folder) =>
  readdirSync(join(packageRoot, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts") && !/^(generated|kernels)/.test(name))
    .map((name) => join(folder, name)),
);

function cruise(folder: string, ...folders: string[]) {
  const { stdout } = spawnSync(
    process.execPath,
    [
      join(packageRoot, "node_modules/dependency-cruiser/bin/dependency-cruise.mjs"),
      ...["--config", join(packageRoot, ".dependency-cruiser.cjs"), "--output-type", "json"],
      ...folders,
    ],
    { cwd: folder, encoding: "utf8", maxBuffer: 64 * 1024 * 1024 },
  );
  return JSON.parse(stdout) as {
    modules: { source: string }[];
    summary: { violations: { rule: { name: string } }[] };
  };
}

test("imports point the allowed way, and the check saw every source file", () => {
  const { modules, summary } = cruise(packageRoot, ...FOLDERS);
  expect(summary.violations).toEqual([]);
  const seen = new Set(modules.map(({ source }) => source));
  expect(sources.filter((source) => !seen.has(source) && !source.endsWith(".d.ts"))).toEqual([]);
});

test("a forbidden import is caught", () => {
  const folder = mkdtempSync(join(tmpdir(), "phasesweep-structure-"));
  for (const name of ["coordinator", "worker"]) mkdirSync(join(folder, name));
  writeFileSync(join(folder, "tsconfig.json"), "{}");
  writeFileSync(join(folder, "worker", "a.ts"), "export const a = 1;\n");
  writeFileSync(
    join(folder, "coordinator", "b.ts"),
    'import { a } from "../worker/a.ts";\nexport const b = a;\n',
  );
  const { summary } = cruise(folder, "coordinator", "worker");
  expect(summary.violations.map(({ rule }) => rule.name)).toContain(
    "coordinator-and-worker-are-strangers",
  );
});

test("dead code is caught, and so is a check that sees no file", () => {
  const folder = mkdtempSync(join(tmpdir(), "phasesweep-dead-"));
  const knip = (config: object) => {
    writeFileSync(join(folder, "knip.json"), JSON.stringify(config));
    const bin = join(packageRoot, "node_modules/knip/bin/knip.js");
    return spawnSync(process.execPath, [bin], { cwd: folder, encoding: "utf8" });
  };
  writeFileSync(join(folder, "package.json"), '{ "name": "dead", "type": "module" }');
  writeFileSync(join(folder, "main.ts"), 'import { used } from "./parts.ts";\nused();\n');
  writeFileSync(
    join(folder, "parts.ts"),
    "export function used() {}\nexport function forgotten() {}\n",
  );
  const dead = knip({ entry: ["main.ts"], project: ["*.ts"] });
  expect(dead.status).toBe(1);
  expect(dead.stdout).toContain("forgotten");

  const { entry, project } = JSON.parse(readFileSync(join(packageRoot, "knip.json"), "utf8"));
  for (const name of entry as string[]) expect(sources).toContain(name);
  for (const root of FOLDERS) expect(String(project)).toContain(root);
});

test("files are at most 400 lines, and time and chance come from one place each", () => {
  for (const source of sources) {
    const text = readFileSync(join(packageRoot, source), "utf8");
    expect(text.split("\n").length, source).toBeLessThanOrEqual(401);
    if (source === "shared/clock.ts") continue;
    // How long a socket may be silent (`request.setTimeout`) is Node's to watch.
    const ambient =
      /\bDate\.now\(|\bMath\.random\(|(?<!\.)\bsetTimeout\(|\bglobalThis\.setTimeout\(/;
    expect(text, source).not.toMatch(ambient);
  }
});

test("rounds are decided by elementary functions that are the same on every machine", () => {
  const rounds = sources.filter((source) => source.startsWith(join("coordinator", "rounds")));
  expect(rounds.length).toBeGreaterThan(5);
  for (const source of [...rounds, "coordinator/analysis/boundaries/changes.ts"]) {
    const text = readFileSync(join(packageRoot, source), "utf8");
    // A logarithm that is rounded to the lattice may be anybody's.
    expect(text.replaceAll(/Math\.round\(Math\.log2\(/g, ""), source).not.toMatch(
      /\bMath\.(exp|expm1|log|log1p|log2|log10|pow)\(/,
    );
  }
});
