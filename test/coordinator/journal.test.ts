import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "libsql";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Commit } from "../../coordinator/journal.ts";
import { JOURNAL_FILE, SqliteJournal } from "../../coordinator/sqlite_journal.ts";
import { addCommitted, noProgress } from "../../coordinator/state/progress.ts";
import { uniformStream } from "../../shared/random.ts";
import { collectGarbage } from "../collect_garbage.ts";

let folder: string;
let journal: SqliteJournal;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "journal-"));
  journal = new SqliteJournal(folder);
});
afterEach(() => {
  journal.close();
  rmSync(folder, { recursive: true });
});

function commitOf(sweep: string, file: string, part: number): Commit {
  const range = { first: 10 * part, end: 10 * part + 10 };
  // Some parts are trimmed: another one brought their first cells.
  const accepted = part % 5 === 0 ? [{ first: range.first + 5, end: range.end }] : [range];
  return { sweep, file, offset: 0, range, accepted, phases: [4, 6, 0, 0] } as unknown as Commit;
}

async function reopen(): Promise<void> {
  journal.close();
  await collectGarbage();
  journal = new SqliteJournal(folder);
}

/** What all commits add up to, one by one. */
async function addedUp(sweep: string) {
  const progress = noProgress();
  for (const commit of await journal.commits(sweep)) addCommitted(progress, commit);
  return progress;
}

async function inDatabase(sql: string): Promise<unknown[]> {
  journal.close();
  await collectGarbage();
  const database = new Database(join(folder, JOURNAL_FILE));
  const rows = database.prepare(sql).raw().all() as unknown[][];
  database.close();
  await collectGarbage();
  journal = new SqliteJournal(folder);
  return rows.flat();
}

test("after any restart a sweep's progress is what its commits add up to", async () => {
  const random = uniformStream(7, 1);
  const parts = Array.from({ length: 3_000 }, (_, i) => i).sort(() => random() - 0.5);
  let files = 0;
  while (parts.length > 0) {
    const file = `a-1.${++files}.parquet`;
    const count = Math.ceil(4 * random());
    const group = parts.splice(0, count).map((part) => commitOf("a", file, part));
    await journal.commit([...group, commitOf("b", `b-1.${files}.parquet`, files)]);
    if (random() < 0.01) {
      await reopen();
    }
    if (random() < 0.01) expect(await journal.progress("a")).toEqual(await addedUp("a"));
  }
  await reopen();
  expect(await journal.progress("a")).toEqual(await addedUp("a"));
  expect(await journal.progress("b")).toEqual(await addedUp("b"));
  expect((await journal.progress("a")).shards_committed).toBe(3_000);
});

test("a start reads a bounded number of rows, however many there are", async () => {
  for (let part = 0; part < 5_000; part++)
    await journal.commit([commitOf("a", `a-1.${part}`, part)]);
  const [rows] = await inDatabase(
    "SELECT count(*) FROM part_files WHERE id > (SELECT last_id FROM snapshots)",
  );
  // Every fifth part lacks five cells, so there are as many ranges as that.
  expect(rows).toBeLessThanOrEqual(1_000);
  expect(await journal.progress("a")).toEqual(await addedUp("a"));
});

test("commits that were rolled back count nowhere", async () => {
  await journal.commit([commitOf("a", "a-1.1.parquet", 1)]);
  const before = await journal.progress("a");
  // The second file is there already, which rolls back the first.
  const twice = [commitOf("a", "a-1.2.parquet", 2), commitOf("a", "a-1.1.parquet", 1)];
  await expect(journal.commit(twice)).rejects.toThrow(/unique/i);
  expect(await journal.progress("a")).toEqual(before);
  await journal.commit([commitOf("a", "a-1.3.parquet", 3)]);
  expect(await journal.progress("a")).toEqual(await addedUp("a"));
});

test("a sweep that is merged, or makes way for another, leaves nothing behind", async () => {
  const added = { work_json: null, plan_digest: "", submitted_ms: 0, priority: 0 };
  await journal.addSweep({ ...added, sweep: "a", plan_json: "", commits: [], in_place_of: null });
  const commits = Array.from({ length: 300 }, (_, i) => commitOf("a", `a-1.${i}`, i));
  await journal.commit(commits);
  const merged = { sha256: "", phases: [], shards_committed: 300, failures: [] };
  await journal.setMerged("a", merged);
  expect(await journal.progress("a")).toEqual(noProgress());
  await journal.commit(commits);
  await journal.addSweep({ ...added, sweep: "b", plan_json: "", commits: [], in_place_of: "a" });
  const left = "SELECT (SELECT count(*) FROM part_files), (SELECT count(*) FROM snapshots)";
  expect(await inDatabase(left)).toEqual([0, 0]);
});

test("files that no commit names are told from those that have one", async () => {
  await journal.commit([commitOf("a", "a-1.1.parquet", 1), commitOf("a", "a-1.1.parquet", 2)]);
  expect(await journal.unnamed(["a-1.1.parquet", "a-1.2.parquet"])).toEqual(["a-1.2.parquet"]);
});
