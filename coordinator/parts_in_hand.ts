import type { Clock } from "../shared/clock.ts";
import { COMMIT_QUEUE_BYTES_MAX } from "../shared/limits.ts";
import type { Range } from "../shared/ranges.ts";
import type { Observer } from "./observer.ts";
import { Committer } from "./results/committer.ts";
import type { ArrivedPart, UntimedEvent } from "./state/events.ts";
import type { Storage } from "./storage.ts";
import type { SweepFacts } from "./sweeps/sweep_facts.ts";

/** A part as it came over the wire, with what only the shell needs. */
export interface ReceivedPart {
  readonly part: Omit<ArrivedPart, "id">;
  readonly bytes: Uint8Array;
  readonly sha256: string;
  readonly host: string;
  /** The worker's release. */
  readonly version: string;
  readonly slot: number;
  readonly started_ms: number;
  /** Called once, when the part is durable or refused. */
  readonly settled: (outcome: PartOutcome) => void;
}

export type PartOutcome =
  | { readonly outcome: "committed" | "duplicate" }
  /** retry: the same part may be taken later. */
  | { readonly outcome: "refused" | "retry"; readonly reason: string };

export interface PartsInHandOptions {
  readonly storage: Storage;
  readonly clock: Clock;
  readonly facts: SweepFacts;
  readonly dispatch: (event: UntimedEvent) => void;
  readonly observer: Observer;
}

/** The parts between their arrival and the answer to whoever handed them in. */
export class PartsInHand {
  private readonly storage: Storage;
  private readonly clock: Clock;
  private readonly facts: SweepFacts;
  private readonly dispatch: (event: UntimedEvent) => void;
  private readonly observer: Observer;
  private readonly committer: Committer;
  private readonly received = new Map<number, ReceivedPart>();
  private readonly comparisons = new Set<Promise<void>>();
  private taken = 0;
  private bytesHeld = 0;

  constructor({ storage, clock, facts, dispatch, observer }: PartsInHandOptions) {
    this.facts = facts;
    this.storage = storage;
    this.clock = clock;
    this.dispatch = dispatch;
    this.observer = observer;
    this.committer = new Committer(storage, clock, observer);
  }

  /** Bytes of parts that wait for the disk. */
  get bytesWaiting(): number {
    return this.bytesHeld;
  }

  /** Takes a part in, or asks for it again later when too much waits for the disk already. */
  take(received: ReceivedPart): ArrivedPart | undefined {
    if (this.bytesWaiting + received.bytes.length > COMMIT_QUEUE_BYTES_MAX) {
      const reason = `${this.bytesWaiting} bytes of parts wait for the disk, near the limit of ${COMMIT_QUEUE_BYTES_MAX} (COMMIT_QUEUE_BYTES_MAX)`;
      received.settled({ outcome: "retry", reason });
      return undefined;
    }
    const id = ++this.taken;
    this.received.set(id, received);
    this.bytesHeld += received.bytes.length;
    return { id, ...received.part };
  }

  /** A name for a file of parts that no other file has or will have. */
  nextFile(sweep: string): string {
    return this.committer.nextFile(sweep);
  }

  /** Makes ranges of a part durable and journals them; the scheduler hears how that went. */
  store(part: ArrivedPart, ranges: readonly Range[]): void {
    const { bytes, sha256, host, version, slot, started_ms } = this.received.get(part.id)!;
    const { sweep, range, phases, worker, lease, compute_ms } = part;
    const commit = {
      sweep,
      sha256,
      bytes: bytes.length,
      range,
      accepted: ranges,
      phases,
      worker,
      host,
      version,
      slot,
      lease,
      started_ms,
      compute_ms,
      committed_ms: this.clock.wallMs(),
    };
    this.committer.add(commit, bytes, (error, for_good) => {
      if (error === undefined) {
        this.observer.partStored?.({ sweep, range, accepted: ranges, bytes });
        this.settle(part, { outcome: "committed" });
        this.dispatch({ type: "part_stored", part, ranges });
      } else {
        // First the scheduler, so that the lease is there again when the worker hears of it.
        this.dispatch({ type: "part_not_stored", part, ranges, error, for_good });
        this.settle(part, { outcome: "retry", reason: error });
      }
    });
  }

  /** Answers whoever handed the part in. */
  settle(part: ArrivedPart, outcome: PartOutcome): void {
    const received = this.received.get(part.id);
    if (received === undefined) return;
    this.received.delete(part.id);
    this.bytesHeld -= received.bytes.length;
    received.settled(outcome);
  }

  /**
   * Holds what came twice against what is committed, as its numeric class asks for; a difference goes
   * into the journal.
   */
  compare({ id, sweep, range, worker }: ArrivedPart, numeric_class: string): void {
    const { journal } = this.storage;
    const { bytes, sha256 } = this.received.get(id)!;
    const duplicate = { id: `${journal.epoch}-${id}`, range, bytes, sha256, numeric_class };
    let mismatches = 0;
    const compare = async () => {
      for (const commit of await journal.commitsOverlapping(sweep, range)) {
        const cells = await this.storage.countDifferences(duplicate, commit);
        if (cells === 0) continue;
        mismatches += cells;
        const mismatch = { sweep, range, cells, worker, committed_by: commit.worker };
        await journal.addMismatch(mismatch);
        this.facts.addMismatch(mismatch);
      }
    };
    const comparison = compare()
      // What cannot be read, or noted, any more takes nothing from what was found.
      .catch(() => {})
      .then(() => this.dispatch({ type: "duplicate_compared", sweep, mismatches }))
      .finally(() => this.comparisons.delete(comparison));
    this.comparisons.add(comparison);
  }

  /** Resolves when nothing that runs now is being compared any more. */
  async compared(): Promise<void> {
    await Promise.all(this.comparisons);
  }

  /** Resolves when nothing is on its way to the disk. */
  async idle(): Promise<void> {
    await this.committer.idle();
    await this.compared();
  }
}
