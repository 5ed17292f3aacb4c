import type Database from "libsql";
import type { Range } from "../../shared/ranges.ts";
import { addCommitted, noProgress, type SweepProgress } from "../state/progress.ts";
import {
  byFirstCell,
  commitRows,
  commitsIn,
  isSnapshotDue,
  PAGE_FILES,
  pageOf,
  type Summary,
} from "./commit_rows.ts";
import type { Commit, CommitPage } from "./journal.ts";

export const COMMIT_TABLES = `
  CREATE TABLE IF NOT EXISTS part_files (
    id INTEGER PRIMARY KEY AUTOINCREMENT, file TEXT NOT NULL UNIQUE, sweep TEXT NOT NULL,
    first_cell INTEGER NOT NULL, end_cell INTEGER NOT NULL, commits_json TEXT NOT NULL);
  CREATE INDEX IF NOT EXISTS part_files_by_cell ON part_files (sweep, first_cell, end_cell);
  CREATE INDEX IF NOT EXISTS part_files_by_age ON part_files (sweep, id);
  CREATE TABLE IF NOT EXISTS snapshots (
    sweep TEXT PRIMARY KEY, last_id INTEGER NOT NULL, progress_json TEXT NOT NULL);
`;

/** Commits say the release of their worker: what was committed before is of the first one. */
export const COMMITS_TO_FORMAT_5 = `
  UPDATE part_files SET commits_json = (
    SELECT json_group_array(json_set(value, '$.version', '0.1.0')) FROM json_each(commits_json));
`;

/**
 * The commits in a journal, one row for each file of parts. What they add up to is written down now
 * and then, so that a start reads that and the few rows that came after it.
 */
export class CommitTable {
  private readonly database: Database.Database;
  private readonly summaries = new Map<string, Summary>();

  constructor(database: Database.Database) {
    this.database = database;
  }

  /** Within the caller's transaction, as everything that writes here. */
  insert(commits: readonly Commit[]): void {
    const insert = this.database.prepare(
      `INSERT INTO part_files (file, sweep, first_cell, end_cell, commits_json)
       VALUES (?,?,?,?,?)`,
    );
    for (const { file, sweep, first_cell, end_cell, commits_json, commits: of } of commitRows(
      commits,
    )) {
      const summary = this.summary(sweep);
      const { lastInsertRowid } = insert.run(file, sweep, first_cell, end_cell, commits_json);
      for (const commit of of) addCommitted(summary.progress, commit);
      summary.last_id = Number(lastInsertRowid);
      summary.rowsSince++;
    }
    for (const sweep of new Set(commits.map((commit) => commit.sweep))) this.takeSnapshot(sweep);
  }

  private takeSnapshot(sweep: string): void {
    const summary = this.summary(sweep);
    if (!isSnapshotDue(summary)) return;
    const { progress, last_id } = summary;
    this.database
      .prepare("INSERT OR REPLACE INTO snapshots (sweep, last_id, progress_json) VALUES (?,?,?)")
      .run(sweep, last_id, JSON.stringify(progress));
    this.summaries.set(sweep, { progress, last_id, rowsSince: 0 });
  }

  progress(sweep: string): SweepProgress {
    return structuredClone(this.summary(sweep).progress);
  }

  /** From the last snapshot and what came after it, the first time. */
  private summary(sweep: string): Summary {
    const known = this.summaries.get(sweep);
    if (known !== undefined) return known;
    const snapshot = this.database
      .prepare("SELECT last_id, progress_json FROM snapshots WHERE sweep = ?")
      .get(sweep) as { last_id: number; progress_json: string } | undefined;
    const last_id = snapshot?.last_id ?? 0;
    const progress =
      snapshot === undefined ? noProgress() : (JSON.parse(snapshot.progress_json) as SweepProgress);
    const rows = this.database
      .prepare("SELECT id, commits_json FROM part_files WHERE sweep = ? AND id > ? ORDER BY id")
      .all(sweep, last_id) as (FileRow & { id: number })[];
    for (const commit of commitsIn(rows)) addCommitted(progress, commit);
    const summary = { progress, last_id: rows.at(-1)?.id ?? last_id, rowsSince: rows.length };
    this.summaries.set(sweep, summary);
    return summary;
  }

  unnamed(files: readonly string[]): string[] {
    const named = this.database.prepare("SELECT 1 FROM part_files WHERE file = ?");
    return files.filter((file) => named.get(file) === undefined);
  }

  /** By first cell. */
  ofSweep(sweep: string): Commit[] {
    const rows = this.database
      .prepare("SELECT commits_json FROM part_files WHERE sweep = ? ORDER BY id")
      .all(sweep) as FileRow[];
    return byFirstCell(commitsIn(rows));
  }

  after(sweep: string, after: number): CommitPage | undefined {
    const rows = this.database
      .prepare(
        `SELECT id, commits_json FROM part_files WHERE sweep = ? AND id > ?
         ORDER BY id LIMIT ${PAGE_FILES}`,
      )
      .all(sweep, after) as (FileRow & { id: number })[];
    return pageOf(rows);
  }

  overlapping(sweep: string, { first, end }: Range): Commit[] {
    const rows = this.database
      .prepare(
        `SELECT commits_json FROM part_files
         WHERE sweep = ? AND first_cell < ? AND end_cell > ? ORDER BY id`,
      )
      .all(sweep, end, first) as FileRow[];
    return byFirstCell(
      commitsIn(rows).filter(({ range }) => range.first < end && range.end > first),
    );
  }

  revoke(sweep: string, files: readonly string[]): void {
    const revoke = this.database.prepare("DELETE FROM part_files WHERE file = ?");
    for (const file of files) revoke.run(file);
    // It has them.
    this.database.prepare("DELETE FROM snapshots WHERE sweep = ?").run(sweep);
    this.summaries.delete(sweep);
  }

  remove(sweep: string): void {
    this.database.prepare("DELETE FROM part_files WHERE sweep = ?").run(sweep);
    this.database.prepare("DELETE FROM snapshots WHERE sweep = ?").run(sweep);
    this.summaries.delete(sweep);
  }

  /** A transaction was rolled back: what is known may be of it. */
  forget(): void {
    this.summaries.clear();
  }
}

interface FileRow {
  readonly commits_json: string;
}
