import { type FileHandle, mkdir, open, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { FailureError, messageOf } from "../shared/errors.ts";
import type { Plan } from "../shared/plan.ts";
import type { Range } from "../shared/ranges.ts";
import type { Commit, Journal } from "./journal.ts";
import { writeSynced } from "./results/durable_file.ts";
import { mergedFilesExist, mergeResults } from "./results/merge.ts";
import { SqliteJournal } from "./sqlite_journal.ts";

/** What a coordinator keeps: its journal, the parts, and what they are merged into. */
export interface Storage {
  /** How errors name it. */
  readonly place: string;
  readonly journal: Journal;
  /** Writes a new file of parts, its chunks one after another; durable only after syncParts. */
  writeParts(file: string, chunks: readonly Uint8Array[]): Promise<void>;
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
  /** Closes the journal too. */
  close(): Promise<void>;
  /** Whether the merged files are still there. */
  isMerged(sweep: string): Promise<boolean>;
  resultsFolder(sweep: string): string;
}

/** A folder on this machine. */
export class FolderStorage implements Storage {
  readonly place: string;
  readonly journal: Journal;
  private readonly singleSweep: boolean;
  /** The folder of parts, kept open as every group of commits syncs it. */
  private parts: FileHandle | undefined;

  private constructor(place: string, singleSweep: boolean) {
    this.place = place;
    this.singleSweep = singleSweep;
    this.journal = new SqliteJournal(place);
  }

  /**
   * Opens or makes the folder. `singleSweep`: it belongs to one sweep, as in `run`; otherwise each
   * sweep has a subfolder for its merged files. @throws FailureError
   */
  static async open(place: string, singleSweep: boolean): Promise<FolderStorage> {
    try {
      await mkdir(join(place, "parts"), { recursive: true });
    } catch (error) {
      throw new FailureError({
        place,
        problem: `the results folder cannot be made: ${messageOf(error)}`,
        fix: "give a folder that can be written to with --results",
      });
    }
    return new FolderStorage(place, singleSweep);
  }

  /** Under its final name at once: what a crash leaves of it is named by no commit. */
  async writeParts(file: string, chunks: readonly Uint8Array[]): Promise<void> {
    await writeSynced(join(this.partsFolder(), file), chunks);
  }

  async syncParts(): Promise<void> {
    this.parts ??= await open(this.partsFolder(), "r");
    await this.parts.sync();
  }

  async close(): Promise<void> {
    this.journal.close();
    await this.parts?.close();
    this.parts = undefined;
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
