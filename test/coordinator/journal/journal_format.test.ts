import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "libsql";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Commit } from "../../../coordinator/journal/journal.ts";
import { JOURNAL_FORMAT } from "../../../coordinator/journal/journal_format.ts";
import { JOURNAL_FILE, SqliteJournal } from "../../../coordinator/journal/sqlite_journal.ts";
import { FailureError } from "../../../shared/errors.ts";
import { collectGarbage } from "../../collect_garbage.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "journal-format-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Two files of release 0.1.0, whose commits say nothing of a version. */
async function journalOfFormat4(): Promise<void> {
  await commitWithoutVersion();
  await collectGarbage();
  await inDatabase("UPDATE meta SET value = 4 WHERE key = 'format'");
}

async function commitWithoutVersion(): Promise<void> {
  const journal = new SqliteJournal(folder);
  const commits = [1, 2, 3].map((part) => {
    const range = { first: 10 * part, end: 10 * part + 10 };
    const file = `a-1.${Math.ceil(part / 2)}.parquet`;
    const times = { started_ms: 1764117264123.25, compute_ms: 0.1 + 0.2 };
    const what = { sweep: "a", file, offset: 0, range, accepted: [range], phases: [4, 6, 0, 0] };
    return { ...what, ...times, worker: "w'1" } as unknown as Commit;
  });
  await journal.commit(commits);
  journal.close();
}

async function inDatabase(sql: string): Promise<unknown[]> {
  const rows = query(sql);
  await collectGarbage();
  return rows;
}

function query(sql: string): unknown[] {
  const database = new Database(join(folder, JOURNAL_FILE));
  const statement = database.prepare(sql);
  const isRead = sql.startsWith("SELECT");
  const rows = isRead ? (statement.raw().all() as unknown[][]) : [];
  if (!isRead) statement.run();
  database.close();
  return rows.flat();
}

/** The error with which the journal is not opened. */
function refusal(): FailureError {
  try {
    new SqliteJournal(folder).close();
  } catch (error) {
    return error as FailureError;
  }
  throw new Error("it was opened");
}

test("a journal of the first release is brought forward, and says who committed", async () => {
  await journalOfFormat4();
  const journal = new SqliteJournal(folder);
  const commits = await journal.commits("a");
  expect(commits.map(({ version }) => version)).toEqual(["0.1.0", "0.1.0", "0.1.0"]);
  // All else is as it was, to the last bit.
  expect(commits[2]).toMatchObject({ worker: "w'1", compute_ms: 0.1 + 0.2, phases: [4, 6, 0, 0] });
  expect(commits[2]!.started_ms).toBe(1764117264123.25);
  expect((await journal.progress("a")).done).toEqual([{ first: 10, end: 40 }]);
  journal.close();
  await collectGarbage();
  expect(await inDatabase("SELECT value FROM meta WHERE key = 'format'")).toEqual([JOURNAL_FORMAT]);
});

test("a journal that cannot be brought forward as a whole stays as it was", async () => {
  await journalOfFormat4();
  await inDatabase("UPDATE part_files SET commits_json = '[{' WHERE id = 2");
  const all = "SELECT group_concat(commits_json), (SELECT group_concat(value) FROM meta)";
  const before = await inDatabase(`${all} FROM part_files`);
  expect(refusal().message).toContain("the journal cannot be opened");
  await collectGarbage();
  expect(await inDatabase(`${all} FROM part_files`)).toEqual(before);
});

test("a journal of a later format is refused, and nothing is written", async () => {
  await journalOfFormat4();
  await inDatabase(`UPDATE meta SET value = ${JOURNAL_FORMAT + 1} WHERE key = 'format'`);
  const before = await inDatabase("SELECT value FROM meta ORDER BY key");
  const error = refusal();
  expect(error).toBeInstanceOf(FailureError);
  expect(error.message).toContain(`a later phasesweep wrote the journal, in format 6`);
  expect(error.message).toContain("start the version that wrote it");
  await collectGarbage();
  expect(await inDatabase("SELECT value FROM meta ORDER BY key")).toEqual(before);
});

test("a journal from before the first release is refused", async () => {
  await journalOfFormat4();
  await inDatabase("UPDATE meta SET value = 3 WHERE key = 'format'");
  expect(refusal().message).toContain("from before the first release");
});
