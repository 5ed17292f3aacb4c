import { join } from "node:path";
import Database from "libsql";
import { FailureError, messageOf } from "../shared/errors.ts";
import type { Range } from "../shared/ranges.ts";
import type { Commit, Journal, JournaledSweep, MergedSweep } from "./journal.ts";

/** The name of the journal in a results folder. */
export const JOURNAL_FILE = "journal.sqlite";

/** Raised when the tables change; an older or newer journal is refused, never guessed at. */
const JOURNAL_FORMAT = 3;

/** The journal of one machine: SQLite, WAL, synchronous = FULL. */
export class SqliteJournal implements Journal {
  readonly epoch: number;
  private readonly database: Database.Database;

  /** Opens or creates the journal of a folder. @throws FailureError if another process holds it. */
  constructor(folder: string) {
    const path = join(folder, JOURNAL_FILE);
    this.database = new Database(path);
    try {
      // Exclusive: the kernel drops the lock with the process, so a killed one blocks nobody.
      this.database.exec("PRAGMA locking_mode = EXCLUSIVE");
      this.database.exec("PRAGMA journal_mode = WAL");
      this.database.exec("PRAGMA synchronous = FULL");
      this.database.exec("BEGIN IMMEDIATE");
    } catch (error) {
      this.database.close();
      throw new FailureError({
        place: path,
        problem: `the journal cannot be opened: ${messageOf(error)}`,
        fix: "another phasesweep may be using this folder: wait for it, or give another --results",
      });
    }
    this.database.exec(`
      CREATE TABLE IF NOT EXISTS meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL);
      CREATE TABLE IF NOT EXISTS sweeps (
        sweep TEXT PRIMARY KEY, plan_json TEXT NOT NULL, plan_digest TEXT NOT NULL,
        submitted_ms REAL NOT NULL, merged_json TEXT);
      CREATE TABLE IF NOT EXISTS commit_groups (
        id INTEGER PRIMARY KEY, sweep TEXT NOT NULL, first_cell INTEGER NOT NULL,
        end_cell INTEGER NOT NULL, commits_json TEXT NOT NULL);
      CREATE INDEX IF NOT EXISTS commit_groups_by_cell
        ON commit_groups (sweep, first_cell, end_cell);
    `);
    const format = this.meta("format") ?? JOURNAL_FORMAT;
    this.epoch = (this.meta("epoch") ?? 0) + 1;
    this.setMeta("format", format);
    this.setMeta("epoch", this.epoch);
    this.database.exec("COMMIT");
    if (format !== JOURNAL_FORMAT) {
      this.database.close();
      throw new FailureError({
        place: path,
        problem: `the journal has format ${format}; this phasesweep reads ${JOURNAL_FORMAT}`,
        fix: "use the phasesweep version that wrote it, or give another --results",
      });
    }
  }

  sweeps(): JournaledSweep[] {
    const rows = this.database
      .prepare("SELECT sweep, plan_json, plan_digest, merged_json FROM sweeps ORDER BY rowid")
      .all() as (Omit<JournaledSweep, "merged"> & { merged_json: string | null })[];
    return rows.map(({ merged_json, ...row }) => ({
      ...row,
      merged: merged_json === null ? null : (JSON.parse(merged_json) as MergedSweep),
    }));
  }

  addSweep(sweep: string, plan_json: string, plan_digest: string, submitted_ms: number): void {
    this.database
      .prepare("INSERT INTO sweeps (sweep, plan_json, plan_digest, submitted_ms) VALUES (?,?,?,?)")
      .run(sweep, plan_json, plan_digest, submitted_ms);
  }

  commit(commits: readonly Commit[]): void {
    // One row for all parts of a sweep that come together: a row costs more than a part's record.
    const groups = new Map<string, Commit[]>();
    for (const commit of commits) {
      const group = groups.get(commit.sweep);
      if (group === undefined) groups.set(commit.sweep, [commit]);
      else group.push(commit);
    }
    const insert = this.database.prepare(
      "INSERT INTO commit_groups (sweep, first_cell, end_cell, commits_json) VALUES (?,?,?,?)",
    );
    this.database.transaction(() => {
      for (const [sweep, group] of groups) {
        const first = group.reduce((least, { range }) => Math.min(least, range.first), Infinity);
        const end = group.reduce((most, { range }) => Math.max(most, range.end), 0);
        insert.run(sweep, first, end, JSON.stringify(group));
      }
    })();
  }

  commits(sweep: string): Commit[] {
    const rows = this.database
      .prepare("SELECT commits_json FROM commit_groups WHERE sweep = ? ORDER BY id")
      .all(sweep) as GroupRow[];
    return commitsIn(rows).sort((a, b) => a.range.first - b.range.first);
  }

  commitsOfRange(sweep: string, range: Range): Commit[] {
    const rows = this.database
      .prepare(
        `SELECT commits_json FROM commit_groups
         WHERE sweep = ? AND first_cell <= ? AND end_cell >= ? ORDER BY id`,
      )
      .all(sweep, range.first, range.end) as GroupRow[];
    return commitsIn(rows).filter(
      (commit) => commit.range.first === range.first && commit.range.end === range.end,
    );
  }

  setMerged(sweep: string, merged: MergedSweep): void {
    this.replaceCommits(sweep, JSON.stringify(merged));
  }

  reopen(sweep: string): void {
    this.replaceCommits(sweep, null);
  }

  private replaceCommits(sweep: string, merged_json: string | null): void {
    this.database.transaction(() => {
      this.database
        .prepare("UPDATE sweeps SET merged_json = ? WHERE sweep = ?")
        .run(merged_json, sweep);
      this.database.prepare("DELETE FROM commit_groups WHERE sweep = ?").run(sweep);
    })();
  }

  close(): void {
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

interface GroupRow {
  readonly commits_json: string;
}

function commitsIn(rows: readonly GroupRow[]): Commit[] {
  return rows.flatMap(({ commits_json }) => JSON.parse(commits_json) as Commit[]);
}
