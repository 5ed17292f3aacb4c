import {
  type AddedSweep,
  type Commit,
  type CommitPage,
  type Journal,
  type JournaledSweep,
  JournalLost,
  type MergedSweep,
  type Mismatch,
} from "../../coordinator/journal/journal.ts";
import type { Duplicate } from "../../coordinator/results/compare.ts";
import type { SweepPlans } from "../../coordinator/results/merge.ts";
import { piecesByWindow } from "../../coordinator/results/pieces.ts";
import type { TakenOver } from "../../coordinator/reuse/take_over.ts";
import { addedGroup } from "../../coordinator/rounds/section_groups.ts";
import type { SweepControl } from "../../coordinator/state/events.ts";
import { addCommitted, noProgress, type SweepProgress } from "../../coordinator/state/progress.ts";
import type { NextRound, Storage } from "../../coordinator/storage.ts";
import { sha256Hex } from "../../shared/canonical.ts";
import type { Plan } from "../../shared/plan.ts";
import type { Range } from "../../shared/ranges.ts";
import type { ProcessClock } from "./sim_clock.ts";
import { SimDatasets } from "./sim_datasets.ts";

interface StoredPart {
  bytes: Uint8Array;
  synced: boolean;
}

/** The disk of a coordinator: it outlives its processes, and forgets what was not synced. */
export class SimDisk {
  epoch = 0;
  readonly sweeps: { -readonly [K in keyof JournaledSweep]: JournaledSweep[K] }[] = [];
  commits: Commit[] = [];
  readonly mismatches: Mismatch[] = [];
  readonly parts = new Map<string, StoredPart>();
  readonly merged = new Map<string, string>();
  /** Digests of the stored data sets. */
  readonly datasets = new Set<string>();
  private readonly random: () => number;
  readonly removed = new Set<string>();
  /** Files of committed parts that were gone though nobody had removed them. */
  readonly lostForNoReason: string[] = [];
  /** Rounds that add cells to the sweep, and how many seeds each adds. */
  rounds = 0;
  round_seeds = 0;
  /** Probability that a write fails as on a full disk. */
  failing = 0;

  /** Says of each call of a journal whether its answer is lost. */
  readonly losing: () => number;

  /** `losing`: numbers of its own, so that old seeds keep their storms. */
  constructor(random: () => number, losing: () => number) {
    this.random = random;
    this.losing = losing;
  }

  /** Somebody who should not removes the file of a committed part. */
  removeCommitted(luck: number): void {
    const file = this.commits[Math.floor(this.commits.length * luck)]?.file;
    if (file === undefined) return;
    this.parts.delete(file);
    this.removed.add(file);
  }

  /** Power is cut: a name that was not synced may be there or not. */
  crash(): void {
    for (const [file, part] of this.parts) {
      if (part.synced) continue;
      if (this.random() < 0.5) this.parts.delete(file);
      else part.synced = true;
    }
  }

  /** The storage as one coordinator process sees it. */
  open(clock: ProcessClock): Storage {
    return new SimStorage(this, clock, this.random);
  }
}

class SimStorage implements Storage {
  readonly place = "simulated disk";
  readonly journal: Journal;
  readonly datasets: SimDatasets;
  private readonly disk: SimDisk;
  private readonly clock: ProcessClock;
  private readonly random: () => number;

  constructor(disk: SimDisk, clock: ProcessClock, random: () => number) {
    this.disk = disk;
    this.clock = clock;
    this.random = random;
    this.journal = new SimJournal(disk, () => this.clock.sleep(4 * this.random()));
    this.datasets = new SimDatasets(disk.datasets, () => this.delay());
  }

  async writeParts(file: string, chunks: readonly Uint8Array[]): Promise<void> {
    await this.delay();
    if (this.random() < this.disk.failing) throw new Error("ENOSPC: no space left on device");
    this.disk.parts.set(file, { bytes: Buffer.concat(chunks), synced: false });
  }

  async syncParts(): Promise<void> {
    await this.delay();
    for (const part of this.disk.parts.values()) part.synced = true;
  }

  isThere(): boolean {
    return true;
  }

  async removeParts(files: readonly string[]): Promise<void> {
    await this.delay();
    for (const file of files) this.disk.parts.delete(file);
  }

  async listParts(): Promise<string[]> {
    await this.delay();
    return [...this.disk.parts.keys()];
  }

  async missingParts(files: readonly string[]): Promise<string[]> {
    const there = new Set(await this.listParts());
    return files.filter((file) => !there.has(file));
  }

  async countDifferences({ range, bytes }: Duplicate, commit: Commit): Promise<number> {
    await this.delay();
    const [ours, theirs] = [bytes, this.bytesOf(commit)].map((of) =>
      new TextDecoder().decode(of).split("\n"),
    );
    let differences = 0;
    const end = Math.min(range.end, commit.range.end);
    for (let cell = Math.max(range.first, commit.range.first); cell < end; cell++) {
      const there = theirs![cell - commit.range.first];
      if (ours![cell - range.first] !== there) differences++;
    }
    return differences;
  }

  /** Reads every cell from the part that the commits name, as production finds it. */
  async merge(
    { plan, work }: SweepPlans,
    commits: readonly Commit[],
    without: readonly Range[],
  ): Promise<{ sha256: string }> {
    await this.delay();
    const cells: string[] = [];
    for (const { pieces } of piecesByWindow(plan, work, commits, without, "", 1000)) {
      for (const { path, part_first, first, end, commit } of pieces) {
        const rows = new TextDecoder().decode(this.bytesOf(commit)).split("\n");
        for (let cell = first; cell < end; cell++) {
          const row = rows[cell - part_first];
          if (row !== `cell ${cell}`) throw new Error(`part ${path} holds no cell ${cell}`);
          cells.push(row);
        }
      }
    }
    await this.delay();
    const sha256 = sha256Hex(cells.join("\n"));
    this.disk.merged.set(plan.name, sha256);
    return { sha256 };
  }

  /** Each round is the first group once more, with other seeds; every other one has a cell already. */
  async nextRound(
    { plan }: SweepPlans,
    commits: readonly Commit[],
    without: readonly Range[],
    nextFile: () => string,
  ): Promise<NextRound | undefined> {
    const before = plan.groups.filter(({ added }) => added !== undefined).length;
    if (before >= this.disk.rounds) return undefined;
    piecesByWindow(plan, plan, commits, without, "", 1000);
    await this.delay();
    const count = this.disk.round_seeds;
    const seeds = { from: 1_000 * (1 + before), count };
    const base = plan.groups[0]!;
    const group = addedGroup(base, "seeds", plan.cells, seeds, base.learning_rates);
    const extended = {
      ...plan,
      cells: plan.cells + group.cells,
      groups: [...plan.groups, group],
    };
    const parts = before % 2 === 0 ? [] : [await this.copiedPart(plan.cells, nextFile())];
    return { plan: extended, work: extended, parts };
  }

  /** A cell that is on the disk before anybody is asked for it. */
  private async copiedPart(cell: number, file: string): Promise<NextRound["parts"][number]> {
    const bytes = Buffer.from(`cell ${cell}`);
    await this.writeParts(file, [bytes]);
    await this.syncParts();
    const range = { first: cell, end: cell + 1 };
    const where = { file, sha256: sha256Hex(bytes), bytes: bytes.length };
    return { ...where, range, accepted: [range], phases: [1, 0, 0, 0], path: "", plan_digest: "" };
  }

  /** There is one sweep here, so nothing to take over. */
  async takeOver(plan: Plan): Promise<TakenOver> {
    return { work: plan, parts: [], notes: [] };
  }

  async setAside(): Promise<void> {}

  async removeStale(): Promise<void> {}

  async isMerged(sweep: string): Promise<boolean> {
    return this.disk.merged.has(sweep);
  }

  partPath(file: string): string {
    return `simulated/${file}`;
  }

  resultsFolder(sweep: string): string {
    return `simulated/${sweep}`;
  }

  async close(): Promise<void> {
    await this.journal.close();
  }

  /** The bytes of a part, alone in its file or not. */
  private bytesOf({ file, offset, bytes }: Commit): Uint8Array {
    const stored = this.disk.parts.get(file);
    if (stored === undefined) throw new Error(`part ${file} is not on the disk`);
    return offset === null ? stored.bytes : stored.bytes.subarray(offset, offset + bytes);
  }

  private delay(): Promise<void> {
    return this.clock.sleep(20 * this.random());
  }
}

/** Of the calls of a journal. */
const ANSWERS_LOST = 0.004;

/**
 * A journal takes its time, and a process may die at any moment of that. Only the process that
 * opened it last may write, or read what it then acts upon.
 */
class SimJournal implements Journal {
  readonly epoch: number;
  readonly lost: Promise<string>;
  private readonly disk: SimDisk;
  private readonly delay: () => Promise<void>;
  private lose: (reason: string) => void = () => {};
  private reason: string | undefined;
  private queue: Promise<unknown> = Promise.resolve();

  constructor(disk: SimDisk, delay: () => Promise<void>) {
    this.disk = disk;
    this.delay = delay;
    this.epoch = ++disk.epoch;
    this.lost = new Promise((resolve) => {
      this.lose = resolve;
    });
  }

  sweeps(): Promise<JournaledSweep[]> {
    return this.take(() => this.disk.sweeps.map((row) => ({ ...row })));
  }

  addSweep(added: AddedSweep): Promise<void> {
    const { sweep, plan_json, work_json, plan_digest, priority, in_place_of } = added;
    const control = "running";
    return this.take(() => {
      const { sweeps } = this.disk;
      const before = sweeps.findIndex((row) => row.sweep === in_place_of);
      if (before >= 0) sweeps.splice(before, 1);
      this.disk.commits = this.disk.commits.filter((commit) => commit.sweep !== in_place_of);
      const row = { sweep, plan_json, work_json, plan_digest, control, priority } as const;
      this.disk.sweeps.push({ ...row, merged: null });
    });
  }

  extendSweep(
    sweep: string,
    plan_json: string,
    work_json: string | null,
    commits: readonly Commit[],
  ): Promise<void> {
    return this.take(() => {
      const row = this.disk.sweeps.find((candidate) => candidate.sweep === sweep)!;
      row.plan_json = plan_json;
      row.work_json = work_json;
      this.disk.commits.push(...commits);
    });
  }

  setControl(sweep: string, control: SweepControl, priority: number): Promise<void> {
    return this.take(() => {
      const row = this.disk.sweeps.find((candidate) => candidate.sweep === sweep)!;
      row.control = control;
      row.priority = priority;
    });
  }

  commit(commits: readonly Commit[]): Promise<void> {
    return this.take(() => {
      this.disk.commits.push(...commits);
    });
  }

  commits(sweep: string): Promise<Commit[]> {
    return this.take(() => this.commitsOf(sweep));
  }

  commitsAfter(sweep: string, after: number): Promise<CommitPage | undefined> {
    return this.take(() => {
      const commits = this.commitsOf(sweep);
      return after < commits.length
        ? { commits: commits.slice(after), last: commits.length }
        : undefined;
    });
  }

  progress(sweep: string): Promise<SweepProgress> {
    return this.take(() => {
      const progress = noProgress();
      for (const commit of this.commitsOf(sweep)) addCommitted(progress, commit);
      return progress;
    });
  }

  unnamed(files: readonly string[]): Promise<string[]> {
    return this.take(() => {
      const named = new Set(this.disk.commits.map(({ file }) => file));
      return files.filter((file) => !named.has(file));
    });
  }

  commitsOverlapping(sweep: string, { first, end }: Range): Promise<Commit[]> {
    return this.take(() =>
      this.commitsOf(sweep).filter(({ range }) => range.first < end && first < range.end),
    );
  }

  revoke(sweep: string, files: readonly string[]): Promise<void> {
    return this.take(() => {
      this.disk.lostForNoReason.push(...files.filter((file) => !this.disk.removed.has(file)));
      const isRevoked = (commit: Commit) => commit.sweep === sweep && files.includes(commit.file);
      this.disk.commits = this.disk.commits.filter((commit) => !isRevoked(commit));
    });
  }

  addMismatch(mismatch: Mismatch): Promise<void> {
    return this.take(() => {
      this.disk.mismatches.push(mismatch);
    });
  }

  mismatches(sweep: string): Promise<Mismatch[]> {
    return this.take(() => this.disk.mismatches.filter((mismatch) => mismatch.sweep === sweep));
  }

  setMerged(sweep: string, merged: MergedSweep): Promise<void> {
    return this.take(() => {
      const row = this.disk.sweeps.find((candidate) => candidate.sweep === sweep);
      if (row !== undefined) row.merged = merged;
      this.disk.commits = this.disk.commits.filter((commit) => commit.sweep !== sweep);
    });
  }

  confirm(): Promise<void> {
    return this.take(() => {});
  }

  async close(): Promise<void> {}

  private commitsOf(sweep: string): Commit[] {
    return this.disk.commits
      .filter((commit) => commit.sweep === sweep)
      .sort((a, b) => a.range.first - b.range.first);
  }

  /** One call after another, each at some moment between its beginning and its answer. */
  private take<T>(act: () => T): Promise<T> {
    const taken = this.queue.then(async () => {
      await this.delay();
      if (this.epoch !== this.disk.epoch) {
        this.reason ??= `start ${this.disk.epoch} has taken over from ${this.epoch}`;
        this.lose(this.reason);
      }
      if (this.reason !== undefined) throw new JournalLost(this.reason, false);
      const result = act();
      if (this.disk.losing() < ANSWERS_LOST) this.reason = "the answer was lost";
      if (this.reason !== undefined) {
        this.lose(this.reason);
        throw new JournalLost(this.reason, true);
      }
      await this.delay();
      return result;
    });
    this.queue = taken.catch(() => {});
    return taken;
  }
}
