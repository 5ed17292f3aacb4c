import type { SweepProgress } from "../state/progress.ts";
import type { Commit, CommitPage } from "./journal.ts";

/** A row of the journal's table of commits: all parts of a file, as a row costs more than a part. */
export interface CommitRow {
  readonly file: string;
  readonly sweep: string;
  readonly first_cell: number;
  readonly end_cell: number;
  readonly commits_json: string;
  readonly commits: readonly Commit[];
}

/** One row for each file. */
export function commitRows(commits: readonly Commit[]): CommitRow[] {
  const files = new Map<string, Commit[]>();
  for (const commit of commits) {
    const sharing = files.get(commit.file);
    if (sharing === undefined) files.set(commit.file, [commit]);
    else sharing.push(commit);
  }
  return [...files].map(([file, sharing]) => ({
    file,
    sweep: sharing[0]!.sweep,
    first_cell: sharing.reduce((least, { range }) => Math.min(least, range.first), Infinity),
    end_cell: sharing.reduce((most, { range }) => Math.max(most, range.end), 0),
    commits_json: JSON.stringify(sharing),
    commits: sharing,
  }));
}

export function commitsIn(rows: readonly { readonly commits_json: string }[]): Commit[] {
  return rows.flatMap(({ commits_json }) => JSON.parse(commits_json) as Commit[]);
}

/** Files of parts that commitsAfter reads at a time: one may have thousands of small parts. */
export const PAGE_FILES = 2;

/** Rows of commits by ascending id as a page; undefined of none. */
export function pageOf(
  rows: readonly { readonly id: number; readonly commits_json: string }[],
): CommitPage | undefined {
  const last = rows.at(-1);
  return last === undefined ? undefined : { commits: commitsIn(rows), last: last.id };
}

export function byFirstCell(commits: Commit[]): Commit[] {
  return commits.sort((a, b) => a.range.first - b.range.first);
}

/** What a sweep's commits add up to, and how far behind its snapshot is. */
export interface Summary {
  readonly progress: SweepProgress;
  last_id: number;
  rowsSince: number;
}

/** Rows of commits between two snapshots of a sweep at the least. */
const SNAPSHOT_ROWS_MIN = 256;

/** Every so many rows, and the more the longer a snapshot is: it costs each row the same. */
export function isSnapshotDue({ progress, rowsSince }: Summary): boolean {
  return rowsSince >= Math.max(SNAPSHOT_ROWS_MIN, progress.done.length);
}
