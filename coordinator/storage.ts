import { lstatSync, statSync } from "node:fs";
import { access, constants, type FileHandle, open, readdir, rm, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { whyNotGram } from "../shared/engine_choice.ts";
import { FailureError, messageOf, UsageError } from "../shared/errors.ts";
import { FLOAT64_EXACT } from "../shared/numeric_class.ts";
import { type Plan, type PlannedGroup, planDigest } from "../shared/plan.ts";
import { type Range, subtract, union } from "../shared/ranges.ts";
import { type DatasetStore, FolderDatasets } from "./dataset_store.ts";
import type { Commit, Journal } from "./journal/journal.ts";
import { JOURNAL_FILE, SqliteJournal } from "./journal/sqlite_journal.ts";
import { countDifferences, type Duplicate } from "./results/compare.ts";
import { writeSynced } from "./results/durable_file.ts";
import { makeFolder } from "./results/make_folder.ts";
import { mergedFilesExist, mergeResults, type SweepPlans } from "./results/merge.ts";
import { keepMergedFiles, makeEarlierFolder, removeMergedFiles } from "./reuse/set_aside.ts";
import { sourcesBelow, sourcesOfSweepFolder } from "./reuse/sources.ts";
import { type TakenOver, takeOver } from "./reuse/take_over.ts";
import { hasNextRound, nextRound } from "./rounds/next_round.ts";
import { RoundFiles } from "./rounds/round_files.ts";

/** The plans of a sweep that goes on, and parts of the added cells that are there already. */
export interface NextRound extends SweepPlans {
  readonly parts: TakenOver["parts"];
}

/** What a coordinator keeps: its journal, the parts, and what they are merged into. */
export interface Storage {
  /** How errors name it. */
  readonly place: string;
  readonly journal: Journal;
  readonly datasets: DatasetStore;
  /** Writes a new file of parts, its chunks one after another; durable only after syncParts. */
  writeParts(file: string, chunks: readonly Uint8Array[]): Promise<void>;
  /** Makes the names of all parts written so far durable. */
  syncParts(): Promise<void>;
  /** Whether it is the one that was opened, and not removed or replaced meanwhile. */
  isThere(): boolean;
  removeParts(files: readonly string[]): Promise<void>;
  /** The names of all parts that are there, also of those that a crash left behind. */
  listParts(): Promise<string[]>;
  /** Which of these files of parts are not there. */
  missingParts(files: readonly string[]): Promise<string[]>;
  /**
   * How many cells of a duplicate differ from those of a commit. @throws Error if either cannot be
   * read, as a part that was merged meanwhile.
   */
  countDifferences(duplicate: Duplicate, commit: Commit): Promise<number>;
  /**
   * Merges a sweep; durable when it resolves. @throws Error if a cell is missing that is not in
   * `without`.
   */
  merge(
    plans: SweepPlans,
    commits: readonly Commit[],
    without: readonly Range[],
  ): Promise<{ readonly sha256: string }>;
  /**
   * The plans with the cells that the committed ones call for (rounds/next_round.ts), and what
   * earlier sweeps have of those, as takeOver gives it; undefined where all is there.
   * @throws Error as merge does
   */
  nextRound(
    plans: SweepPlans,
    commits: readonly Commit[],
    without: readonly Range[],
    nextFile: () => string,
  ): Promise<NextRound | undefined>;
  /**
   * Copies the cells of a plan that earlier sweeps have into parts, each in a file named by
   * `nextFile`; they are durable when it resolves, and no commit names them yet.
   */
  takeOver(plan: Plan, nextFile: () => string): Promise<TakenOver>;
  /**
   * Keeps what there is of the folder's one sweep as an earlier one: its merged files, which may
   * stay under their names, or the cells of its commits. Durable when it resolves.
   */
  setAside(plans: SweepPlans, commits: readonly Commit[]): Promise<void>;
  /** Where the folder is one sweep's: takes out merged files of the one that was there before. */
  removeStale(): Promise<void>;
  /** Whether the merged files are still there. */
  isMerged(sweep: string): Promise<boolean>;
  resultsFolder(sweep: string): string;
  /** Where a file of parts is. */
  partPath(file: string): string;
  /** Closes the journal too. */
  close(): Promise<void>;
}

/** Fewer cells of the gram engine are computed in less time than earlier sweeps are asked for them. */
const COPIED_CELLS_MIN = 256;

/** Whether cells that a round adds are looked for in earlier sweeps. */
function isWorthCopying({ cells, numeric_class, shape }: PlannedGroup): boolean {
  const isGram = numeric_class === FLOAT64_EXACT || whyNotGram(shape) === null;
  return !isGram || cells >= COPIED_CELLS_MIN;
}

interface FolderOptions {
  /** A folder of folders of single sweeps, whose cells this one may take over. */
  readonly siblings?: string | undefined;
  /** Whether the folder is still this process's own, where that may end (folder_lease.ts). */
  readonly isHeld?: (() => boolean) | undefined;
  /** A journal elsewhere (journal/postgres_journal.ts); without it there is one in the folder. */
  readonly journal?: Journal;
}

/** A link under a sweep's name would lead what is merged out of the results folder. @throws UsageError */
function requireNoLink(folder: string): void {
  if (!lstatSync(folder, { throwIfNoEntry: false })?.isSymbolicLink()) return;
  throw new UsageError({
    place: folder,
    problem: "it is a link, and may lead anywhere",
    fix: "remove the link, or give the sweep another name",
  });
}

/** A folder on this machine, or on one that all coordinators can reach. */
export class FolderStorage implements Storage {
  readonly place: string;
  readonly journal: Journal;
  readonly datasets: DatasetStore;
  private readonly singleSweep: boolean;
  private readonly siblings: string | undefined;
  private readonly rounds: RoundFiles;
  /** What is gone when the folder, or the journal in it, was removed or replaced. */
  private readonly witness: { readonly path: string; readonly inode: number };
  private readonly isHeld: () => boolean;
  /** The folder of parts, kept open as every group of commits syncs it. */
  private parts: Promise<FileHandle> | undefined;

  private constructor(
    place: string,
    singleSweep: boolean,
    { siblings, isHeld = () => true, journal }: FolderOptions,
  ) {
    this.place = place;
    this.isHeld = isHeld;
    this.singleSweep = singleSweep;
    this.siblings = siblings;
    this.journal = journal ?? new SqliteJournal(place);
    this.datasets = new FolderDatasets(join(place, "datasets"));
    this.rounds = new RoundFiles(join(place, `round-${this.journal.epoch}.partial`));
    const path = journal === undefined ? join(place, JOURNAL_FILE) : this.partsFolder();
    this.witness = { path, inode: statSync(path).ino };
  }

  /**
   * Opens or makes the folder. `singleSweep`: it belongs to one sweep, as in `run`; otherwise each
   * sweep has a subfolder for its merged files. @throws FailureError
   */
  static async open(
    place: string,
    singleSweep: boolean,
    options: FolderOptions = {},
  ): Promise<FolderStorage> {
    try {
      await makeFolder(place);
      await makeFolder(join(place, "parts"));
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
    return new FolderStorage(place, singleSweep, options);
  }

  /** Under its final name at once: what a crash leaves of it is named by no commit. */
  async writeParts(file: string, chunks: readonly Uint8Array[]): Promise<void> {
    await writeSynced(join(this.partsFolder(), file), chunks);
  }

  async syncParts(): Promise<void> {
    this.parts ??= open(this.partsFolder(), "r");
    const folder = await this.parts.catch((error: unknown) => {
      this.parts = undefined;
      throw error;
    });
    await folder.sync();
    this.checkHeld();
    if (!this.isThere()) {
      throw new Error(`${this.witness.path} was removed or replaced while it was in use`);
    }
  }

  isThere(): boolean {
    // An open file outlives its name: commits to a journal that was removed would be lost silently.
    const found = statSync(this.witness.path, { throwIfNoEntry: false });
    return found?.ino === this.witness.inode;
  }

  async removeParts(files: readonly string[]): Promise<void> {
    this.checkHeld();
    for (const file of files) await rm(join(this.partsFolder(), file), { force: true });
  }

  listParts(): Promise<string[]> {
    return readdir(this.partsFolder());
  }

  async missingParts(files: readonly string[]): Promise<string[]> {
    const missing = await this.notListed(files);
    if (missing.length === 0) return [];
    // A network file system shows what another machine wrote a while later, but for folders that
    // this one changes.
    const probe = join(this.partsFolder(), `probe-${this.journal.epoch}`);
    await writeFile(probe, "");
    await rm(probe, { force: true });
    return this.notListed(missing);
  }

  private async notListed(files: readonly string[]): Promise<string[]> {
    const there = new Set(await this.listParts());
    return files.filter((file) => !there.has(file));
  }

  countDifferences(duplicate: Duplicate, commit: Commit): Promise<number> {
    return countDifferences(duplicate, commit, this.partsFolder());
  }

  merge(
    plans: SweepPlans,
    commits: readonly Commit[],
    without: readonly Range[],
  ): Promise<{ readonly sha256: string }> {
    const folder = this.resultsFolder(plans.plan.name);
    if (!this.singleSweep) requireNoLink(folder);
    return this.mergeInto(folder, plans, commits, without);
  }

  async nextRound(
    plans: SweepPlans,
    commits: readonly Commit[],
    without: readonly Range[],
    nextFile: () => string,
  ): Promise<NextRound | undefined> {
    if (!hasNextRound(plans.plan)) return undefined;
    const { name } = plans.plan;
    let extended: Plan | undefined;
    try {
      const results = await this.rounds.read(plans, commits, without, this.partsFolder());
      extended = await nextRound(plans.plan, results);
    } finally {
      if (extended === undefined) await this.rounds.forget(name);
    }
    if (extended === undefined) return undefined;
    const plan = extended;
    const groups = plan.groups.slice(plans.plan.groups.length);
    const wanted = groups.filter(isWorthCopying);
    const { work: found, parts } = await this.takeOver({ ...plan, groups: wanted }, nextFile);
    const isCut = plans.work !== plans.plan || found.groups.length > wanted.length;
    if (!isCut) return { plan, work: plan, parts };
    const others = groups.filter((group) => !wanted.includes(group));
    const added = [...found.groups, ...others].sort((a, b) => a.first_cell - b.first_cell);
    return { plan, work: { ...plan, groups: [...plans.work.groups, ...added] }, parts };
  }

  async takeOver(plan: Plan, nextFile: () => string): Promise<TakenOver> {
    if (plan.groups.length === 0) return { work: plan, parts: [], notes: [] };
    if (!this.singleSweep) requireNoLink(this.resultsFolder(plan.name));
    const sources = this.singleSweep
      ? await sourcesOfSweepFolder(this.place, this.siblings)
      : await sourcesBelow(this.place);
    const { place: folder, journal } = this;
    const place = { parts: this.partsFolder(), folder, start: journal.epoch };
    const taken = await takeOver(plan, sources, place, nextFile);
    await this.syncParts();
    return taken;
  }

  async setAside(plans: SweepPlans, commits: readonly Commit[]): Promise<void> {
    const committed = union(
      commits.flatMap(({ accepted }) => accepted),
      [],
    );
    const isMerged = await this.isMerged(plans.plan.name);
    if (committed.length === 0 && !isMerged) return;
    try {
      const earlier = await makeEarlierFolder(this.place, planDigest(plans.plan));
      if (committed.length === 0) await keepMergedFiles(this.place, earlier);
      else {
        const without = subtract([{ first: 0, end: plans.plan.cells }], committed);
        await this.mergeInto(earlier, plans, commits, without);
      }
    } catch (error) {
      throw new FailureError({
        place: this.place,
        problem: `sweep '${plans.plan.name}', which is there, cannot be kept as an earlier one: ${messageOf(error)}`,
        fix: "mend the cause, or give another folder with --results",
      });
    }
  }

  async removeStale(): Promise<void> {
    if (this.singleSweep) await removeMergedFiles(this.place);
  }

  isMerged(sweep: string): Promise<boolean> {
    return mergedFilesExist(this.resultsFolder(sweep));
  }

  resultsFolder(sweep: string): string {
    return this.singleSweep ? this.place : join(this.place, sweep);
  }

  partPath(file: string): string {
    return join(this.partsFolder(), file);
  }

  async close(): Promise<void> {
    await this.journal.close();
    await this.rounds.clear();
    const parts = await this.parts;
    this.parts = undefined;
    await parts?.close();
  }

  private mergeInto(
    folder: string,
    plans: SweepPlans,
    commits: readonly Commit[],
    without: readonly Range[],
  ): Promise<{ readonly sha256: string }> {
    return mergeResults(plans, commits, without, {
      parts: this.partsFolder(),
      folder,
      start: this.journal.epoch,
      confirm: async () => {
        this.checkHeld();
        await this.journal.confirm();
      },
    });
  }

  /** @throws Error if another coordinator may have the folder */
  private checkHeld(): void {
    if (!this.isHeld()) throw new Error(`the lease of ${this.place} could not be renewed in time`);
  }

  private partsFolder(): string {
    return join(this.place, "parts");
  }
}
