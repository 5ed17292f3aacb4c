import type { Clock } from "../shared/clock.ts";
import { messageOf, UsageError } from "../shared/errors.ts";
import type { CoordinatorMessage } from "../shared/generated/phasesweep/v1/CoordinatorMessage.ts";
import type { Lease } from "../shared/generated/phasesweep/v1/Lease.ts";
import { SWEEPS_MAX } from "../shared/limits.ts";
import { type Plan, parsePlan, planDigest } from "../shared/plan.ts";
import { type Range, subtract, union } from "../shared/ranges.ts";
import type { Journal } from "./journal.ts";
import { Committer } from "./results/committer.ts";
import type { ArrivedPart, Effect, Event } from "./state/events.ts";
import { initialState, type Rules, type State } from "./state/state.ts";
import { step } from "./state/step.ts";
import type { Storage } from "./storage.ts";
import { SweepWatch } from "./sweep_watch.ts";

export interface CoordinatorOptions {
  readonly storage: Storage;
  /** The storage belongs to one sweep, as in `run`. */
  readonly singleSweep: boolean;
  readonly clock: Clock;
  readonly rules: Omit<Rules, "epoch">;
}

/** A part as it came over the wire, with what only the shell needs. */
export interface ReceivedPart {
  readonly part: Omit<ArrivedPart, "id">;
  readonly bytes: Uint8Array;
  readonly sha256: string;
  readonly host: string;
  readonly slot: number;
  readonly started_ms: number;
  /** Called once, when the part is durable or refused. */
  readonly settled: (outcome: PartOutcome) => void;
}

export type PartOutcome =
  | { readonly outcome: "committed" | "duplicate" }
  | { readonly outcome: "refused"; readonly reason: string };

/** An event before the shell stamps it with the time. */
type UntimedEvent = Event extends infer E ? (E extends Event ? Omit<E, "now_ms"> : never) : never;

type LeaseEffect = Extract<Effect, { type: "send_lease" }>;

const TICK_MS = 250;

/** Leases of one message: the worker is to begin while further ones are granted. */
const MESSAGE_LEASES = 64;

/**
 * The shell around the pure scheduler (state/step.ts): it turns calls into events, runs the
 * effects in order, and owns the journal, the parts and the clock.
 */
export class Coordinator {
  private readonly storage: Storage;
  private readonly journal: Journal;
  readonly watch: SweepWatch;
  private readonly options: CoordinatorOptions;
  private readonly committer: Committer;
  private state: State;
  private readonly plans = new Map<string, { plan_json: string; digest: string }>();
  private readonly sessions = new Map<string, (message: CoordinatorMessage) => void>();
  private readonly unsentLeases = new Map<string, Lease[]>();
  private readonly received = new Map<number, ReceivedPart>();
  private readonly merges = new Set<Promise<void>>();
  private readonly events: UntimedEvent[] = [];
  private dispatching = false;
  private partsReceived = 0;
  private stopTicking: () => void = () => {};
  private stopped = false;

  private constructor(options: CoordinatorOptions) {
    const { storage, clock, rules } = options;
    this.options = options;
    this.storage = storage;
    this.journal = storage.journal;
    this.committer = new Committer(storage);
    this.state = initialState({ ...rules, epoch: storage.journal.epoch });
    this.watch = new SweepWatch(
      clock,
      () => this.state,
      storage.journal,
      (sweep) => storage.resultsFolder(sweep),
    );
  }

  /** Replays the journal of a storage and starts the clock. */
  static async open(options: CoordinatorOptions): Promise<Coordinator> {
    const coordinator = new Coordinator(options);
    await coordinator.removeOrphans();
    for (const { sweep, plan_json, plan_digest } of coordinator.journal.sweeps()) {
      coordinator.plans.set(sweep, { plan_json, digest: plan_digest });
      await coordinator.restore(sweep, parsePlan(plan_json));
    }
    coordinator.tick();
    return coordinator;
  }

  /**
   * Accepts a sweep, or finds the equal one that is there.
   * @throws UsageError if its name or the folder belongs to a different sweep.
   */
  async submit(plan_json: string): Promise<{ sweep: string; existing: boolean }> {
    const plan = parsePlan(plan_json);
    const digest = planDigest(plan);
    const known = this.plans.get(plan.name);
    if (known !== undefined && known.digest === digest) {
      if (this.state.sweeps.get(plan.name)?.status === "failed")
        await this.restore(plan.name, plan);
      return { sweep: plan.name, existing: true };
    }
    const other = this.options.singleSweep ? [...this.plans.keys()][0] : undefined;
    if (known !== undefined || other !== undefined) {
      throw new UsageError({
        place: this.storage.place,
        problem: `this folder holds sweep '${other ?? plan.name}', which is not the one in the sweep file`,
        fix: "keep its results by giving another folder with --results or another name, or remove the folder",
      });
    }
    if (this.plans.size >= SWEEPS_MAX) {
      throw new UsageError({
        place: this.storage.place,
        problem: `there are ${SWEEPS_MAX} sweeps already (SWEEPS_MAX)`,
        fix: "start a coordinator on another folder",
      });
    }
    this.journal.addSweep(plan.name, plan_json, digest, this.options.clock.wallMs());
    this.plans.set(plan.name, { plan_json, digest });
    await this.restore(plan.name, plan);
    return { sweep: plan.name, existing: false };
  }

  planJson(sweep: string): string | undefined {
    return this.plans.get(sweep)?.plan_json;
  }

  /** Connects a worker's stream; a later stream of the same worker takes its place. */
  openSession(worker: string, send: (message: CoordinatorMessage) => void): void {
    this.unsentLeases.delete(worker);
    this.sessions.set(worker, send);
  }

  /** The stream ended. Nothing happens if a later one has taken its place. */
  closeSession(worker: string, send: (message: CoordinatorMessage) => void): void {
    if (this.sessions.get(worker) !== send) return;
    this.sessions.delete(worker);
    this.dispatch({ type: "worker_lost", worker, certain: false });
  }

  /** The process of a worker is known to be dead. */
  workerDied(worker: string): void {
    this.sessions.delete(worker);
    this.dispatch({ type: "worker_lost", worker, certain: true });
  }

  partArrived(received: ReceivedPart): void {
    const id = ++this.partsReceived;
    this.received.set(id, received);
    this.dispatch({ type: "part_arrived", part: { id, ...received.part } });
  }

  /** Feeds one event to the scheduler and runs what follows from it, one event at a time. */
  dispatch(event: UntimedEvent): void {
    this.events.push(event);
    if (this.dispatching) return;
    this.dispatching = true;
    try {
      for (let next = this.events.shift(); next !== undefined; next = this.events.shift()) {
        if (this.stopped) continue;
        const now_ms = this.options.clock.nowMs();
        const { state, effects } = step(this.state, { ...next, now_ms } as Event);
        this.state = state;
        for (const effect of effects) this.perform(effect);
      }
    } finally {
      this.dispatching = false;
    }
  }

  /** Finishes what is on its way to the disk and closes the journal. */
  async close(): Promise<void> {
    this.stopTicking();
    await this.committer.idle();
    await Promise.allSettled(this.merges);
    this.stopped = true;
    this.watch.close();
    await this.storage.close();
  }

  private perform(effect: Effect): void {
    switch (effect.type) {
      case "send_lease":
        this.sendLease(effect);
        return;
      case "send_cancel":
        this.send(effect.worker, { cancel: { lease: effect.lease } });
        return;
      case "store_part":
        this.store(effect.part, effect.ranges);
        return;
      case "compare_duplicate": {
        const { sha256 } = this.received.get(effect.part.id)!;
        const { sweep, range } = effect.part;
        const first = this.journal.commitsOfRange(sweep, range)[0];
        this.settle(effect.part, { outcome: "duplicate" });
        const mismatch = first !== undefined && first.sha256 !== sha256;
        this.dispatch({ type: "duplicate_compared", sweep, mismatch });
        return;
      }
      case "refuse_part":
        this.settle(effect.part, { outcome: "refused", reason: effect.reason });
        return;
      case "merge":
        this.merge(effect.sweep);
        return;
      case "sweep_changed":
        this.watch.changed(effect.sweep);
        return;
    }
  }

  private store(part: ArrivedPart, ranges: readonly Range[]): void {
    const { bytes, sha256, host, slot, started_ms } = this.received.get(part.id)!;
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
      slot,
      lease,
      started_ms,
      compute_ms,
      committed_ms: this.options.clock.wallMs(),
    };
    this.committer.add(commit, bytes, (error) => {
      if (error === undefined) {
        this.settle(part, { outcome: "committed" });
        this.dispatch({ type: "part_stored", part, ranges });
      } else {
        this.settle(part, { outcome: "refused", reason: error });
        this.dispatch({ type: "part_not_stored", part, ranges, error });
      }
    });
  }

  private settle(part: ArrivedPart, outcome: PartOutcome): void {
    this.received.get(part.id)?.settled(outcome);
    this.received.delete(part.id);
  }

  private merge(sweep: string): void {
    const { plan, failures } = this.state.sweeps.get(sweep)!;
    const commits = this.journal.commits(sweep);
    const without = failures.map(({ range }) => range);
    const merging = this.storage
      .merge(plan, commits, without)
      .then(async ({ sha256 }) => {
        const { phases, shards_committed } = this.state.sweeps.get(sweep)!;
        this.journal.setMerged(sweep, { sha256, phases, shards_committed, failures });
        await this.storage.removeParts([...new Set(commits.map(({ file }) => file))]);
        this.dispatch({ type: "sweep_merged", sweep });
      })
      .catch((error: unknown) => {
        const problem = `the parts could not be merged: ${messageOf(error)}`;
        this.dispatch({ type: "merge_failed", sweep, error: problem });
      })
      .finally(() => this.merges.delete(merging));
    this.merges.add(merging);
  }

  /** Tells the scheduler what the journal knows of a sweep, after a look at what is on disk. */
  private async restore(sweep: string, plan: Plan): Promise<void> {
    let merged = this.journal.sweeps().find((row) => row.sweep === sweep)?.merged ?? null;
    if (merged !== null && !(await this.storage.isMerged(sweep))) {
      // Somebody removed the merged files, and the parts are gone: compute the cells again.
      this.journal.reopen(sweep);
      merged = null;
    }
    const commits = merged === null ? this.journal.commits(sweep) : [];
    const phases = merged === null ? [0, 0, 0, 0] : [...merged.phases];
    for (const commit of commits) {
      for (const [code, count] of commit.phases.entries()) phases[code] = phases[code]! + count;
    }
    const all = [{ first: 0, end: plan.cells }];
    const lacking = (merged?.failures ?? []).map(({ range }) => range);
    const committed = commits.flatMap(({ accepted }) => accepted);
    this.dispatch({
      type: "sweep_submitted",
      sweep,
      plan,
      done: merged === null ? union(committed, []) : subtract(all, union(lacking, [])),
      failures: merged?.failures ?? [],
      phases,
      shards_committed: merged?.shards_committed ?? commits.length,
      merged: merged !== null,
    });
  }

  /** Parts that no commit names: written but not journaled when a process died, or merged since. */
  private async removeOrphans(): Promise<void> {
    const named = new Set(
      this.journal.sweeps().flatMap(({ sweep }) => this.journal.commits(sweep).map((c) => c.file)),
    );
    const there = await this.storage.listParts();
    await this.storage.removeParts(there.filter((file) => !named.has(file)));
  }

  /** Leases of one moment go in few messages: they are sent when the present task is done. */
  private sendLease({ worker, lease, sweep, range: { first, end } }: LeaseEffect): void {
    if (this.unsentLeases.size === 0) {
      queueMicrotask(() => {
        for (const name of [...this.unsentLeases.keys()]) this.sendLeases(name);
      });
    }
    const leases = this.unsentLeases.get(worker) ?? [];
    leases.push({ lease, sweep, firstCell: first, cellCount: end - first });
    this.unsentLeases.set(worker, leases);
    if (leases.length >= MESSAGE_LEASES) this.sendLeases(worker);
  }

  private sendLeases(worker: string): void {
    const leases = this.unsentLeases.get(worker);
    if (leases === undefined) return;
    this.unsentLeases.delete(worker);
    this.sessions.get(worker)?.({ leases: { leases } });
  }

  /** Sends a message after the leases that were granted before it. */
  private send(worker: string, message: CoordinatorMessage): void {
    this.sendLeases(worker);
    this.sessions.get(worker)?.(message);
  }

  private tick(): void {
    this.stopTicking = this.options.clock.after(TICK_MS, () => {
      this.dispatch({ type: "tick" });
      this.tick();
    });
  }
}
