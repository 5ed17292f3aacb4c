import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
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

const folder = mkdtempSync(join(tmpdir(), "compare-"));
afterAll(() => rmSync(folder, { recursive: true }));

const SWEEP = `{name: compared, dataset: example3, loss: logistic, seeds: 10,
  model: {hidden_layers: 1, width: 5}, learning_rate: {from: 1, to: 16, points: 33}}`;
const group = buildPlan(parseSweep(SWEEP, "test")).groups[0]!;

/** A part of cells whose loss is their number, but for those in `wrong`. */
async function partOf({ first, end }: Range, wrong: readonly number[] = []): Promise<Buffer> {
  const writer = await PartWriter.open(end - first, group.shape);
  const { learning_rates } = cellCoordinates(group, first, end - first);
  const results = allocateResultColumns(end - first);
  for (let cell = first; cell < end; cell++) {
    results.loss_final[cell - first] = wrong.includes(cell) ? -cell : cell;
  }
  await writer.add(learning_rates, results);
  return writer.finish();
}

let arrivals = 0;
async function duplicateOf(range: Range, wrong: readonly number[] = []): Promise<Duplicate> {
  const bytes = await partOf(range, wrong);
  return { id: `1-${++arrivals}`, range, bytes, sha256: sha256Hex(bytes) };
}

test("a duplicate is compared with its cells in a file that several parts share", async () => {
  const ranges = [0, 10, 20].map((first) => ({ first, end: first + 10 }));
  const parts = await Promise.all(
    ranges.map(async (range) => {
      const bytes = await partOf(range);
      const commit = { sweep: "compared", range, bytes: bytes.length, sha256: sha256Hex(bytes) };
      return { commit: commit as Commit, bytes };
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
  expect(readdirSync(folder)).toEqual(["shared.parquet"]);
});

test("a duplicate is compared with a part that has a file of its own", async () => {
  const range = { first: 40, end: 60 };
  writeFileSync(join(folder, "own.parquet"), await partOf(range));
  const commit = { file: "own.parquet", offset: null, range, sha256: "" } as unknown as Commit;
  expect(await countDifferences(await duplicateOf(range), commit, folder)).toBe(0);
  const wrong = await duplicateOf({ first: 50, end: 70 }, [55]);
  expect(await countDifferences(wrong, commit, folder)).toBe(1);
});
