import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readSeedBoundaries } from "../../../../coordinator/analysis/boundaries/boundaries.ts";
import {
  CURVATURE_RANK_MAX,
  CURVATURE_SEEDS_MAX,
  readSeedStarts,
} from "../../../../coordinator/analysis/boundaries/seed_starts.ts";
import type { GroupStarts } from "../../../../coordinator/analysis/boundaries/start_engine.ts";
import { allRuns } from "../../../../coordinator/analysis/runs_source.ts";
import { buildPlan } from "../../../../shared/spec/build_plan.ts";
import { parseSweep } from "../../../../shared/spec/load.ts";
import { connect, type FixtureCell, seedCells, writeResults } from "../results_fixture.ts";

let connection: DuckDBConnection;
let folder: string;
beforeAll(async () => {
  connection = await connect();
  folder = mkdtempSync(join(tmpdir(), "starts-"));
});
afterAll(() => {
  connection.closeSync();
  rmSync(folder, { recursive: true });
});

/** Counts what it is asked for; a start's λ is 100 + its seed. */
function engineOf(changes: Partial<GroupStarts> = {}) {
  const asked = { measured: [] as number[], curvature: [] as number[] };
  const starts: GroupStarts = {
    hidden_layers: 1,
    draws: 100,
    rank: 1,
    measure(seed) {
      asked.measured.push(seed);
      return { ntk: 100 + seed, hessian: Number.NaN };
    },
    curvatureBoundary(seed) {
      asked.curvature.push(seed);
      return 1000 + seed;
    },
    ...changes,
  };
  return { asked, engine: { open: () => starts } };
}

async function startsOf(
  groups: number,
  seeds: number,
  engine: ReturnType<typeof engineOf>["engine"],
  changes: (cell: FixtureCell) => Partial<FixtureCell> = () => ({}),
) {
  const plan = buildPlan(
    parseSweep(
      JSON.stringify({
        name: "starts",
        dataset: "example3",
        loss: "logistic",
        model: { hidden_layers: 1, width: Array.from({ length: groups }, (_, i) => i + 2) },
        learning_rate: [1, 2],
        seeds,
        training: { steps: 100 },
      }),
      "sweep.yaml",
    ),
  );
  const cells = plan.groups.flatMap(({ shape_group }) =>
    Array.from({ length: seeds }, (_, seed) => seedCells(shape_group, seed, [1, 2], "ld")).flat(),
  );
  const path = join(folder, "results.parquet");
  await writeResults(
    connection,
    path,
    cells.map((cell) => ({ ...cell, ...changes(cell) })),
  );
  const found = await readSeedBoundaries(connection, allRuns(path));
  return readSeedStarts(connection, allRuns(path), plan, found, engine);
}

describe("where runs start", () => {
  test("measured values stand, of the first cell; only what is missing is computed", async () => {
    const { asked, engine } = engineOf();
    const [starts] = await startsOf(1, 3, engine, ({ seed, learning_rate }) =>
      seed === 1 || learning_rate === 2
        ? { loss_initial: 7 }
        : { loss_initial: 1, ntk_initial: 5 + seed, hessian_initial: 6 },
    );
    expect(starts).toEqual([
      { loss: 1, ntk: 5, hessian: 6, curvature_boundary: 1000 },
      { loss: 7, ntk: 101, hessian: null, curvature_boundary: 1001 },
      { loss: 1, ntk: 7, hessian: 6, curvature_boundary: 1002 },
    ]);
    expect(asked.measured).toEqual([1]);
  });

  test("the curvature is followed for the first seeds of a group", async () => {
    const { asked, engine } = engineOf();
    const [starts] = await startsOf(1, CURVATURE_SEEDS_MAX + 5, engine);
    expect(asked.curvature).toHaveLength(CURVATURE_SEEDS_MAX);
    expect(starts!.at(-1)!.curvature_boundary).toBeNull();
    expect(starts!.at(-1)!.ntk).toBe(100 + CURVATURE_SEEDS_MAX + 4);
  });

  test("many groups share what there is, each from its first seed on", async () => {
    const { asked, engine } = engineOf();
    const starts = await startsOf(100, 8, engine);
    const known = starts.map(
      (seeds) => seeds.filter(({ curvature_boundary }) => curvature_boundary !== null).length,
    );
    // 1024 units at rank² + 3 = 4 each.
    expect(asked.curvature).toHaveLength(256);
    expect(Math.min(...known)).toBeGreaterThan(1);
    expect(Math.max(...known)).toBeLessThan(4);
    for (const seeds of starts) expect(seeds[0]!.curvature_boundary).toBe(1000);
  });

  test("nothing is computed where it costs too much, or no engine holds the group", async () => {
    const high = engineOf({ rank: CURVATURE_RANK_MAX + 1, draws: 2 ** 30 });
    const [starts] = await startsOf(1, 2, high.engine);
    expect(high.asked).toEqual({ measured: [], curvature: [] });
    expect(starts![0]).toEqual({ loss: null, ntk: null, hessian: null, curvature_boundary: null });
    const [none] = await startsOf(1, 2, { open: () => null } as never);
    expect(none![1]).toEqual({ loss: null, ntk: null, hessian: null, curvature_boundary: null });
  });
});
