import { mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { packageRoot } from "../../../shared/package_info.ts";
import { loadSweepFile } from "../../../shared/spec/load.ts";
import { sweepPaths } from "../../../shared/spec/shipped_sweeps.ts";
import { temporaryFolder } from "../../e2e/cli.ts";

/** Where one is who installed the package: in a folder that has nothing of it. */
let folder: string;
const before = process.cwd();
beforeEach(() => {
  folder = temporaryFolder();
  process.chdir(folder);
});
afterEach(() => {
  process.chdir(before);
  rmSync(folder, { recursive: true });
});

test("sweep files of the package have their names in every folder", () => {
  const sweep = loadSweepFile("sweeps/paper/figure3.yaml");
  expect(sweep.file.name).toBe("figure3");
  expect(sweep.folder).toBe(join(packageRoot, "sweeps/paper"));
  expect(() => loadSweepFile("sweeps/paper/figur3.yaml")).toThrow(
    "no such file\n  fix: give sweeps/paper/figure3.yaml",
  );
  expect(() => loadSweepFile("paper/figure3.yaml")).toThrow("no such file");
});

test("a file that is there is the one that is meant", () => {
  mkdirSync("sweeps/paper", { recursive: true });
  writeFileSync("sweeps/paper/figure3.yaml", "name: [1]\n");
  expect(() => loadSweepFile("sweeps/paper/figure3.yaml")).toThrow(/^sweeps\/paper\/figure3/);
});

test("a pattern that no shell expanded means the files of the package", () => {
  const names = readdirSync(join(packageRoot, "sweeps/paper"));
  expect(sweepPaths("sweeps/paper/*.yaml")).toEqual(names.map((name) => `sweeps/paper/${name}`));
  for (const path of ["*.yaml", "sweeps/none/*.yaml", "sweeps/paper/*", "../sweeps/*.yaml"])
    expect(sweepPaths(path)).toEqual([path]);
});
