import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  readBoundaryRows,
  readSeedBoundaries,
  type SeedBoundaries,
} from "../../../../coordinator/analysis/boundaries/boundaries.ts";
import { allRuns } from "../../../../coordinator/analysis/runs_source.ts";
import { connect, type FixtureCell, seedCells, writeResults } from "../results_fixture.ts";
import { uniformStream } from "../uniform_stream.ts";

const DOUBLING = [1, 2, 4, 8, 16, 32];
const options = { uniforms: (group: string) => uniformStream(group.length), resamples: 200 };

let connection: DuckDBConnection;
let folder: string;

beforeAll(async () => {
  connection = await connect();
  folder = mkdtempSync(join(tmpdir(), "boundaries-"));
});
afterAll(() => {
  connection.closeSync();
  rmSync(folder, { recursive: true });
});

async function written(cells: readonly FixtureCell[]): Promise<string> {
  const path = join(folder, "results.parquet");
  await writeResults(connection, path, cells);
  return path;
}

async function oneSeed(etas: readonly number[], phases: string): Promise<SeedBoundaries> {
  const path = await written(seedCells("g", 7, etas, phases));
  const groups = await readSeedBoundaries(connection, allRuns(path));
  expect(groups).toHaveLength(1);
  expect(groups[0]!.seeds).toHaveLength(1);
  return groups[0]!.seeds[0]!;
}

describe("boundaries of one seed", () => {
  test("a single step lies at the geometric midpoint, by bracket and by area", async () => {
    const { eta0, eta1, seed, grid_range, relative_step } = await oneSeed(DOUBLING, "llccdd");
    expect({ seed, grid_range, relative_step }).toEqual({
      seed: 7n,
      grid_range: [1, 32],
      relative_step: 1,
    });
    expect(eta0).toMatchObject({ bracket: [2, 4], band: [4, 2], single_step: true, beyond: null });
    expect(eta0.estimate).toBeCloseTo(Math.sqrt(8), 12);
    expect(eta0.area).toBeCloseTo(Math.sqrt(8), 12);
    expect(eta1).toMatchObject({ bracket: [8, 16], single_step: true });
    expect(eta1.area).toBeCloseTo(Math.sqrt(128), 12);
  });

  test("a fractal edge has a band, and an area inside it", async () => {
    // Not divergent at 1, 2, 8: half a step either side of 8, and 1.5 steps from 1, of log 2 each.
    const { eta1 } = await oneSeed(DOUBLING, "ccdcdd");
    expect(eta1).toMatchObject({ bracket: [2, 4], band: [4, 8], single_step: false, beyond: null });
    expect(eta1.area).toBeCloseTo(2 ** 2.5, 12);
  });

  test("on an uneven grid a cell weighs by its share of log η, whatever the row order", async () => {
    const etas = [1, 2, 3, 10, 11, 100];
    // Lazy at 1, 2 and 10: ½ ln 2 + ½ ln 3 + ½ ln(11/3), that is √22.
    const cells = seedCells("g", 7, etas, "llclcd").reverse();
    const groups = await readSeedBoundaries(connection, allRuns(await written(cells)));
    const { eta0, relative_step } = groups[0]!.seeds[0]!;
    expect(eta0).toMatchObject({ bracket: [2, 3], band: [3, 10], single_step: false });
    expect(eta0.area).toBeCloseTo(Math.sqrt(22), 12);
    expect(relative_step).toBeCloseTo(0.1, 12);
  });

  test("a boundary outside the grid is a side and no number", async () => {
    const { eta0, eta1 } = await oneSeed(DOUBLING, "cccccc");
    expect(eta0).toMatchObject({ estimate: null, beyond: "below", bracket: null, area: null });
    expect(eta1).toMatchObject({ estimate: null, beyond: "above", bracket: null, area: null });
    expect(eta0.single_step && eta1.single_step).toBe(true);
  });

  test("a low side that comes back at the highest η leaves the area open", async () => {
    const { eta1 } = await oneSeed(DOUBLING, "ccccdc");
    expect(eta1).toMatchObject({ bracket: [8, 16], beyond: null, single_step: false });
    expect(eta1).toMatchObject({ area: null, area_beyond: "above" });
  });

  test("unsettled is neither lazy nor divergent", async () => {
    const { eta0, eta1 } = await oneSeed(DOUBLING, "lluudd");
    expect(eta0.bracket).toEqual([2, 4]);
    expect(eta1.bracket).toEqual([8, 16]);
  });
});

describe("boundaries over seeds", () => {
  test("seeds beyond the grid count in the median and are reported", async () => {
    const path = await written([
      ...seedCells("a", 0, DOUBLING, "llcccc"),
      ...seedCells("a", 1, DOUBLING, "lllccd"),
      ...seedCells("a", 2, DOUBLING, "cclccc"),
      ...seedCells("b", 0, DOUBLING, "llllld").map((cell) => ({ ...cell, width: null })),
    ]);
    const rows = await readBoundaryRows(connection, allRuns(path), options);
    expect(rows.map((row) => row.shape_group)).toEqual(["a", "b"]);
    expect(rows[0]).toMatchObject({
      grid: 0,
      dataset: "example3",
      model: "one_hidden_layer",
      loss: "logistic",
      width: 200,
      weight_variance: 0.5,
      steps: 100,
      seeds: 3,
      grid_range: [1, 32],
      confidence: 0.95,
    });
    expect(rows[1]).toMatchObject({ model: "linear_predictor", width: null, seeds: 1 });
    const { eta0, eta1 } = rows[0]!;
    expect(eta0.median).toBeCloseTo(Math.sqrt(8), 12);
    expect(eta0).toMatchObject({ seeds_found: 2, seeds_below: 1, seeds_above: 0 });
    expect(eta0).toMatchObject({ single_step: 2, not_single_step: 1, low: -Infinity });
    expect(eta0).toMatchObject({ standard_error: null, relative_step: 1, bracket_step: 1 });
    expect(eta1).toMatchObject({ median: null, median_beyond: "above", seeds_above: 2 });
  });

  test("the same file and streams give the same rows, in the order of the cells", async () => {
    const path = await written([
      ...seedCells("z", 0, DOUBLING, "llccdd"),
      ...seedCells("a", 0, DOUBLING, "lllccd"),
      ...seedCells("z", 1, DOUBLING, "lllccd"),
    ]);
    const rows = await readBoundaryRows(connection, allRuns(path), options);
    expect(rows.map((row) => row.shape_group)).toEqual(["z", "a"]);
    expect(rows[0]!.seeds).toBe(2);
    expect(await readBoundaryRows(connection, allRuns(path), options)).toEqual(rows);
  });

  test("a file without cells has no rows", async () => {
    expect(await readBoundaryRows(connection, allRuns(await written([])), options)).toEqual([]);
  });
});
