import type { Commit, Journal, JournaledSweep, MergedSweep } from "../../coordinator/journal.ts";
import { piecesByWindow } from "../../coordinator/results/pieces.ts";
import type { Storage } from "../../coordinator/storage.ts";
import { sha256Hex } from "../../shared/canonical.ts";
import type { Plan } from "../../shared/plan.ts";
import type { Range } from "../../shared/ranges.ts";
import type { ProcessClock } from "./sim_clock.ts";

interface StoredPart {
  bytes: Uint8Array;
  synced: boolean;
}

/** The disk of a coordinator: it outlives its processes, and forgets what was not synced. */
export class SimDisk {
  epoch = 0;
  readonly sweeps: { -readonly [K in keyof JournaledSweep]: JournaledSweep[K] }[] = [];
  commits: Commit[] = [];
  readonly parts = new Map<string, StoredPart>();
  readonly merged = new Map<string, string>();
  private readonly random: () => number;
  /** Probability that a write fails as on a full disk. */
  failing = 0;

  constructor(random: () => number) {
    this.random = random;
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
  private readonly disk: SimDisk;
  private readonly clock: ProcessClock;
  private readonly random: () => number;

  constructor(disk: SimDisk, clock: ProcessClock, random: () => number) {
    this.disk = disk;
    this.clock = clock;
    this.random = random;
    this.journal = new SimJournal(disk);
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

  async removeParts(files: readonly string[]): Promise<void> {
    await this.delay();
    for (const file of files) this.disk.parts.delete(file);
  }

  async listParts(): Promise<string[]> {
    await this.delay();
    return [...this.disk.parts.keys()];
  }

  /** Reads every cell from the part that the commits name, as production finds it. */
  async merge(
    plan: Plan,
    commits: readonly Commit[],
    without: readonly Range[],
  ): Promise<{ sha256: string }> {
    await this.delay();
    const cells: string[] = [];
    for (const window of piecesByWindow(plan, commits, without, "", 1000)) {
      for (const { path, part_first, first, end, commit } of window) {
        const part = this.disk.parts.get(path);
        if (part === undefined) throw new Error(`part ${path} is not on the disk`);
        const bytes = part.bytes.subarray(commit.offset, commit.offset + commit.bytes);
        const rows = new TextDecoder().decode(bytes).split("\n");
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

  async close(): Promise<void> {
    this.journal.close();
  }

  async isMerged(sweep: string): Promise<boolean> {
    return this.disk.merged.has(sweep);
  }

  resultsFolder(sweep: string): string {
    return `simulated/${sweep}`;
  }

  private delay(): Promise<void> {
    return this.clock.sleep(20 * this.random());
  }
}

class SimJournal implements Journal {
  readonly epoch: number;
  private readonly disk: SimDisk;

  constructor(disk: SimDisk) {
    this.disk = disk;
    this.epoch = ++disk.epoch;
  }

  sweeps(): JournaledSweep[] {
    return this.disk.sweeps.map((row) => ({ ...row }));
  }

  addSweep(sweep: string, plan_json: string, plan_digest: string): void {
    this.disk.sweeps.push({ sweep, plan_json, plan_digest, merged: null });
  }

  commit(commits: readonly Commit[]): void {
    this.disk.commits.push(...commits);
  }

  commits(sweep: string): Commit[] {
    return this.disk.commits
      .filter((commit) => commit.sweep === sweep)
      .sort((a, b) => a.range.first - b.range.first);
  }

  commitsOfRange(sweep: string, { first, end }: Range): Commit[] {
    return this.commits(sweep).filter(({ range }) => range.first === first && range.end === end);
  }

  setMerged(sweep: string, merged: MergedSweep): void {
    this.replaceCommits(sweep, merged);
  }

  reopen(sweep: string): void {
    this.replaceCommits(sweep, null);
  }

  private replaceCommits(sweep: string, merged: MergedSweep | null): void {
    const row = this.disk.sweeps.find((candidate) => candidate.sweep === sweep);
    if (row !== undefined) row.merged = merged;
    this.disk.commits = this.disk.commits.filter((commit) => commit.sweep !== sweep);
  }

  close(): void {}
}
