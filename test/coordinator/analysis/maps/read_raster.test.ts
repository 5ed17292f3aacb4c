import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { afterAll, beforeAll, expect, test } from "vitest";
import { drawMapFigure } from "../../../../coordinator/analysis/figures/map_figure.ts";
import { findMaps } from "../../../../coordinator/analysis/maps/find_maps.ts";
import { EMPTY, SHADES } from "../../../../coordinator/analysis/maps/raster.ts";
import {
  AGGREGATED_SIDE_PIXELS_MAX,
  readMapPicture,
} from "../../../../coordinator/analysis/maps/read_raster.ts";
import { runsBesideMaps } from "../../../../coordinator/analysis/maps/write_maps.ts";
import { allRuns } from "../../../../coordinator/analysis/runs_source.ts";
import { PHASES } from "../../../../shared/phases.ts";
import { buildPlan } from "../../../../shared/spec/build_plan.ts";
import { parseSweep } from "../../../../shared/spec/load.ts";
import { expectWellFormed } from "../figures/svg_fixture.ts";
import { connect } from "../results_fixture.ts";

const folder = mkdtempSync(join(tmpdir(), "map-"));
let connection: DuckDBConnection;
beforeAll(async () => {
  connection = await connect();
});
afterAll(() => rmSync(folder, { recursive: true }));

function planOf(changes: Record<string, unknown>) {
  const file = {
    name: "maps",
    dataset: "example3",
    loss: "logistic",
    model: { hidden_layers: 1, width: Array.from({ length: 14 }, (_, i) => 14 - i) },
    learning_rate: { from: 1, to: 2, points: 13, scale: "linear" },
    seeds: 1,
    ...changes,
  };
  return buildPlan(parseSweep(JSON.stringify(file), "s.yaml"));
}

/** A results file with a phase for each cell, as SQL of `cell`; one cell may be missing. */
async function write(cells: number, phase: string, missing = -1): Promise<string> {
  const path = join(folder, `${cells}.parquet`);
  await connection.run(`COPY (
    SELECT range AS cell, ${phase} AS phase, 1.0 AS loss_final, 1 + range % 7 AS increases,
      CASE WHEN ${phase} = 'divergent' THEN 5 + range % 50 END AS diverged_at
    FROM range(${cells}) WHERE range <> ${missing} ORDER BY hash(range)
  ) TO '${path}' (FORMAT parquet)`);
  return path;
}

const phaseOf = (entry: number) => PHASES[Math.floor(entry / SHADES)];

test("a pixel is a cell: columns by η, rows by the parameter from above, whatever their order", async () => {
  const plan = planOf({ loss: ["squared", "logistic"] });
  const [squared, logistic] = findMaps(plan);
  // Widths are listed downwards: the first group of a loss is the top row.
  const phase = `CASE WHEN range = 0 THEN 'divergent' WHEN range % 13 = 1 THEN 'catapult'
    WHEN range >= ${plan.cells - 13} THEN 'unsettled' ELSE 'lazy' END`;
  const path = await write(plan.cells, phase, 5 * 13 + 4);
  const first = await readMapPicture(connection, allRuns(path), squared!);
  expect([first.raster.width, first.raster.height]).toEqual([13, 14]);
  expect(first.stride).toEqual({ x: 1, y: 1 });
  const at = (x: number, y: number) => first.raster.entries[y * 13 + x]!;
  expect(phaseOf(at(0, 0))).toBe("divergent");
  for (let y = 0; y < 14; y++) expect(phaseOf(at(1, y))).toBe("catapult");
  expect(phaseOf(at(2, 0))).toBe("lazy");
  expect(at(4, 5)).toBe(EMPTY);
  const second = await readMapPicture(connection, allRuns(path), logistic!);
  const lowest = [...second.raster.entries.subarray(13 * 13)].map(phaseOf);
  expect(lowest).toEqual(["unsettled", "catapult", ...new Array<string>(11).fill("unsettled")]);
  expect(await readMapPicture(connection, allRuns(path), squared!)).toEqual(first);
  const svg = drawMapFigure(squared!, first, []);
  expectWellFormed(svg);
  expect(svg).toContain("not computed");
  const beside = `SELECT count(*)::INTEGER FROM ${runsBesideMaps(allRuns(path), plan, [squared!])}`;
  const reader = await connection.runAndReadAll(beside);
  expect(reader.getRows()).toEqual([[plan.cells / 2]]);
});

test("shades follow the logarithm of the step at which runs diverged", async () => {
  const plan = planOf({});
  const path = await write(plan.cells, "'divergent'");
  const { raster, shading } = await readMapPicture(connection, allRuns(path), findMaps(plan)[0]!);
  const range = shading.by === "runs" ? shading.ranges.divergent : undefined;
  expect(range!.first).toBeLessThan(8);
  expect(range!.last).toBeGreaterThan(50);
  const first = PHASES.indexOf("divergent") * SHADES;
  const cells = Array.from({ length: plan.cells }, (_, cell) => ({
    step: 5 + (cell % 50),
    // Widths descend with the cell, and so do the rows from the top.
    shade: raster.entries[cell]! - first,
  })).sort((a, b) => a.step - b.step);
  for (const [i, { shade }] of cells.entries()) {
    expect(shade).toBeGreaterThanOrEqual(cells[i - 1]?.shade ?? 0);
  }
  expect(cells[0]!.shade).toBe(0);
  expect(cells.at(-1)!.shade).toBe(SHADES - 1);
});

test("with several seeds a pixel has the commonest phase, shaded by its share", async () => {
  const plan = planOf({ seeds: 4 });
  // The first column: all lazy. The second: three of four catapult. The third: half and half.
  const x = "range % 13";
  const seed = "range // 13 % 4";
  const phase = `CASE WHEN ${x} = 1 AND ${seed} > 0 THEN 'catapult'
    WHEN ${x} = 2 AND ${seed} > 1 THEN 'divergent' ELSE 'lazy' END`;
  const path = await write(plan.cells, phase);
  const map = findMaps(plan)[0]!;
  const picture = await readMapPicture(connection, allRuns(path), map);
  expect(picture.shading).toEqual({ by: "seeds" });
  expect([...picture.raster.entries.subarray(0, 3)]).toEqual([
    0,
    SHADES + Math.round((SHADES - 1) / 2),
    SHADES - 1,
  ]);
  expect(drawMapFigure(map, picture, [])).toContain("of the seeds");
});

test("more cells a side than pixels are aggregated", async () => {
  const points = 3 * AGGREGATED_SIDE_PIXELS_MAX - 1;
  const plan = planOf({ learning_rate: { from: 1, to: 2, points, scale: "linear" } });
  const phase = `CASE WHEN range % ${points} % 3 = 0 THEN 'lazy' ELSE 'divergent' END`;
  const path = await write(plan.cells, phase);
  const { raster, stride } = await readMapPicture(connection, allRuns(path), findMaps(plan)[0]!);
  expect(stride).toEqual({ x: 3, y: 1 });
  expect([raster.width, raster.height]).toEqual([AGGREGATED_SIDE_PIXELS_MAX, 14]);
  // Two of three diverge, but for the last pixel of a row, which shows two cells, one of each.
  for (const [i, entry] of raster.entries.entries()) {
    const isLast = i % raster.width === raster.width - 1;
    expect(phaseOf(entry)).toBe(isLast ? "lazy" : "divergent");
  }
});
