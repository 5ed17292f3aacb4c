import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { type Clock, sleep } from "../../shared/clock.ts";
import { messageOf } from "../../shared/errors.ts";
import { writeDurably, writeSynced } from "../results/durable_file.ts";

/** The name of the lease in a results folder. */
const LEASE_FILE = "coordinator.lease";

/** Somebody who wants a folder for itself. */
export interface FolderHolder {
  /** Different for every process that there ever is. */
  readonly id: string;
  readonly host: string;
  readonly pid: number;
}

interface LeaseRecord extends FolderHolder {
  /** Counts the renewals, so that each has another text. */
  readonly renewal: number;
}

export interface FolderLeaseOptions {
  readonly folder: string;
  readonly holder: FolderHolder;
  /** A lease that nobody has renewed for so long is anybody's. */
  readonly lease_ms: number;
  readonly clock: Clock;
  readonly note: (line: string) => void;
  /** Nobody wants the folder any more. */
  readonly isStopped?: () => boolean;
}

/**
 * A results folder, held by one coordinator on a file system on which locks cannot be trusted. The
 * holder renews a file in it every quarter of the lease; another one takes the folder after it has
 * seen the same text for a whole lease. Each measures by its own monotonic clock, and the holder stops
 * relying on its lease after half of it, so clocks need not agree, only run at about the same speed.
 * A process that is stopped between its check and its write is not held up by this: whoever takes a
 * folder over puts a copy in place of the journal (journal_copy.ts), so that a late write goes nowhere.
 */
export class FolderLease {
  /** Resolves when another coordinator has the folder, with who. */
  readonly lost: Promise<string>;
  /** The one before did not let go of it: it was killed, or it still runs and is cut off. */
  readonly isTakenOver: boolean;
  private readonly options: FolderLeaseOptions;
  private renewed_ms: number;
  private renewal = 0;
  private cancelTimer: () => void = () => {};
  private renewing: Promise<void> = Promise.resolve();
  private released = false;
  private hasFailed = false;
  private lose: (by: string) => void = () => {};

  private constructor(options: FolderLeaseOptions, isTakenOver: boolean, renewed_ms: number) {
    this.options = options;
    this.isTakenOver = isTakenOver;
    this.renewed_ms = renewed_ms;
    this.lost = new Promise((resolve) => {
      this.lose = resolve;
    });
    this.renewLater();
  }

  /**
   * Waits until the folder is free, or has not been held for a lease, and takes it; undefined if it was
   * stopped before.
   */
  static async acquire(options: FolderLeaseOptions): Promise<FolderLease | undefined> {
    const { clock, lease_ms, holder, folder, note, isStopped = () => false } = options;
    const path = join(folder, LEASE_FILE);
    let seen: string | undefined;
    let since_ms = clock.nowMs();
    for (;;) {
      if (isStopped()) return undefined;
      const claimed_ms = clock.nowMs();
      const text = await readLease(path);
      if (text === undefined) {
        if (await create(path, recordText(holder, 0))) {
          return new FolderLease(options, false, claimed_ms);
        }
        continue;
      }
      if (text !== seen) {
        if (seen === undefined || parseLease(text)?.id !== parseLease(seen)?.id) {
          note(`${describe(text)} holds ${folder}; waiting until it does not`);
        }
        seen = text;
        since_ms = clock.nowMs();
      } else if (clock.nowMs() - since_ms >= lease_ms) {
        await replace(path, holder, 0);
        // Another one, or the holder itself, may have written at the same time: the last one has it.
        await sleep(clock, lease_ms / 4);
        const now = await readLease(path);
        if (parseLease(now)?.id === holder.id) {
          note(`${describe(text)} has been silent for ${lease_ms / 1000} s; taking ${folder} over`);
          return new FolderLease(options, true, claimed_ms);
        }
      }
      await sleep(clock, lease_ms / 16);
    }
  }

  /** Whether it was renewed within half a lease: what is written then is nobody else's yet. */
  isHeld(): boolean {
    const { clock, lease_ms } = this.options;
    return !this.released && clock.nowMs() - this.renewed_ms < lease_ms / 2;
  }

  /** Lets go of the folder, so that the next one need not wait. */
  async release(): Promise<void> {
    const isHeld = this.isHeld();
    this.released = true;
    this.cancelTimer();
    await this.renewing;
    const path = join(this.options.folder, LEASE_FILE);
    if (isHeld && parseLease(await readLease(path))?.id === this.options.holder.id) {
      await rm(path, { force: true });
    }
  }

  private renewLater(): void {
    const { clock, lease_ms, note } = this.options;
    const due_ms = Math.max(0, this.renewed_ms + lease_ms / 4 - clock.nowMs());
    this.cancelTimer = clock.after(this.hasFailed ? lease_ms / 16 : due_ms, () => {
      this.renewing = this.renew().then(
        () => {
          this.hasFailed = false;
        },
        (error: unknown) => {
          this.hasFailed = true;
          note(`the lease of ${this.options.folder} is not renewed: ${messageOf(error)}`);
        },
      );
      void this.renewing.then(() => {
        if (!this.released) this.renewLater();
      });
    });
  }

  private async renew(): Promise<void> {
    const { clock, lease_ms, folder, holder } = this.options;
    const path = join(folder, LEASE_FILE);
    const began_ms = clock.nowMs();
    if (await this.isAnothers(path)) return;
    const isLate = !this.isHeld();
    this.renewal++;
    await replace(path, holder, this.renewal);
    if (isLate) {
      // Somebody may be about to take it: as in acquire, the last one to write has it.
      await sleep(clock, lease_ms / 4);
      if (await this.isAnothers(path)) return;
    }
    this.renewed_ms = began_ms;
  }

  private async isAnothers(path: string): Promise<boolean> {
    const text = await readLease(path);
    if (parseLease(text)?.id === this.options.holder.id) return false;
    this.released = true;
    this.lose(text === undefined ? "nobody" : describe(text));
    return true;
  }
}

function recordText(holder: FolderHolder, renewal: number): string {
  const record: LeaseRecord = { ...holder, renewal };
  return `${JSON.stringify(record)}\n`;
}

function parseLease(text: string | undefined): LeaseRecord | undefined {
  try {
    return text === undefined ? undefined : (JSON.parse(text) as LeaseRecord);
  } catch {
    return undefined;
  }
}

function describe(text: string): string {
  const record = parseLease(text);
  return record === undefined
    ? "a coordinator"
    : `the coordinator of process ${record.pid} on ${record.host}`;
}

/** The text of the lease; undefined where there is none. */
async function readLease(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    // On NFS a file that was replaced while it was read is stale; the next look finds the new one.
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return undefined;
    if (code === "ESTALE") return "";
    throw error;
  }
}

/** Writes a lease where there is none; false if another one was faster. */
async function create(path: string, text: string): Promise<boolean> {
  try {
    await writeSynced(path, [Buffer.from(text)]);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

/** Puts a lease in place of the one that is there, in one step; each holder by a name of its own. */
function replace(path: string, holder: FolderHolder, renewal: number): Promise<void> {
  return writeDurably(path, Buffer.from(recordText(holder, renewal)), `${path}.${holder.id}`);
}
