import type pg from "pg";
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

interface FileRow {
  readonly commits_json: string;
}

/** The commits in a PostgreSQL journal, as sqlite_commits.ts; all within the caller's transaction. */
export class PostgresCommits {
  private readonly client: pg.Client;
  private readonly summaries = new Map<string, Summary>();

  constructor(client: pg.Client) {
    this.client = client;
  }

  async insert(commits: readonly Commit[]): Promise<void> {
    const rows = commitRows(commits);
    if (rows.length === 0) return;
    const sweeps = new Set(rows.map(({ sweep }) => sweep));
    for (const sweep of sweeps) await this.summary(sweep);
    // One statement however many rows there are; ids ascend with them.
    const inserted = await this.client.query<{ id: number }>(
      `INSERT INTO part_files (file, sweep, first_cell, end_cell, commits_json)
       SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::text[])
       RETURNING id::float8`,
      [
        rows.map(({ file }) => file),
        rows.map(({ sweep }) => sweep),
        rows.map(({ first_cell }) => first_cell),
        rows.map(({ end_cell }) => end_cell),
        rows.map(({ commits_json }) => commits_json),
      ],
    );
    for (const [i, { sweep, commits: of }] of rows.entries()) {
      const summary = this.summaries.get(sweep)!;
      for (const commit of of) addCommitted(summary.progress, commit);
      summary.last_id = Math.max(summary.last_id, inserted.rows[i]!.id);
      summary.rowsSince++;
    }
    for (const sweep of sweeps) await this.takeSnapshot(sweep);
  }

  private async takeSnapshot(sweep: string): Promise<void> {
    const summary = this.summaries.get(sweep)!;
    if (!isSnapshotDue(summary)) return;
    const { progress, last_id } = summary;
    await this.client.query(
      `INSERT INTO snapshots VALUES ($1, $2, $3) ON CONFLICT (sweep)
       DO UPDATE SET last_id = excluded.last_id, progress_json = excluded.progress_json`,
      [sweep, last_id, JSON.stringify(progress)],
    );
    this.summaries.set(sweep, { progress, last_id, rowsSince: 0 });
  }

  async progress(sweep: string): Promise<SweepProgress> {
    return structuredClone((await this.summary(sweep)).progress);
  }

  /** From the last snapshot and what came after it, the first time. */
  private async summary(sweep: string): Promise<Summary> {
    const known = this.summaries.get(sweep);
    if (known !== undefined) return known;
    const snapshots = await this.client.query<{ last_id: number; progress_json: string }>(
      "SELECT last_id::float8, progress_json FROM snapshots WHERE sweep = $1",
      [sweep],
    );
    const [snapshot] = snapshots.rows;
    const last_id = snapshot?.last_id ?? 0;
    const progress =
      snapshot === undefined ? noProgress() : (JSON.parse(snapshot.progress_json) as SweepProgress);
    const { rows } = await this.client.query<FileRow & { id: number }>(
      `SELECT id::float8, commits_json FROM part_files WHERE sweep = $1 AND id > $2 ORDER BY id`,
      [sweep, last_id],
    );
    for (const commit of commitsIn(rows)) addCommitted(progress, commit);
    const summary = { progress, last_id: rows.at(-1)?.id ?? last_id, rowsSince: rows.length };
    this.summaries.set(sweep, summary);
    return summary;
  }

  async unnamed(files: readonly string[]): Promise<string[]> {
    const { rows } = await this.client.query<{ file: string }>(
      "SELECT file FROM part_files WHERE file = ANY($1::text[])",
      [files],
    );
    const named = new Set(rows.map(({ file }) => file));
    return files.filter((file) => !named.has(file));
  }

  async ofSweep(sweep: string): Promise<Commit[]> {
    const { rows } = await this.client.query<FileRow>(
      "SELECT commits_json FROM part_files WHERE sweep = $1 ORDER BY id",
      [sweep],
    );
    return byFirstCell(commitsIn(rows));
  }

  async after(sweep: string, after: number): Promise<CommitPage | undefined> {
    const { rows } = await this.client.query<FileRow & { id: number }>(
      `SELECT id::float8, commits_json FROM part_files WHERE sweep = $1 AND id > $2
       ORDER BY id LIMIT ${PAGE_FILES}`,
      [sweep, after],
    );
    return pageOf(rows);
  }

  async overlapping(sweep: string, { first, end }: Range): Promise<Commit[]> {
    const { rows } = await this.client.query<FileRow>(
      `SELECT commits_json FROM part_files
       WHERE sweep = $1 AND first_cell < $2 AND end_cell > $3 ORDER BY id`,
      [sweep, end, first],
    );
    return byFirstCell(
      commitsIn(rows).filter(({ range }) => range.first < end && range.end > first),
    );
  }

  async revoke(sweep: string, files: readonly string[]): Promise<void> {
    await this.client.query("DELETE FROM part_files WHERE file = ANY($1::text[])", [files]);
    // It has them.
    await this.client.query("DELETE FROM snapshots WHERE sweep = $1", [sweep]);
    this.summaries.delete(sweep);
  }

  async remove(sweep: string): Promise<void> {
    await this.client.query("DELETE FROM part_files WHERE sweep = $1", [sweep]);
    await this.client.query("DELETE FROM snapshots WHERE sweep = $1", [sweep]);
    this.summaries.delete(sweep);
  }

  /** A transaction was rolled back: what is known may be of it. */
  forget(): void {
    this.summaries.clear();
  }
}
