import type { Clock } from "../../shared/clock.ts";
import { messageOf } from "../../shared/errors.ts";
import { JournalLost } from "../journal/journal.ts";
import type { Observer } from "../observer.ts";
import type { Storage } from "../storage.ts";
import { type PartFile, partFileName, placeParts, type UnplacedCommit } from "./part_files.ts";

interface Waiting {
  readonly commit: UnplacedCommit;
  readonly bytes: Uint8Array;
  /** `for_good`: the storage is gone, and waiting does not help. */
  readonly settled: (error: string | undefined, for_good: boolean) => void;
}

/**
 * Makes parts durable in groups: while one group is on its way to the disk the next one gathers,
 * so the cost of syncing is shared by whatever arrived meanwhile.
 */
export class Committer {
  private readonly storage: Storage;
  private readonly clock: Clock;
  private readonly observer: Observer;
  private waiting: Waiting[] = [];
  private running: Promise<void> | undefined;
  private filesNamed = 0;

  constructor(storage: Storage, clock: Clock, observer: Observer) {
    this.storage = storage;
    this.clock = clock;
    this.observer = observer;
  }

  /** Calls `settled` with undefined once file and journal are durable, else with the error. */
  add(commit: UnplacedCommit, bytes: Uint8Array, settled: Waiting["settled"]): void {
    this.waiting.push({ commit, bytes, settled });
    this.running ??= this.run().finally(() => {
      this.running = undefined;
    });
  }

  nextFile(sweep: string): string {
    return partFileName(sweep, this.storage.journal.epoch, ++this.filesNamed);
  }

  /** Resolves when nothing is on its way to the disk. */
  async idle(): Promise<void> {
    while (this.running !== undefined) await this.running;
  }

  private async run(): Promise<void> {
    while (this.waiting.length > 0) {
      const group = this.waiting;
      this.waiting = [];
      let files: PartFile[] = [];
      let error: string | undefined;
      const began_ms = this.clock.nowMs();
      let synced_ms = began_ms;
      try {
        files = placeParts(group, (sweep) => this.nextFile(sweep));
        for (const { file, chunks } of files) await this.storage.writeParts(file, chunks);
        await this.storage.syncParts();
        synced_ms = this.clock.nowMs();
        await this.storage.journal.commit(files.flatMap(({ commits }) => commits));
      } catch (thrown) {
        error = `the part could not be stored in ${this.storage.place}: ${messageOf(thrown)}`;
        // None of them is journaled, so none may stay; what cannot be removed goes at the next start.
        // If the answer of the journal was lost they may be, and the next coordinator knows.
        if (!(thrown instanceof JournalLost && thrown.mayHaveActed)) {
          await this.storage.removeParts(files.map(({ file }) => file)).catch(() => {});
        }
      }
      this.observer.groupStored?.({
        parts: group.length,
        bytes: group.reduce((sum, { bytes }) => sum + bytes.length, 0),
        files_ms: synced_ms - began_ms,
        journal_ms: this.clock.nowMs() - synced_ms,
        error,
      });
      const for_good = error !== undefined && !this.storage.isThere();
      for (const { settled } of group) settled(error, for_good);
    }
  }
}
