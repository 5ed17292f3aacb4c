import { statSync } from "node:fs";
import { access, constants, mkdir, readdir, rm, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { FailureError, messageOf } from "../shared/errors.ts";
import type { Plan } from "../shared/plan.ts";
import type { Range } from "../shared/ranges.ts";
import type { Commit, Journal } from "./journal.ts";
import { syncPath, writeDurably } from "./results/durable_file.ts";
import { mergedFilesExist, mergeResults } from "./results/merge.ts";
import { JOURNAL_FILE, SqliteJournal } from "./sqlite_journal.ts";

/** What a coordinator keeps: its journal, the parts, and what they are merged into. */
export interface Storage {
  /** How errors name it. */
  readonly place: string;
  readonly journal: Journal;
  /** Writes a part under its final name; durable only after syncParts. */
  writePart(file: string, bytes: Uint8Array): Promise<void>;
  /** Makes the names of all parts written so far durable. */
  syncParts(): Promise<void>;
  removeParts(files: readonly string[]): Promise<void>;
  /** The names of all parts that are there, also of those that a crash left behind. */
  listParts(): Promise<string[]>;
  /**
   * Merges a sweep; durable when it resolves. @throws Error if a cell is missing that is not in
   * `without`.
   */
  merge(
    plan: Plan,
    commits: readonly Commit[],
    without: readonly Range[],
  ): Promise<{ readonly sha256: string }>;
  /** Whether the merged files are still there. */
  isMerged(sweep: string): Promise<boolean>;
  resultsFolder(sweep: string): string;
}

/** A folder on this machine. */
export class FolderStorage implements Storage {
  readonly place: string;
  readonly journal: Journal;
  private readonly singleSweep: boolean;
  private readonly journalPath: string;
  private readonly journalInode: number;

  private constructor(place: string, singleSweep: boolean) {
    this.place = place;
    this.singleSweep = singleSweep;
    this.journal = new SqliteJournal(place);
    this.journalPath = join(place, JOURNAL_FILE);
    this.journalInode = statSync(this.journalPath).ino;
  }

  /**
   * Opens or makes the folder. `singleSweep`: it belongs to one sweep, as in `run`; otherwise each
   * sweep has a subfolder for its merged files. @throws FailureError
   */
  static async open(place: string, singleSweep: boolean): Promise<FolderStorage> {
    try {
      await mkdir(place, { recursive: true });
      await mkdir(join(place, "parts"), { recursive: true });
      await access(place, constants.W_OK);
    } catch (error) {
      // Node says "no such file" of a new folder in one that is read-only.
      const parent = dirname(resolve(place));
      const cause = await access(parent, constants.W_OK).then(
        () => error,
        (denied: unknown) => denied,
      );
      throw new FailureError({
        place,
        problem: `the results folder cannot be made or written to: ${messageOf(cause)}`,
        fix: "give a folder that can be written to with --results",
      });
    }
    return new FolderStorage(place, singleSweep);
  }

  async writePart(file: string, bytes: Uint8Array): Promise<void> {
    await writeDurably(join(this.partsFolder(), file), bytes);
  }

  async syncParts(): Promise<void> {
    await syncPath(this.partsFolder());
    // An open file outlives its name: commits to a journal that was removed would be lost silently.
    const journal = await stat(this.journalPath).catch(() => undefined);
    if (journal?.ino !== this.journalInode) {
      throw new Error(`${this.journalPath} was removed or replaced while it was in use`);
    }
  }

  async removeParts(files: readonly string[]): Promise<void> {
    for (const file of files) await rm(join(this.partsFolder(), file), { force: true });
  }

  listParts(): Promise<string[]> {
    return readdir(this.partsFolder());
  }

  merge(
    plan: Plan,
    commits: readonly Commit[],
    without: readonly Range[],
  ): Promise<{ readonly sha256: string }> {
    return mergeResults(plan, commits, without, this.partsFolder(), this.resultsFolder(plan.name));
  }

  isMerged(sweep: string): Promise<boolean> {
    return mergedFilesExist(this.resultsFolder(sweep));
  }

  resultsFolder(sweep: string): string {
    return this.singleSweep ? this.place : join(this.place, sweep);
  }

  private partsFolder(): string {
    return join(this.place, "parts");
  }
}
