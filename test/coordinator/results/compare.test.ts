import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Commit } from "../../../coordinator/journal.ts";
import { countDifferences } from "../../../coordinator/results/compare.ts";
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

test.each([
  { what: "equal cells, cut otherwise", range: { first: 5, end: 27 }, wrong: [], differ: 0 },
  { what: "two cells that differ", range: { first: 12, end: 40 }, wrong: [13, 28], differ: 2 },
  { what: "cells that others hold", range: { first: 0, end: 40 }, wrong: [9, 30], differ: 0 },
  { what: "the file's own idle rows", range: { first: 15, end: 20 }, wrong: [], differ: 0 },
])("a duplicate is held against what a commit brought in: $what", async (given) => {
  const bytes = await partOf(given.range, given.wrong);
  const duplicate = { id: "1-1", range: given.range, bytes, sha256: sha256Hex(bytes) };
  expect(await countDifferences(duplicate, committed, folder)).toBe(given.differ);
  expect(readdirSync(folder)).toEqual([committed.file]);
});
