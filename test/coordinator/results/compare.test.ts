import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Commit } from "../../../coordinator/journal/journal.ts";
import { countDifferences, type Duplicate } from "../../../coordinator/results/compare.ts";
import { placeParts } from "../../../coordinator/results/part_files.ts";
import { sha256Hex } from "../../../shared/canonical.ts";
import { FLOAT64_EXACT, float32Class } from "../../../shared/numeric_class.ts";
import { CATAPULT, DIVERGENT, LAZY } from "../../../shared/phases.ts";
import { cellCoordinates } from "../../../shared/plan.ts";
import type { Range } from "../../../shared/ranges.ts";
import { allocateResultColumns, type ResultColumnName } from "../../../shared/result_columns.ts";
import { buildPlan } from "../../../shared/spec/build_plan.ts";
import { parseSweep } from "../../../shared/spec/load.ts";
import { PartWriter } from "../../../worker/part_writer.ts";

const SWEEP = `{name: compared, dataset: example3, loss: logistic, seeds: 10,
  model: {hidden_layers: 1, width: 5}, learning_rate: {from: 1, to: 16, points: 33}}`;
const group = buildPlan(parseSweep(SWEEP, "test")).groups[0]!;
const folder = mkdtempSync(join(tmpdir(), "compare-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Cells 10..29 but for 15..19, of which the file has numbers that nobody counts on. */
const committed = {
  file: "committed.parquet",
  offset: null,
  range: { first: 10, end: 30 },
  accepted: [
    { first: 10, end: 15 },
    { first: 20, end: 30 },
  ],
} as unknown as Commit;

beforeAll(async () => {
  const bytes = await partOf(committed.range, [15, 16, 17, 18, 19]);
  Object.assign(committed, { sha256: sha256Hex(bytes) });
  writeFileSync(join(folder, committed.file), bytes);
});

/** A part whose losses are the numbers of its cells, NaN at every seventh, but for those in `wrong`. */
async function partOf({ first, end }: Range, wrong: readonly number[] = []): Promise<Buffer> {
  const writer = await PartWriter.open(end - first, group.shape);
  const { learning_rates } = cellCoordinates(group, first, end - first);
  const results = allocateResultColumns(end - first);
  for (let cell = first; cell < end; cell++) {
    const loss = cell % 7 === 0 ? Number.NaN : cell;
    results.loss_final[cell - first] = wrong.includes(cell) ? -1 : loss;
  }
  await writer.add(learning_rates, results);
  return writer.finish();
}

let arrivals = 0;
function arrived(range: Range, bytes: Buffer, numeric_class: string): Duplicate {
  return { id: `1-${++arrivals}`, range, bytes, sha256: sha256Hex(bytes), numeric_class };
}

async function duplicateOf(range: Range, wrong: readonly number[] = []): Promise<Duplicate> {
  const bytes = await partOf(range, wrong);
  return arrived(range, bytes, FLOAT64_EXACT);
}

test.each([
  { what: "equal cells, cut otherwise", range: { first: 5, end: 27 }, wrong: [], differ: 0 },
  { what: "two cells that differ", range: { first: 12, end: 40 }, wrong: [13, 28], differ: 2 },
  { what: "cells that others hold", range: { first: 0, end: 40 }, wrong: [9, 30], differ: 0 },
  { what: "the file's own idle rows", range: { first: 15, end: 20 }, wrong: [], differ: 0 },
])("a duplicate is held against what a commit brought in: $what", async (given) => {
  const duplicate = await duplicateOf(given.range, given.wrong);
  expect(await countDifferences(duplicate, committed, folder)).toBe(given.differ);
  expect(readdirSync(folder)).toEqual([committed.file]);
});

test("a duplicate is compared with its cells in a file that several parts share", async () => {
  const ranges = [0, 10, 20].map((first) => ({ first, end: first + 10 }));
  const parts = await Promise.all(
    ranges.map(async (range) => {
      const bytes = await partOf(range);
      const commit = {
        sweep: "compared",
        range,
        accepted: [range],
        bytes: bytes.length,
        sha256: sha256Hex(bytes),
      };
      return { commit: commit as unknown as Commit, bytes };
    }),
  );
  const [file, ...others] = placeParts(parts, () => "shared.parquet");
  expect(others).toEqual([]);
  writeFileSync(join(folder, file!.file), Buffer.concat(file!.chunks));
  expect(await countDifferences(await duplicateOf(ranges[1]!), file!.commits[1]!, folder)).toBe(0);
  const wrong = await duplicateOf(ranges[1]!, [12, 17]);
  expect(await countDifferences(wrong, file!.commits[1]!, folder)).toBe(2);
  // Cut otherwise: cells of the last two parts.
  const across: number[] = [];
  const cutOtherwise = await duplicateOf({ first: 15, end: 25 }, [16, 21, 22]);
  for (const commit of file!.commits.slice(1)) {
    across.push(await countDifferences(cutOtherwise, commit, folder));
  }
  expect(across).toEqual([1, 2]);
  rmSync(join(folder, "shared.parquet"));
  expect(readdirSync(folder)).toEqual([committed.file]);
});

describe("a duplicate in float32", () => {
  const folder32 = mkdtempSync(join(tmpdir(), "compare-"));
  afterAll(() => rmSync(folder32, { recursive: true }));
  const POINTS = 33;
  const range = { first: 0, end: 2 * POINTS };

  type Change = readonly [cell: number, column: ResultColumnName, by: (value: number) => number];

  /** Two seeds, each lazy up to point 12, a catapult up to 24, and divergent beyond. */
  async function partWith({ first, end }: Range, changes: readonly Change[]): Promise<Buffer> {
    const writer = await PartWriter.open(end - first, group.shape);
    const { learning_rates } = cellCoordinates(group, first, end - first);
    const results = allocateResultColumns(end - first);
    for (let row = 0; row < end - first; row++) {
      const cell = first + row;
      const point = cell % POINTS;
      results.phase[row] = point <= 12 ? LAZY : point <= 24 ? CATAPULT : DIVERGENT;
      results.loss_initial[row] = 0.7;
      results.loss_final[row] = point > 24 ? Number.POSITIVE_INFINITY : 0.3 / (1 + point);
      results.weight_norm[row] = 1 + point;
      results.increases[row] = point;
      for (const [changed, column, by] of changes) {
        if (changed === cell) results[column][row] = by(results[column][row]!);
      }
    }
    await writer.add(learning_rates, results);
    return writer.finish();
  }

  const changed = (value: number) => () => value;
  const times = (factor: number) => (value: number) => factor * value;

  test.each<{ what: string; changes: Change[]; differ: number; cut?: Range }>([
    { what: "nothing else", changes: [], differ: 0, cut: { first: 7, end: 50 } },
    {
      what: "last digits",
      changes: [...Array(2 * POINTS).keys()].map((i) => [i, "loss_final", times(1 + 2e-4)]),
      differ: 0,
    },
    { what: "counts of steps", changes: [[8, "increases", changed(1)]], differ: 0 },
    { what: "a lazy loss", changes: [[8, "loss_final", times(1.01)]], differ: 1 },
    { what: "a loss that is none", changes: [[8, "loss_final", changed(Number.NaN)]], differ: 1 },
    { what: "a catapult as its neighbours", changes: [[18, "loss_final", times(1.05)]], differ: 0 },
    { what: "a catapult unlike them", changes: [[18, "loss_final", times(2)]], differ: 1 },
    {
      what: "phases next to a change",
      changes: [
        [12, "phase", changed(CATAPULT)],
        [POINTS + 24, "phase", changed(DIVERGENT)],
        [POINTS + 26, "phase", changed(CATAPULT)],
      ],
      differ: 0,
    },
    {
      what: "phases elsewhere",
      changes: [
        [6, "phase", changed(CATAPULT)],
        [20, "phase", changed(DIVERGENT)],
        [POINTS + 29, "phase", changed(CATAPULT)],
      ],
      differ: 3,
    },
    // The neighbours of the first rates of a seed are not the last ones of the seed before.
    { what: "a seed's first phase", changes: [[POINTS, "phase", changed(CATAPULT)]], differ: 1 },
    { what: "the part's first phase", changes: [[0, "phase", changed(CATAPULT)]], differ: 0 },
    {
      what: "what a run began with",
      changes: [
        [12, "loss_initial", times(1.01)],
        [30, "loss_initial", times(1.01)],
      ],
      differ: 2,
    },
    {
      what: "cells of a cut of its own",
      changes: [[20, "weight_norm", times(3)]],
      differ: 1,
      cut: { first: 19, end: 40 },
    },
  ])("is held against what is committed to a tolerance: $what", async (given) => {
    const bytes = await partWith(range, []);
    const commit = {
      ...{ file: "committed.parquet", offset: null, range, accepted: [range] },
      sha256: sha256Hex(bytes),
    } as unknown as Commit;
    writeFileSync(join(folder32, commit.file), bytes);
    const cut = given.cut ?? range;
    const changedBytes = await partWith(cut, given.changes);
    const duplicate = arrived(cut, changedBytes, float32Class("webgpu"));
    expect(await countDifferences(duplicate, commit, folder32)).toBe(given.differ);
    const exact = { ...duplicate, numeric_class: FLOAT64_EXACT };
    expect(await countDifferences(exact, commit, folder32)).toBe(
      new Set(given.changes.map(([cell]) => cell)).size - infinite(given.changes),
    );
  });

  /** Changes that change nothing, as an infinite loss times anything. */
  const infinite = (changes: readonly Change[]) =>
    changes.filter(([cell, column]) => column === "loss_final" && cell % POINTS > 24).length;
});
