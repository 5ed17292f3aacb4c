import type { Range } from "../shared/ranges.ts";

/** One part in the journal: where its bytes are, which of its cells count, and who made it. */
export interface Commit {
  readonly sweep: string;
  readonly file: string;
  readonly sha256: string;
  readonly bytes: number;
  /** The cells that the file holds. */
  readonly range: Range;
  /** Those of them that this file is the first to bring. */
  readonly accepted: readonly Range[];
  /** Cells of the file by phase code. */
  readonly phases: readonly number[];
  readonly worker: string;
  readonly host: string;
  readonly slot: number;
  readonly lease: string;
  readonly started_ms: number;
  readonly compute_ms: number;
  readonly committed_ms: number;
}

export interface JournaledSweep {
  readonly sweep: string;
  readonly plan_json: string;
  readonly plan_digest: string;
  readonly merged_sha256: string | null;
}

/**
 * The durable memory of a coordinator. What a call returns from has reached the disk, so an
 * acknowledgement that follows it survives a power cut.
 */
export interface Journal {
  /** Counts the starts of a coordinator on this journal. */
  readonly epoch: number;
  sweeps(): JournaledSweep[];
  addSweep(sweep: string, plan_json: string, plan_digest: string, submitted_ms: number): void;
  /** Commits parts whose files are durable already: all of them, or none. */
  commit(commits: readonly Commit[]): void;
  /** The commits of a sweep by first cell. */
  commits(sweep: string): Commit[];
  /** The commits whose files hold exactly this range. */
  commitsOfRange(sweep: string, range: Range): Commit[];
  /** The merged file is durable: its hash, or null to take that back. */
  setMerged(sweep: string, sha256: string | null): void;
  /** Drops the commits of a sweep whose files are lost, so that its cells are computed again. */
  forgetCommits(sweep: string): void;
  close(): void;
}
