import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { accuracyText } from "../../../cli/text/accuracy_text.ts";
import { type AccuracyGroup, readAccuracy } from "../../../coordinator/analysis/accuracy.ts";
import { allRuns } from "../../../coordinator/analysis/runs_source.ts";
import { trainingLabel } from "../../../coordinator/analysis/training_label.ts";
import type { Plan } from "../../../shared/plan.ts";
import { buildPlan } from "../../../shared/spec/build_plan.ts";
import { parseSweep } from "../../../shared/spec/load.ts";
import { connect, type FixtureCell, seedCells, writeResults } from "./results_fixture.ts";
import { boundaryRow } from "./rows_fixture.ts";

const folder = mkdtempSync(join(tmpdir(), "accuracy-"));
afterAll(() => rmSync(folder, { recursive: true }));

const SAMPLES = 100;
const test_set = {
  X: Array.from({ length: SAMPLES }, (_, i) => [i]),
  y: Array.from({ length: SAMPLES }, (_, i) => (i % 2 === 0 ? 1 : -1)),
};
const plan = buildPlan(
  parseSweep(
    JSON.stringify({
      name: "accuracy",
      dataset: { name: "tested", X: [[1], [2]], y: [1, -1], test: test_set },
      loss: "logistic",
      model: { hidden_layers: 1, width: 10 },
      learning_rate: [1, 2, 4, 8, 16],
      seeds: 3,
      grids: [
        { training: { steps: 100 } },
        { training: { steps: { physical_time: 50 } } },
        { dataset: "example3" },
      ],
    }),
    "sweep.yaml",
  ),
);
const [group, timed, untested] = plan.groups.map(({ shape_group }) => shape_group) as [
  string,
  string,
  string,
];

/** Cells of one seed: phases as letters, and test samples classified right along η = 1, 2, 4, … */
function runs(of: string, seed: number, phases: string, correct: readonly number[]): FixtureCell[] {
  const etas = correct.map((_, index) => 2 ** index);
  return seedCells(of, seed, etas, phases).map((cell, index) => ({
    ...cell,
    test_accuracy: correct[index]! / SAMPLES,
  }));
}

let files = 0;
async function accuracyOf(
  cells: readonly FixtureCell[],
  of: Plan = plan,
): Promise<AccuracyGroup[]> {
  const connection = await connect();
  const path = join(folder, `results-${files++}.parquet`);
  await writeResults(connection, path, cells);
  const found = await readAccuracy(connection, allRuns(path), of);
  connection.closeSync();
  return found;
}

const CELLS = [
  ...runs(group, 0, "llccd", [80, 82, 84, 90, 50]),
  ...runs(group, 1, "llccd", [82, 80, 86, 82, 50]),
  ...runs(group, 2, "llcdd", [81, 81, 85, 99, 50]),
  ...runs(untested, 0, "llccd", [1, 1, 1, 1, 1]),
];

describe("readAccuracy", () => {
  test("means and errors leave out the seeds that diverged, whose share is given", async () => {
    const [found, ...others] = await accuracyOf(CELLS);
    expect(others).toEqual([]);
    expect(found).toMatchObject({ shape_group: group, training: "T = 100", test_samples: SAMPLES });
    expect(found!.points.map(({ learning_rate }) => learning_rate)).toEqual([1, 2, 4, 8, 16]);
    const [one, , , eight, sixteen] = found!.points;
    expect(one!.accuracy!.mean).toBeCloseTo(0.81, 14);
    expect(one!.accuracy!.standard_error).toBeCloseTo(0.01 / Math.sqrt(3), 14);
    expect(eight!.shares).toEqual({ lazy: 0, catapult: 2 / 3, divergent: 1 / 3, unsettled: 0 });
    expect(eight!.accuracy!.mean).toBeCloseTo(0.86, 14);
    // 90 and 82: deviation 8/√2, over √2.
    expect(eight!.accuracy!.standard_error).toBeCloseTo(0.04, 14);
    expect(sixteen!.accuracy).toBeNull();
  });

  test("the best of a phase is sought where most seeds are in it, the lowest of equals", async () => {
    const [found] = await accuracyOf(CELLS);
    expect(found!.best_lazy!.learning_rate).toBe(1);
    expect(found!.best_catapult!.learning_rate).toBe(8);
    const [lazy] = await accuracyOf(runs(group, 0, "llldd", [80, 90, 70, 0, 0]));
    expect(lazy!.best_lazy).toMatchObject({
      learning_rate: 2,
      accuracy: { mean: 0.9, standard_error: null },
    });
    expect(lazy!.best_catapult).toBeNull();
    expect(lazy!.held_out).toBeNull();
  });

  test("compares each seed at the rates that the others choose", async () => {
    const [found] = await accuracyOf(CELLS);
    // Lazy: seed 0 gets η = 1 of the others' means 81.5 and 80.5, seed 1 gets 2, seed 2 gets 1 of
    // equals. Catapult: without seed 0 or 1 half of the others diverged at 8, so they get 4; the
    // others of seed 2 choose 8, where it diverged.
    const held = found!.held_out!;
    expect(held).toMatchObject({
      seeds: 2,
      seeds_left_out: 1,
      lazy_range: [1, 2],
      catapult_range: [4, 4],
    });
    expect(held.lazy.mean).toBeCloseTo(0.8, 14);
    expect(held.lazy.standard_error).toBeCloseTo(0, 14);
    expect(held.catapult.mean).toBeCloseTo(0.85, 14);
    // Differences 4 and 6 samples.
    expect(held.difference.mean).toBeCloseTo(0.05, 14);
    expect(held.difference.standard_error).toBeCloseTo(0.01, 14);
  });

  test("groups that differ in their schedule alone say so, in the order of the plan", async () => {
    const cells = [...runs(timed, 0, "l", [90]), ...runs(group, 0, "l", [80])];
    const [first, second] = await accuracyOf(cells);
    expect([first!.training, second!.training]).toEqual(["T = 100", "ηT = 50"]);
    expect(first!.same_but_training).toBe(second!.same_but_training);
  });

  test("is empty without test samples", async () => {
    const groups = plan.groups.filter(({ shape_group }) => shape_group === untested);
    expect(await accuracyOf(CELLS, { ...plan, groups })).toEqual([]);
  });
});

test("the table names the best of both phases and the difference with its sign", async () => {
  const rows = [boundaryRow({ shape_group: group, dataset: "tested" })];
  const text = accuracyText(await accuracyOf(CELLS), rows);
  expect(text).toContain("81.00 ± 0.58 % at 1");
  expect(text).toContain("86.00 ± 4.00 % at 8");
  expect(text).toContain("+5.00 ± 1.00 % (2 seeds, 1 diverged)");
  expect(accuracyText([], rows)).toBe("");
});

test("schedules in words", () => {
  const time = (extra_steps: number) => ({ physical_time: 50, extra_steps });
  const at = "physical_time" as const;
  expect(trainingLabel({ steps: 500, drop: null })).toBe("T = 500");
  expect(trainingLabel({ steps: 500, drop: { at: 300, to: 0.01 } })).toBe(
    "T = 500, at 0.01 from step 300",
  );
  expect(trainingLabel({ steps: time(0), drop: null })).toBe("ηT = 50");
  expect(trainingLabel({ steps: time(9), drop: null })).toBe("ηT = 50, then 9 more steps");
  expect(trainingLabel({ steps: time(500), drop: { at, to: 0.01 } })).toBe(
    "ηT = 50, then 500 steps at 0.01",
  );
  expect(trainingLabel({ steps: time(500), drop: { at, factor: 0.1 } })).toBe(
    "ηT = 50, then 500 steps at 0.1 η",
  );
});
