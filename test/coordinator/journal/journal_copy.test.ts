import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Commit } from "../../../coordinator/journal/journal.ts";
import { replaceJournal } from "../../../coordinator/journal/journal_copy.ts";
import { JOURNAL_FILE, SqliteJournal } from "../../../coordinator/journal/sqlite_journal.ts";
import { collectGarbage } from "../../collect_garbage.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "journal-copy-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function commitOf(part: number): Commit {
  const range = { first: 10 * part, end: 10 * part + 10 };
  const place = { file: `${part}.parquet`, offset: 0, range, accepted: [range] };
  return { sweep: "a", ...place, phases: [4, 6, 0, 0] } as unknown as Commit;
}

const partsOf = async (journal: SqliteJournal) =>
  (await journal.commits("a")).map(({ range }) => range.first / 10);

test("a journal that another process has open is taken over, and what that one writes later is not in it", async () => {
  const stopped = new SqliteJournal(folder);
  await stopped.commit([commitOf(0), commitOf(1)]);
  await stopped.commit([commitOf(2)]);
  expect(() => new SqliteJournal(folder)).toThrow(/another phasesweep is using/);

  await replaceJournal(folder);
  const next = new SqliteJournal(folder);
  expect(next.epoch).toBe(stopped.epoch + 1);
  expect(await partsOf(next)).toEqual([0, 1, 2]);
  await stopped.commit([commitOf(7)]);
  await next.commit([commitOf(3)]);
  await stopped.commit([commitOf(8)]);
  expect(await partsOf(next)).toEqual([0, 1, 2, 3]);
  await next.close();
  await stopped.close();
  await collectGarbage();
  const last = new SqliteJournal(folder);
  expect(await partsOf(last)).toEqual([0, 1, 2, 3]);
  await last.close();
  await collectGarbage();
  expect(readdirSync(folder)).toEqual([JOURNAL_FILE]);
});

test("a folder without a journal is left as it is", async () => {
  await replaceJournal(folder);
  expect(readdirSync(folder)).toEqual([]);
});

test("a damaged journal is not put in place of anything", async () => {
  writeFileSync(join(folder, JOURNAL_FILE), "x".repeat(8192));
  await expect(replaceJournal(folder)).rejects.toThrow(/cannot be taken over/);
  expect(readdirSync(folder)).toEqual([JOURNAL_FILE]);
});
