import { copyFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import Database from "libsql";
import { FailureError, messageOf } from "../../shared/errors.ts";
import { syncPath } from "../results/durable_file.ts";
import { JOURNAL_FILE } from "./sqlite_journal.ts";

/**
 * Puts a copy in place of a folder's journal. Whoever still has the old one open, wherever its process
 * runs and whether or not locks are kept there, writes to a file without a name from then on. The
 * copy has everything that was committed: SQLite's log is copied behind the database, and replayed up to
 * the first frame that is not whole. @throws FailureError if it is damaged; the old one then stays
 */
export async function replaceJournal(folder: string): Promise<void> {
  const path = join(folder, JOURNAL_FILE);
  const copy = `${path}.copy`;
  const remains = [copy, `${copy}-wal`, `${copy}-shm`];
  try {
    for (const name of remains) await rm(name, { force: true });
    if (!(await exists(path))) return;
    await copyFile(path, copy);
    if (await exists(`${path}-wal`)) await copyFile(`${path}-wal`, `${copy}-wal`);
    settleLog(copy);
    await syncPath(copy);
    await rename(copy, path);
    // The log of the old one. Were it replayed once more, it would bring the pages that are there.
    await rm(`${path}-wal`, { force: true });
    await rm(`${path}-shm`, { force: true });
    await syncPath(folder);
  } catch (error) {
    throw new FailureError({
      place: path,
      problem: `the journal of another coordinator cannot be taken over: ${messageOf(error)}`,
      fix: "start it again once the other one is gone; if the journal is damaged, restore it from a copy",
    });
  } finally {
    for (const name of remains) await rm(name, { force: true }).catch(() => {});
  }
}

/**
 * Brings everything that is in the log into the database, and looks whether it is whole. Nothing is
 * prepared: libsql keeps a database open, and locked, until its statements are collected as garbage.
 */
function settleLog(path: string): void {
  const database = new Database(path);
  try {
    database.exec("PRAGMA locking_mode = EXCLUSIVE");
    database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
    database.exec("CREATE TEMP TABLE whole (result TEXT CHECK (result = 'ok'))");
    database.exec("INSERT INTO whole SELECT * FROM pragma_quick_check(1)");
  } finally {
    database.close();
  }
}

async function exists(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined;
}
