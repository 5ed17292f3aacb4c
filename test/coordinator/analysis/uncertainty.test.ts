import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { gridRuns } from "../../../coordinator/analysis/runs_source.ts";
import { readUncertaintyExponents } from "../../../coordinator/analysis/uncertainty.ts";
import { cellCoordinates, type PlannedGroup } from "../../../shared/plan.ts";
import { buildPlan } from "../../../shared/spec/build_plan.ts";
import { parseSweep } from "../../../shared/spec/load.ts";
import { connect, type FixtureCell, writeResults } from "./results_fixture.ts";
import { boundaryRow } from "./rows_fixture.ts";

const folder = mkdtempSync(join(tmpdir(), "uncertainty-"));
afterAll(() => rmSync(folder, { recursive: true }));

const plan = buildPlan(
  parseSweep(
    JSON.stringify({
      name: "dense",
      dataset: "example3",
      loss: "logistic",
      model: { hidden_layers: 1, width: 10 },
      learning_rate: { from: 1, to: 16, points: 1025 },
      seeds: 3,
      training: { steps: 100 },
      grids: [
        {},
        { loss: "squared", learning_rate: { from: 1, to: 16, points: 65 } },
        { loss: "exponential", learning_rate: [1, 2, 4] },
      ],
    }),
    "sweep.yaml",
  ),
);
const rows = plan.groups.map(({ shape_group }) => boundaryRow({ shape_group }));

/** Phases of a group's cells as a function of seed and place on the axis. */
function cellsOf(
  group: PlannedGroup,
  phase: (seed: number, place: number) => FixtureCell["phase"],
): FixtureCell[] {
  const { seeds, learning_rates } = cellCoordinates(group, group.first_cell, group.cells);
  const points = group.cells / 3;
  return Array.from(seeds, (seed, i) => ({
    shape_group: group.shape_group,
    seed,
    learning_rate: learning_rates[i]!,
    phase: phase(seed, i % points),
  }));
}

async function exponents(cells: readonly FixtureCell[]) {
  const connection = await connect();
  const path = join(folder, "results.parquet");
  await writeResults(connection, path, cells);
  const found = await readUncertaintyExponents(connection, gridRuns(path, plan), plan, rows);
  connection.closeSync();
  return found;
}

/** Lazy below 400, then catapult, divergent from 700 on, but for windows in seed 1. */
function phaseAt(seed: number, place: number): FixtureCell["phase"] {
  if (place < 400) return "lazy";
  const inWindow = seed === 1 && place > 750 && place < 850 && place % 2 === 0;
  return place < 700 || inWindow ? "catapult" : "divergent";
}

const [dense, coarse, list] = plan.groups as [PlannedGroup, PlannedGroup, PlannedGroup];
const others = [...cellsOf(coarse, () => "lazy"), ...cellsOf(list, () => "lazy")];

test("reads the verdicts of each seed, and says what is too coarse", async () => {
  const { measured, not_measured } = await exponents([...cellsOf(dense, phaseAt), ...others]);
  const [eta0, eta1] = measured;
  expect(measured).toHaveLength(2);
  expect(eta0).toMatchObject({ boundary: "eta0", shape_group: dense.shape_group, seeds: 3 });
  expect(eta0!.alpha).toBeCloseTo(1, 12);
  expect(eta0!.scales[0]!.epsilon).toBeCloseTo(Math.log(16) / 1024, 12);
  expect(eta0!.scales[0]!.share).toBeCloseTo(2 / 1025, 12);
  // Of 3 × 1025 cells: a step of two a seed; 49 points in windows, each with its two neighbours,
  // which the windows share.
  expect(eta1).toMatchObject({ boundary: "eta1", seeds: 3 });
  expect(eta1!.scales[0]!.share).toBeCloseTo((6 + 49 + 50) / (3 * 1025), 12);
  expect(eta1!.alpha).toBeLessThan(0.9);
  expect(not_measured).toEqual([
    { problem: expect.stringContaining("1024"), boundaries: 2 },
    { problem: expect.stringContaining("not an even log axis"), boundaries: 2 },
  ]);
});

test("leaves out a seed that lacks a cell", async () => {
  const phase = (_: number, place: number) => phaseAt(0, place);
  const cells = [...cellsOf(dense, phase), ...others];
  // The fixture numbers cells by their place in the list, so the last one of the group is replaced.
  cells[3 * 1025 - 1] = { ...cells[3 * 1025 - 1]!, shape_group: "none" };
  const { measured } = await exponents(cells);
  expect(measured.map(({ seeds }) => seeds)).toEqual([2, 2]);
});
