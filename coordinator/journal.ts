import type { Range } from "../shared/ranges.ts";
import type { FailedRange } from "./state/state.ts";

/** One part in the journal: where its bytes are, which of its cells count, and who made it. */
export interface Commit {
  readonly sweep: string;
  readonly file: string;
  /** Where in the file the part begins; small parts share files. */
  readonly offset: number;
  readonly sha256: string;
  readonly bytes: number;
  /** The cells that the part holds. */
  readonly range: Range;
  /** Those of them that this part is the first to bring. */
  readonly accepted: readonly Range[];
  /** Cells of the part by phase code. */
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
  /** What is left of a sweep once its merged files are durable; null before. */
  readonly merged: MergedSweep | null;
}

/** A merged sweep in few words: its commits are dropped then, so that restarts stay short. */
export interface MergedSweep {
  readonly sha256: string;
  /** Cells by phase code. */
  readonly phases: readonly number[];
  readonly shards_committed: number;
  /** Cells that could not be computed and are not in the merged files, with their errors. */
  readonly failures: readonly FailedRange[];
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
  /** The commits whose parts hold exactly this range. */
  commitsOfRange(sweep: string, range: Range): Commit[];
  /** The merged files are durable: notes that, and drops the sweep's commits, at once. */
  setMerged(sweep: string, merged: MergedSweep): void;
  /** The merged files are gone: the sweep has no committed cells any more. */
  reopen(sweep: string): void;
  close(): void;
}
