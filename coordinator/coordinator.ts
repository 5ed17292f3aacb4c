import type { Clock } from "../shared/clock.ts";
import { messageOf, UsageError } from "../shared/errors.ts";
import type { CoordinatorMessage } from "../shared/generated/phasesweep/v1/CoordinatorMessage.ts";
import { PRIORITY_MAX, SWEEPS_MAX } from "../shared/limits.ts";
import { type Plan, parsePlan, planDigest } from "../shared/plan.ts";
import { subtract, union } from "../shared/ranges.ts";
import type { Journal } from "./journal.ts";
import { PartsInHand, type ReceivedPart } from "./parts_in_hand.ts";
import type { Effect, Event, SweepControl, UntimedEvent } from "./state/events.ts";
import { initialState, type Rules, type State } from "./state/state.ts";
import { step } from "./state/step.ts";
import { canBecome } from "./state/transitions.ts";
import type { Storage } from "./storage.ts";
import { SweepWatch } from "./sweep_watch.ts";

export interface CoordinatorOptions {
  readonly storage: Storage;
  /** The storage belongs to one sweep, as in `run`. */
  readonly singleSweep: boolean;
  readonly clock: Clock;
  readonly rules: Omit<Rules, "epoch">;
}

/** What somebody wants of a sweep; what is not given stays as it is. */
export interface Wish {
  readonly control?: SweepControl;
  readonly priority?: number;
}

const TICK_MS = 250;

/**
 * The shell around the pure scheduler (state/step.ts): it turns calls into events, runs the
 * effects in order, and owns the journal, the parts and the clock.
 */
export class Coordinator {
  private readonly storage: Storage;
  private readonly journal: Journal;
  readonly watch: SweepWatch;
  private readonly options: CoordinatorOptions;
  private readonly parts: PartsInHand;
  private state: State;
  private readonly plans = new Map<string, { plan_json: string; digest: string }>();
  private readonly sessions = new Map<string, (message: CoordinatorMessage) => void>();
  private readonly merges = new Set<Promise<void>>();
  private readonly events: UntimedEvent[] = [];
  private dispatching = false;
  private stopTicking: () => void = () => {};
  private stopped = false;

  private constructor(options: CoordinatorOptions) {
    const { storage, clock, rules } = options;
    this.options = options;
    this.storage = storage;
    this.journal = storage.journal;
    this.parts = new PartsInHand(storage, clock, (event) => this.dispatch(event));
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
  async submit(
    plan_json: string,
    priority?: number,
  ): Promise<{ sweep: string; existing: boolean }> {
    const plan = parsePlan(plan_json);
    const digest = planDigest(plan);
    const known = this.plans.get(plan.name);
    if (known !== undefined && known.digest === digest) {
      const { status } = this.state.sweeps.get(plan.name)!;
      const wish = priority === undefined ? {} : { priority };
      if (status === "failed" || status === "cancelled") {
        this.control(plan.name, { ...wish, control: "running" });
      } else if (priority !== undefined) this.control(plan.name, wish);
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
    const submitted_ms = this.options.clock.wallMs();
    this.journal.addSweep(plan.name, plan_json, digest, priority ?? 0, submitted_ms);
    this.plans.set(plan.name, { plan_json, digest });
    await this.restore(plan.name, plan);
    return { sweep: plan.name, existing: false };
  }

  /**
   * Pauses, resumes, cancels or prioritises a sweep, durably.
   * @throws UsageError if there is no such sweep, or its state does not allow it.
   */
  control(id: string, { control, priority }: Wish): void {
    const sweep = this.state.sweeps.get(id);
    if (sweep === undefined) throw noSuchSweep(id);
    const { status } = sweep;
    if (priority !== undefined && !(Math.abs(priority) <= PRIORITY_MAX)) {
      throw new UsageError({
        place: `sweep ${id}`,
        problem: `priority ${priority} is outside −${PRIORITY_MAX} to ${PRIORITY_MAX} (PRIORITY_MAX)`,
        fix: "give a smaller one",
      });
    }
    if (control !== undefined && status !== control && !canBecome(status, control)) {
      throw new UsageError({
        place: `sweep ${id}`,
        problem: `it is ${status} and cannot become ${control}`,
        fix: "`phasesweep status` shows the state of every sweep",
      });
    }
    const row = this.journal.sweeps().find((journaled) => journaled.sweep === id)!;
    const wish = { control: control ?? row.control, priority: priority ?? sweep.priority };
    this.journal.setControl(id, wish.control, wish.priority);
    this.dispatch({ type: "sweep_controlled", sweep: id, ...wish });
  }

  planJson(sweep: string): string | undefined {
    return this.plans.get(sweep)?.plan_json;
  }

  /** Connects a worker's stream; a later stream of the same worker takes its place. */
  openSession(worker: string, send: (message: CoordinatorMessage) => void): void {
    this.sessions.set(worker, send);
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
    await this.parts.idle();
    await Promise.allSettled(this.merges);
    this.stopped = true;
    this.watch.close();
    this.journal.close();
  }

  private perform(effect: Effect): void {
    switch (effect.type) {
      case "send_lease": {
        const { worker, lease, sweep, range } = effect;
        const cell_count = range.end - range.first;
        this.send(worker, {
          lease: { lease, sweep, firstCell: range.first, cellCount: cell_count },
        });
        return;
      }
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
        this.parts.compare(effect.part, effect.ranges);
        return;
      case "drop_part":
        this.parts.settle(effect.part, { outcome: "duplicate" });
        return;
      case "refuse_part":
        this.parts.settle(effect.part, { outcome: "refused", reason: effect.reason });
        return;
      case "merge":
        this.merge(effect.sweep);
        return;
      case "sweep_changed":
        this.watch.changed(effect.sweep);
        return;
    }
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
        await this.parts.compared();
        await this.storage.removeParts(commits.map(({ file }) => file));
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
    const journaled = this.journal.sweeps().find((row) => row.sweep === sweep)!;
    const mismatches = this.journal.mismatches(sweep);
    let { merged } = journaled;
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
      before: {
        done: merged === null ? union(committed, []) : subtract(all, union(lacking, [])),
        failures: merged?.failures ?? [],
        phases,
        shards_committed: merged?.shards_committed ?? commits.length,
        merged: merged !== null,
        priority: journaled.priority,
        control: journaled.control,
        duplicates: mismatches.length,
        mismatches: mismatches.reduce((sum, { cells }) => sum + cells, 0),
      },
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

  private send(worker: string, message: CoordinatorMessage): void {
    this.sessions.get(worker)?.(message);
  }

  private tick(): void {
    this.stopTicking = this.options.clock.after(TICK_MS, () => {
      this.dispatch({ type: "tick" });
      this.tick();
    });
  }
}

function noSuchSweep(sweep: string): UsageError {
  return new UsageError({
    place: `sweep ${sweep}`,
    problem: "there is no such sweep here",
    fix: "`phasesweep status` lists those that are",
  });
}
