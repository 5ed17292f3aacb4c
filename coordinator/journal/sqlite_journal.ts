import { join } from "node:path";
import Database from "libsql";
import { FailureError, messageOf } from "../../shared/errors.ts";
import type { Range } from "../../shared/ranges.ts";
import type { SweepControl } from "../state/events.ts";
import type { SweepProgress } from "../state/progress.ts";
import type {
  AddedSweep,
  Commit,
  CommitPage,
  Journal,
  JournaledSweep,
  MergedSweep,
  Mismatch,
} from "./journal.ts";
import { formatProblem, JOURNAL_FORMAT } from "./journal_format.ts";
import { COMMIT_TABLES, COMMITS_TO_FORMAT_5, CommitTable } from "./sqlite_commits.ts";

/** The name of the journal in a results folder. */
export const JOURNAL_FILE = "journal.sqlite";

/** The journal of one machine: SQLite, WAL, synchronous = FULL. */
export class SqliteJournal implements Journal {
  readonly epoch: number;
  /** The lock on the file goes with the process only. */
  readonly lost = new Promise<string>(() => {});
  private readonly database: Database.Database;
  private readonly commitTable: CommitTable;

  /** Opens or creates the journal of a folder. @throws FailureError if another process holds it. */
  constructor(folder: string) {
    const path = join(folder, JOURNAL_FILE);
    let database: Database.Database | undefined;
    try {
      database = new Database(path);
      // Exclusive: the kernel drops the lock with the process, so a killed one blocks nobody.
      database.exec("PRAGMA locking_mode = EXCLUSIVE");
      database.exec("PRAGMA journal_mode = WAL");
      database.exec("PRAGMA synchronous = FULL");
      this.database = database;
      this.commitTable = new CommitTable(database);
      this.epoch = this.start(path);
    } catch (error) {
      database?.close();
      if (error instanceof FailureError) throw error;
      throw new FailureError({
        place: path,
        problem: `the journal cannot be opened: ${messageOf(error)}`,
        fix: openingFix((error as { code?: string }).code ?? ""),
      });
    }
  }

  /**
   * Makes the tables if there are none, brings those of an earlier format forward, and counts this
   * start. Nothing is changed where that fails. @throws FailureError on another format
   */
  private start(path: string): number {
    this.database.exec("BEGIN IMMEDIATE");
    this.database.exec(
      "CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL)",
    );
    const format = this.meta("format") ?? JOURNAL_FORMAT;
    const problem = formatProblem(format);
    if (problem !== undefined) throw new FailureError({ place: path, ...problem });
    this.database.exec(`
      CREATE TABLE IF NOT EXISTS sweeps (
        sweep TEXT PRIMARY KEY, plan_json TEXT NOT NULL, work_json TEXT,
        plan_digest TEXT NOT NULL, submitted_ms REAL NOT NULL,
        control TEXT NOT NULL DEFAULT 'running', priority INTEGER NOT NULL, merged_json TEXT);
      ${COMMIT_TABLES}
      CREATE TABLE IF NOT EXISTS mismatches (
        id INTEGER PRIMARY KEY, sweep TEXT NOT NULL, record_json TEXT NOT NULL);
    `);
    if (format < 5) this.database.exec(COMMITS_TO_FORMAT_5);
    const epoch = (this.meta("epoch") ?? 0) + 1;
    this.setMeta("format", JOURNAL_FORMAT);
    this.setMeta("epoch", epoch);
    this.database.exec("COMMIT");
    return epoch;
  }

  async sweeps(): Promise<JournaledSweep[]> {
    const rows = this.database
      .prepare(
        `SELECT sweep, plan_json, work_json, plan_digest, control, priority, merged_json
         FROM sweeps ORDER BY rowid`,
      )
      .all() as (Omit<JournaledSweep, "merged"> & { merged_json: string | null })[];
    return rows.map(({ merged_json, ...row }) => ({
      ...row,
      merged: merged_json === null ? null : (JSON.parse(merged_json) as MergedSweep),
    }));
  }

  async addSweep(added: AddedSweep): Promise<void> {
    const { sweep, plan_json, work_json, plan_digest, priority, submitted_ms } = added;
    const { commits, in_place_of } = added;
    this.transaction(() => {
      if (in_place_of !== null) {
        this.database.prepare("DELETE FROM sweeps WHERE sweep = ?").run(in_place_of);
        this.database.prepare("DELETE FROM mismatches WHERE sweep = ?").run(in_place_of);
        this.commitTable.remove(in_place_of);
      }
      this.database
        .prepare(
          `INSERT INTO sweeps (sweep, plan_json, work_json, plan_digest, priority, submitted_ms)
           VALUES (?,?,?,?,?,?)`,
        )
        .run(sweep, plan_json, work_json, plan_digest, priority, submitted_ms);
      this.commitTable.insert(commits);
    });
  }

  async extendSweep(
    sweep: string,
    plan_json: string,
    work_json: string | null,
    commits: readonly Commit[],
  ): Promise<void> {
    this.transaction(() => {
      this.database
        .prepare("UPDATE sweeps SET plan_json = ?, work_json = ? WHERE sweep = ?")
        .run(plan_json, work_json, sweep);
      this.commitTable.insert(commits);
    });
  }

  async setControl(sweep: string, control: SweepControl, priority: number): Promise<void> {
    this.database
      .prepare("UPDATE sweeps SET control = ?, priority = ? WHERE sweep = ?")
      .run(control, priority, sweep);
  }

  async commit(commits: readonly Commit[]): Promise<void> {
    this.transaction(() => this.commitTable.insert(commits));
  }

  async progress(sweep: string): Promise<SweepProgress> {
    return this.commitTable.progress(sweep);
  }

  async unnamed(files: readonly string[]): Promise<string[]> {
    return this.commitTable.unnamed(files);
  }

  async commits(sweep: string): Promise<Commit[]> {
    return this.commitTable.ofSweep(sweep);
  }

  async commitsAfter(sweep: string, after: number): Promise<CommitPage | undefined> {
    return this.commitTable.after(sweep, after);
  }

  async commitsOverlapping(sweep: string, range: Range): Promise<Commit[]> {
    return this.commitTable.overlapping(sweep, range);
  }

  async revoke(sweep: string, files: readonly string[]): Promise<void> {
    this.transaction(() => this.commitTable.revoke(sweep, files));
  }

  async addMismatch(mismatch: Mismatch): Promise<void> {
    this.database
      .prepare("INSERT INTO mismatches (sweep, record_json) VALUES (?,?)")
      .run(mismatch.sweep, JSON.stringify(mismatch));
  }

  async mismatches(sweep: string): Promise<Mismatch[]> {
    const rows = this.database
      .prepare("SELECT record_json FROM mismatches WHERE sweep = ? ORDER BY id")
      .all(sweep) as { record_json: string }[];
    return rows.map(({ record_json }) => JSON.parse(record_json) as Mismatch);
  }

  async setMerged(sweep: string, merged: MergedSweep): Promise<void> {
    this.transaction(() => {
      this.database
        .prepare("UPDATE sweeps SET merged_json = ? WHERE sweep = ?")
        .run(JSON.stringify(merged), sweep);
      this.commitTable.remove(sweep);
    });
  }

  /**
   * Runs `body` as a whole or not at all. libsql's own transaction() rolls back once more what SQLite
   * has rolled back by itself on a full disk, and throws that error in place of the true one.
   */
  private transaction(body: () => void): void {
    this.database.exec("BEGIN IMMEDIATE");
    try {
      body();
      this.database.exec("COMMIT");
    } catch (error) {
      // They may be of what was rolled back.
      this.commitTable.forget();
      if (this.database.inTransaction) this.database.exec("ROLLBACK");
      throw error;
    }
  }

  async confirm(): Promise<void> {}

  async close(): Promise<void> {
    this.database.close();
  }

  private meta(key: string): number | undefined {
    const row = this.database.prepare("SELECT value FROM meta WHERE key = ?").get(key);
    return (row as { value: number } | undefined)?.value;
  }

  private setMeta(key: string, value: number): void {
    this.database.prepare("INSERT OR REPLACE INTO meta (key, value) VALUES (?,?)").run(key, value);
  }
}

/** What to do about an error of SQLite when the journal is opened. */
function openingFix(code: string): string {
  if (code.startsWith("SQLITE_BUSY")) {
    return "another phasesweep is using this folder: wait for it, or give another --results";
  }
  if (code.startsWith("SQLITE_FULL")) return "make room on the disk, or give another --results";
  return "if the journal is damaged, restore it from a copy, or give another --results";
}
