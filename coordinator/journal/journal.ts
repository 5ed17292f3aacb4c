import type { Range } from "../../shared/ranges.ts";
import type { SweepControl } from "../state/events.ts";
import type { SweepProgress } from "../state/progress.ts";
import type { FailedRange } from "../state/state.ts";

/** One part in the journal: where its bytes are, which of its cells count, and who made it. */
export interface Commit {
  readonly sweep: string;
  readonly file: string;
  /** Where in the file the part begins if it shares it with others; null if the file is the part. */
  readonly offset: number | null;
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
  /** The worker's release. */
  readonly version: string;
  readonly slot: number;
  readonly lease: string;
  readonly started_ms: number;
  readonly compute_ms: number;
  readonly committed_ms: number;
}

/** Some commits of a sweep, and where those behind them begin. */
export interface CommitPage {
  readonly commits: readonly Commit[];
  readonly last: number;
}

export interface JournaledSweep {
  readonly sweep: string;
  readonly plan_json: string;
  /** The plan in the order in which its cells are computed; null where that is its own. */
  readonly work_json: string | null;
  readonly plan_digest: string;
  /** What somebody last wanted of it. */
  readonly control: SweepControl;
  readonly priority: number;
  /** What is left of a sweep once its merged files are durable; null before. */
  readonly merged: MergedSweep | null;
}

export interface AddedSweep extends Omit<JournaledSweep, "merged" | "control"> {
  readonly submitted_ms: number;
  /** Parts of cells that earlier sweeps have; their files are durable already. */
  readonly commits: readonly Commit[];
  /** A sweep, maybe of the same name, that goes out with its commits in the same moment. */
  readonly in_place_of: string | null;
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

/** A duplicate that differed from what is committed: one of the two workers is not to be trusted. */
export interface Mismatch {
  readonly sweep: string;
  readonly range: Range;
  /** Cells of it that differ. */
  readonly cells: number;
  /** Who handed in the duplicate, and who had handed in before. */
  readonly worker: string;
  readonly committed_by: string;
}

/** A coordinator lost its journal: it is to end, as another one may be active by now. */
export class JournalLost extends Error {
  /** Whether the call may have changed the journal all the same: the answer was lost. */
  readonly mayHaveActed: boolean;

  constructor(problem: string, mayHaveActed: boolean) {
    super(problem);
    this.name = "JournalLost";
    this.mayHaveActed = mayHaveActed;
  }
}

/**
 * The durable memory of a coordinator. What a call resolves from has reached the disk, so an
 * acknowledgement that follows it survives a power cut. A call that rejects has changed nothing,
 * but for a JournalLost that says otherwise: then only the next coordinator knows what was done.
 */
export interface Journal {
  /** Counts the starts of a coordinator on this journal. */
  readonly epoch: number;
  /** Resolves with the reason once every call rejects with JournalLost; may never do so. */
  readonly lost: Promise<string>;
  sweeps(): Promise<JournaledSweep[]>;
  /** Adds a sweep with what it has from earlier ones: all of that, or nothing. */
  addSweep(added: AddedSweep): Promise<void>;
  /** The sweep goes on with more cells behind its last one, of which it has those of `commits`. */
  extendSweep(
    sweep: string,
    plan_json: string,
    work_json: string | null,
    commits: readonly Commit[],
  ): Promise<void>;
  setControl(sweep: string, control: SweepControl, priority: number): Promise<void>;
  /** Commits parts whose files are durable already: all of them, or none. */
  commit(commits: readonly Commit[]): Promise<void>;
  /** The commits of a sweep by first cell. */
  commits(sweep: string): Promise<Commit[]>;
  /**
   * The commits of a sweep in the next few files of parts behind `after`, which is 0 at first, in the
   * order in which they came; undefined where there are no more. For those who have time.
   */
  commitsAfter(sweep: string, after: number): Promise<CommitPage | undefined>;
  /** What the commits of a sweep add up to, without a look at all of them. */
  progress(sweep: string): Promise<SweepProgress>;
  /** Which of these files no commit names. */
  unnamed(files: readonly string[]): Promise<string[]>;
  /** The commits whose parts hold any cell of this range. */
  commitsOverlapping(sweep: string, range: Range): Promise<Commit[]>;
  /** Forgets the commits of files that are not there any more. */
  revoke(sweep: string, files: readonly string[]): Promise<void>;
  addMismatch(mismatch: Mismatch): Promise<void>;
  mismatches(sweep: string): Promise<Mismatch[]>;
  /** The merged files are durable: notes that, and drops the sweep's commits, at once. */
  setMerged(sweep: string, merged: MergedSweep): Promise<void>;
  /** Resolves if this is still the journal's coordinator. @throws JournalLost */
  confirm(): Promise<void>;
  close(): Promise<void>;
}
