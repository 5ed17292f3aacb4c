import type { Clock } from "../shared/clock.ts";
import type { CoordinatorMessage } from "../shared/generated/phasesweep/v1/CoordinatorMessage.ts";
import type { Lease } from "../shared/generated/phasesweep/v1/Lease.ts";
import type { DatasetStore } from "./dataset_store.ts";
import type { Observer } from "./observer.ts";
import { PartsInHand, type ReceivedPart } from "./parts_in_hand.ts";
import type { Effect, Event, UntimedEvent } from "./state/events.ts";
import { initialState, type Rules, type State } from "./state/state.ts";
import { step } from "./state/step.ts";
import type { Storage } from "./storage.ts";
import { SweepFacts } from "./sweeps/sweep_facts.ts";
import {
  type SubmitOptions,
  type Submitted,
  SweepRegister,
  type Wish,
} from "./sweeps/sweep_register.ts";
import { SweepWatch } from "./sweeps/sweep_watch.ts";

export interface CoordinatorOptions {
  readonly storage: Storage;
  /** The storage belongs to one sweep, as in `run`. */
  readonly singleSweep: boolean;
  readonly clock: Clock;
  readonly rules: Omit<Rules, "epoch">;
  readonly observer?: Observer | undefined;
}

type LeaseEffect = Extract<Effect, { type: "send_lease" }>;

const TICK_MS = 250;

/** Leases of one message: the worker is to begin while further ones are granted. */
const MESSAGE_LEASES = 64;

/**
 * The shell around the pure scheduler (state/step.ts): it turns calls into events, runs the
 * effects in order, and owns the clock and the workers' streams.
 */
export class Coordinator {
  readonly watch: SweepWatch;
  readonly observer: Observer;
  readonly clock: Clock;
  private readonly storage: Storage;
  private readonly parts: PartsInHand;
  private readonly register: SweepRegister;
  private state: State;
  private readonly sessions = new Map<string, (message: CoordinatorMessage) => void>();
  private readonly unsentLeases = new Map<string, Lease[]>();
  private readonly events: UntimedEvent[] = [];
  private dispatching = false;
  /** Why workers are sent home. */
  private goodbye: string | undefined;
  private stopTicking: () => void = () => {};
  private stopped = false;

  private constructor({ storage, clock, rules, singleSweep, observer = {} }: CoordinatorOptions) {
    this.clock = clock;
    this.observer = observer;
    this.storage = storage;
    this.state = initialState({ ...rules, epoch: storage.journal.epoch });
    const dispatch = (event: UntimedEvent) => this.dispatch(event);
    const state = () => this.state;
    const facts = new SweepFacts();
    this.parts = new PartsInHand({ storage, clock, facts, dispatch, observer });
    const { parts } = this;
    this.register = new SweepRegister({
      ...{ storage, singleSweep, clock, facts, parts, state, dispatch, observer },
    });
    this.watch = new SweepWatch(clock, state, facts, (sweep) => storage.resultsFolder(sweep));
  }

  /** Replays the journal of a storage and starts the clock. */
  static async open(options: CoordinatorOptions): Promise<Coordinator> {
    const coordinator = new Coordinator(options);
    await coordinator.register.open();
    coordinator.tick();
    return coordinator;
  }

  /** Accepts a sweep (sweep_register.ts). @throws UsageError */
  submit(plan_json: string, options: SubmitOptions = {}): Promise<Submitted> {
    return this.register.submit(plan_json, options);
  }

  /** Pauses, resumes, cancels or prioritises a sweep. @throws UsageError */
  control(sweep: string, wish: Wish): Promise<void> {
    return this.register.control(sweep, wish);
  }

  /** The plan that a worker needs for the shards of a sweep. */
  planJson(sweep: string): string | undefined {
    return this.register.planJson(sweep);
  }

  /** Cells of a sweep that this process took over from earlier ones. */
  cellsCopied(sweep: string): number {
    return this.register.cellsCopied(sweep);
  }

  /** Bytes of parts that wait for the disk. */
  get bytesWaiting(): number {
    return this.parts.bytesWaiting;
  }

  /** The stored data sets that sweeps here refer to. */
  get datasets(): DatasetStore {
    return this.storage.datasets;
  }

  /** A stored data set was found missing: fails the sweeps that need it. */
  datasetsChanged(): Promise<void> {
    return this.register.checkDatasets();
  }

  /** Connects a worker's stream; a later stream of the same worker takes its place. */
  openSession(worker: string, send: (message: CoordinatorMessage) => void): void {
    const before = this.sessions.get(worker);
    this.unsentLeases.delete(worker);
    this.sessions.set(worker, send);
    // Where it is the same worker, on a new line, nobody reads this.
    const reason = `another worker of the name '${worker}' has connected; give each its own --name`;
    before?.({ refusal: { reason } });
    if (this.goodbye !== undefined) send({ goodbye: { reason: this.goodbye, done: true } });
  }

  /** Tells every worker, also those that come later, that there is nothing more to do. */
  sendHome(reason: string): void {
    this.goodbye = reason;
    for (const worker of this.sessions.keys())
      this.send(worker, { goodbye: { reason, done: true } });
  }

  /** Workers that are connected. */
  get sessionCount(): number {
    return this.sessions.size;
  }

  /** The stream ended. Nothing happens if a later one has taken its place. */
  closeSession(worker: string, send: (message: CoordinatorMessage) => void): void {
    if (this.sessions.get(worker) !== send) return;
    this.sessions.delete(worker);
    this.dispatch({ type: "worker_lost", worker });
  }

  /**
   * The process of a worker is known to be dead. `how`: its signal or exit code; `crashed`: it died
   * of what it did, and was not killed.
   */
  workerDied(worker: string, how: string, crashed: boolean): void {
    this.sessions.delete(worker);
    this.dispatch({ type: "worker_died", worker, how, crashed });
  }

  partArrived(received: ReceivedPart): void {
    const part = this.parts.take(received);
    if (part !== undefined) this.dispatch({ type: "part_arrived", part });
  }

  /** Feeds one event to the scheduler and runs what follows from it, one event at a time. */
  dispatch(event: UntimedEvent): void {
    this.events.push(event);
    if (this.dispatching) return;
    this.dispatching = true;
    try {
      for (let next = this.events.shift(); next !== undefined; next = this.events.shift()) {
        if (this.stopped) continue;
        const now_ms = this.clock.nowMs();
        const { state, effects } = step(this.state, { ...next, now_ms } as Event);
        this.state = state;
        this.observer.stepped?.(next, effects, state);
        for (const effect of effects) this.perform(effect);
      }
    } finally {
      this.dispatching = false;
    }
  }

  /** Finishes what is on its way to the disk and closes the storage. */
  async close(): Promise<void> {
    this.stopTicking();
    await this.register.idle();
    await this.parts.idle();
    // What came to the disk just now may have been the last of its sweep.
    await this.register.idle();
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
        this.parts.store(effect.part, effect.ranges);
        return;
      case "send_shrink": {
        const { worker, lease, cells } = effect;
        this.send(worker, { shrink: { lease, cellCount: cells } });
        return;
      }
      case "send_goodbye":
        this.send(effect.worker, { goodbye: { reason: effect.reason } });
        return;
      case "compare_duplicate":
        this.parts.compare(effect.part, effect.numeric_class);
        return;
      case "drop_part":
        this.parts.settle(effect.part, { outcome: "duplicate" });
        return;
      case "refuse_part":
        this.parts.settle(effect.part, { outcome: "refused", reason: effect.reason });
        return;
      case "lease_ended":
        return;
      case "merge":
        this.register.merge(effect.sweep);
        return;
      case "sweep_changed":
        this.watch.changed(effect.sweep);
        return;
    }
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
    this.stopTicking = this.clock.after(TICK_MS, () => {
      this.dispatch({ type: "tick" });
      this.tick();
    });
  }
}
