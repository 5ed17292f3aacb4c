import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { afterAll, beforeAll, expect, test } from "vitest";
import { boundaryQuery } from "../../../../coordinator/analysis/boundaries/boundary_query.ts";
import { querySharedAxis } from "../../../../coordinator/analysis/boundaries/shared_axis_query.ts";
import { allRuns } from "../../../../coordinator/analysis/runs_source.ts";
import { connect, type FixtureCell, seedCells, writeResults } from "../results_fixture.ts";
import { uniformStream } from "../uniform_stream.ts";

let connection: DuckDBConnection;
let folder: string;

beforeAll(async () => {
  connection = await connect();
  folder = mkdtempSync(join(tmpdir(), "shared-axis-"));
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

/** Labels that often change and often do not: runs of one letter, or letters at random. */
function labels(points: number, uniform: () => number): string {
  const letter = () => "lcdu"[Math.floor(4 * uniform())]!;
  if (uniform() < 0.3) return letter().repeat(points);
  if (uniform() < 0.5) return Array.from({ length: points }, letter).join("");
  const [first = 0, second = 0] = [uniform(), uniform()].map((u) => Math.floor(u * (points + 1)));
  return Array.from({ length: points }, (_, i) => (i < first ? "l" : i < second ? "c" : "d")).join(
    "",
  );
}

test("gives what the general query gives, for random labels on random axes", async () => {
  const uniform = uniformStream(11);
  for (let round = 0; round < 30; round++) {
    const cells: FixtureCell[] = [];
    for (const group of ["b", "a", "c"].slice(0, 1 + (round % 3))) {
      const points = 1 + Math.floor(uniform() * 40);
      let eta = 0.01 + uniform();
      const axis = Array.from({ length: points }, () => (eta *= 1.001 + uniform() ** 4));
      const seeds = 1 + Math.floor(uniform() * 9);
      for (let seed = 0; seed < seeds; seed++) {
        cells.push(...seedCells(group, 1000 - seed, axis, labels(points, uniform)));
      }
    }
    const path = await written(cells);
    const general = (
      await connection.runAndReadAll(boundaryQuery(allRuns(path)))
    ).getRowObjectsJS();
    const shared = await querySharedAxis(connection, allRuns(path));
    expect(shared.every(({ on_axis }) => on_axis === true)).toBe(true);
    expect(shared).toHaveLength(general.length);
    for (const [index, row] of general.entries()) {
      const { eta0_log_area, eta1_log_area, ...exact } = row;
      expect(shared[index]).toMatchObject(exact);
      closeOrNull(shared[index]!.eta0_log_area, eta0_log_area);
      closeOrNull(shared[index]!.eta1_log_area, eta1_log_area);
    }
  }
});

test.each<[string, FixtureCell[]]>([
  [
    "learning rates of its own",
    [...seedCells("g", 1, [1, 2, 4], "lcd"), ...seedCells("g", 2, [1, 3, 4], "lcd")],
  ],
  [
    "a learning rate left out",
    [...seedCells("g", 1, [1, 2, 4], "lcd"), ...seedCells("g", 2, [1, 4], "ld")],
  ],
  [
    "a learning rate that the first seed has not",
    [...seedCells("g", 1, [1, 4], "ld"), ...seedCells("g", 2, [1, 2, 4], "lcd")],
  ],
  [
    "one twice in place of another",
    [...seedCells("g", 1, [1, 2, 4], "lcd"), ...seedCells("g", 2, [1, 1, 4], "lcd")],
  ],
  ["all of them twice", [...seedCells("g", 1, [1, 2, 1, 2], "lclc")]],
])("notices a seed with %s", async (_, cells) => {
  const rows = await querySharedAxis(connection, allRuns(await written(cells)));
  expect(rows.some(({ on_axis }) => on_axis === false)).toBe(true);
});

test("groups may have axes of their own, equal ones or others", async () => {
  const cells = [
    ...seedCells("a", 1, [1, 2, 4], "lcd"),
    ...seedCells("b", 1, [1, 2, 8], "lcd"),
    ...seedCells("c", 1, [1, 2, 4], "lld"),
    ...seedCells("d", 1, [1, 4], "ld"),
  ];
  const path = await written(cells);
  const shared = await querySharedAxis(connection, allRuns(path));
  const general = await connection.runAndReadAll(boundaryQuery(allRuns(path)));
  expect(shared.map(({ on_axis }) => on_axis)).toEqual([true, true, true, true]);
  for (const [index, { eta0_log_area, eta1_log_area, ...exact }] of general
    .getRowObjectsJS()
    .entries()) {
    expect(shared[index]).toMatchObject(exact);
    closeOrNull(shared[index]!.eta0_log_area, eta0_log_area);
    closeOrNull(shared[index]!.eta1_log_area, eta1_log_area);
  }
});

function closeOrNull(actual: unknown, expected: unknown): void {
  if (expected === null) expect(actual).toBeNull();
  else expect(actual).toBeCloseTo(expected as number, 12);
}
