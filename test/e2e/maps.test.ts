import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { inflateSync } from "node:zlib";
import { beforeAll, expect, test } from "vitest";
import { SHADES } from "../../coordinator/analysis/maps/raster.ts";
import { DIVERGENT, LAZY } from "../../shared/phases.ts";
import { phasesweep, sweepFile, temporaryFolder } from "./cli.ts";
import { documentOf } from "./documents.ts";

/** 33 × 33 networks of Example 3 over both learning rates; an ordinary block beside them. */
const MAP = `
name: map
dataset: example3
loss: logistic
seeds: 1
grids:
  - model: { hidden_layers: 1, width: 20 }
    learning_rate: { from: 1, to: 256, points: 33 }
    output_learning_rate: { from: 1, to: 256, points: 33 }
`;
const PANEL = `
  - model: { hidden_layers: 1, width: [20, 30] }
    learning_rate: { from: 1, to: 256, points: 17 }
`;
const folder = temporaryFolder();
const results = join(folder, "results");
let stdout = "";

beforeAll(async () => {
  const run = await phasesweep("run", sweepFile(folder, MAP), "--results", results);
  expect(run.stderr).not.toContain("fix:");
  expect(run.code).toBe(0);
  stdout = run.stdout;
});

test("a map is written as PNG, one pixel a network, and as a figure", () => {
  expect(stdout).toContain(join(results, "map.png"));
  const png = readFileSync(join(results, "map.png"));
  expect([png.readUInt32BE(16), png.readUInt32BE(20)]).toEqual([33, 33]);
  const start = png.indexOf("IDAT", 0, "latin1");
  const lines = inflateSync(png.subarray(start + 4, start + 4 + png.readUInt32BE(start - 4)));
  const phaseAt = (x: number, y: number) => Math.floor(lines[y * 34 + 1 + x]! / SHADES);
  // Small rates are lazy at the bottom left, large ones diverge at the top right.
  expect(phaseAt(0, 32)).toBe(LAZY);
  expect(phaseAt(32, 0)).toBe(DIVERGENT);
  // η_W η_v = 256 is above 8m = 160, and alike at both ends.
  expect(phaseAt(32, 32)).toBe(DIVERGENT);
  expect(phaseAt(0, 0)).toBe(DIVERGENT);
  expect(readFileSync(join(results, "map.svg"), "utf8")).toContain("data:image/png;base64,");
});

test("it takes the place of the panels, and the table is cut", () => {
  expect(existsSync(join(results, "phases.svg"))).toBe(false);
  expect(stdout).not.toContain("phases.svg");
  expect(stdout).toContain("21 more rows are left out here; all are in boundaries.parquet.");
});

test("the plan says what came out, in few lines", async () => {
  const plan = await phasesweep("plan", sweepFile(folder, MAP), "--results", results);
  expect(plan.stdout).toContain("… and 21 more");
  expect(plan.stdout).toContain(
    "grid 0, learning rate η_v of the output layer: 33 values, 1, 1.1892, 1.4142, 1.6818, 2, … 256",
  );
});

test("a zoom is a sweep file of the same networks, and finds the cells that are there", async () => {
  const args = ["--learning-rate", "8:32", "--y", "8:32", "--points", "17"];
  const zoom = await phasesweep("zoom", results, ...args);
  expect(zoom.stderr).toBe("");
  expect(zoom.code).toBe(0);
  const place = temporaryFolder();
  const sweep = sweepFile(place, zoom.stdout);
  const plan = await phasesweep("plan", sweep, "--results", results, "--json");
  const { cells, cells_cached } = documentOf("plan", plan.stdout);
  // Steps of an eighth of an octave; the map has every second one.
  expect(cells).toBe(17 * 17);
  expect(cells_cached).toBe(9 * 9);
});

test("why a zoom is not there stands in a few lines, without the value of each group", async () => {
  const args = ["--learning-rate", "8:32", "--y", "8:32", "--points", "33"];
  const zoom = await phasesweep("zoom", results, ...args);
  const sweep = sweepFile(temporaryFolder(), zoom.stdout);
  const { stdout: text } = await phasesweep("plan", sweep, "--results", results);
  expect(text).toMatch(/\(24 groups\): no earlier sweep has this shape: other output_\w+$/m);
  expect(text).toContain("(9 groups): 24 new learning rates");
});

test("a zoom that cannot be is refused", async () => {
  const window = ["--learning-rate", "8:32", "--y", "8:32"];
  const none = await phasesweep("zoom", results, ...window, "--map", "2");
  expect(none.code).toBe(2);
  expect(none.stderr).toContain("the sweep has 1 of them");
  const turned = await phasesweep("zoom", results, "--learning-rate", "3:2", "--y", "8:32");
  expect(turned.code).toBe(2);
  expect(turned.stderr).toContain("two ascending positive numbers");
});

test("with other blocks there are panels too, and the map stays", async () => {
  const sweep = sweepFile(folder, MAP + PANEL);
  const { code, stdout: text } = await phasesweep("run", sweep, "--results", results, "--json");
  expect(code).toBe(0);
  const { files, cells_cached } = documentOf("run", text);
  expect(cells_cached).toBe(33 * 33);
  expect(files.maps).toHaveLength(1);
  const panels = readFileSync(files.figure, "utf8").match(/<g class="panel"/g);
  expect(panels).toHaveLength(2);
  expect(existsSync(join(results, "map.png"))).toBe(true);
});
