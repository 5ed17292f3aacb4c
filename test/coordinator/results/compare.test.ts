import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Commit } from "../../../coordinator/journal.ts";
import { countDifferences, type Duplicate } from "../../../coordinator/results/compare.ts";
import { placeParts } from "../../../coordinator/results/part_files.ts";
import { sha256Hex } from "../../../shared/canonical.ts";
import { cellCoordinates } from "../../../shared/plan.ts";
import type { Range } from "../../../shared/ranges.ts";
import { allocateResultColumns } from "../../../shared/result_columns.ts";
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
async function duplicateOf(range: Range, wrong: readonly number[] = []): Promise<Duplicate> {
  const bytes = await partOf(range, wrong);
  return { id: `1-${++arrivals}`, range, bytes, sha256: sha256Hex(bytes) };
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
