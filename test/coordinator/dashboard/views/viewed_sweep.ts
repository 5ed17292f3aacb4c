import { setImmediate } from "node:timers/promises";
import { Coordinator } from "../../../../coordinator/coordinator.ts";
import { SweepViews } from "../../../../coordinator/dashboard/views/sweep_views.ts";
import type {
  CurveEngine,
  SweepListener,
} from "../../../../coordinator/dashboard/views/view_source.ts";
import { FolderStorage } from "../../../../coordinator/storage.ts";
import { sha256Hex } from "../../../../shared/canonical.ts";
import { type Clock, systemClock } from "../../../../shared/clock.ts";
import type { Lease } from "../../../../shared/generated/phasesweep/v1/Lease.ts";
import { NO_LOG } from "../../../../shared/log.ts";
import { FLOAT64_EXACT } from "../../../../shared/numeric_class.ts";
import { PHASES, type Phase } from "../../../../shared/phases.ts";
import {
  cellCoordinates,
  groupIndexOf,
  type Plan,
  type PlannedGroup,
  parsePlan,
  serializePlan,
} from "../../../../shared/plan.ts";
import { allocateResultColumns, allocateTrajectories } from "../../../../shared/result_columns.ts";
import { PartWriter } from "../../../../worker/part_writer.ts";
import { RELEASE } from "../../../release.ts";

/** What a run ends in, in place of training it; null: it cannot be computed. */
export type Verdict = (group: PlannedGroup, seed: number, learning_rate: number) => Phase | null;

const RULES = {
  ...{ lease_ms: 600_000, reconnect_ms: 600_000, shard_ms: 100, leases_per_slot: 1 },
  ...{ losses_max: 9, company_ms: 0, storage_patience_ms: 0 },
};

/** Some cells of a group as a worker hands them in; no bytes where one cannot be computed. */
export type MakePart = (
  group: PlannedGroup,
  first: number,
  cells: number,
) => Promise<{ readonly bytes: Uint8Array | undefined; readonly phases: number[] }>;

export interface ViewedOptions {
  readonly singleSweep?: boolean;
  readonly curves?: CurveEngine;
  readonly siblings?: string;
  /** Of the views; the coordinator has that of the system. */
  readonly viewClock?: Clock;
}

/** A coordinator on a folder, the views of its sweeps, and one worker that computes on demand. */
export class ViewedSweep {
  readonly coordinator: Coordinator;
  readonly views: SweepViews;
  readonly storage: FolderStorage;
  readonly sweep: string;
  private readonly make: MakePart;
  private readonly leases: Lease[] = [];

  private constructor(
    coordinator: Coordinator,
    views: SweepViews,
    storage: FolderStorage,
    sweep: string,
    make: MakePart,
  ) {
    this.coordinator = coordinator;
    this.views = views;
    this.storage = storage;
    this.sweep = sweep;
    this.make = make;
    coordinator.openSession("w", (message) => {
      this.leases.push(...(message.leases?.leases ?? []));
    });
  }

  static async open(
    folder: string,
    plan: Plan,
    make: MakePart,
    { singleSweep = true, curves, siblings, viewClock = systemClock }: ViewedOptions = {},
  ): Promise<ViewedSweep> {
    const storage = await FolderStorage.open(folder, singleSweep, { siblings });
    const clock = systemClock;
    const views = new SweepViews({
      storage,
      clock: viewClock,
      log: NO_LOG,
      ...(curves === undefined ? {} : { curves }),
    });
    const coordinator = await Coordinator.open({
      ...{ storage, singleSweep, clock, rules: RULES, observer: views.observer },
    });
    await coordinator.submit(serializePlan(plan));
    return new ViewedSweep(coordinator, views, storage, plan.name, make);
  }

  /** The same sweep as another process finds it, whose journal and storage are those of the first. */
  static async reopen(before: ViewedSweep): Promise<ViewedSweep> {
    const { storage, sweep, make } = before;
    await before.views.close();
    const clock = systemClock;
    const views = new SweepViews({ storage, clock, log: NO_LOG });
    const coordinator = await Coordinator.open({
      ...{ storage, singleSweep: true, clock, rules: RULES, observer: views.observer },
    });
    return new ViewedSweep(coordinator, views, storage, sweep, make);
  }

  /** The plan in whose cells it is leased. */
  get plan(): Plan {
    return parsePlan(this.coordinator.planJson(this.sweep)!);
  }

  submit(plan: Plan) {
    return this.coordinator.submit(serializePlan(plan));
  }

  register(): void {
    this.coordinator.dispatch({
      ...{ type: "worker_registered", worker: "w", host: "h", slots: 1, held: [] },
      numeric_classes: [FLOAT64_EXACT, "float32-wasm"],
      ...RELEASE,
    });
  }

  get state(): string {
    return this.coordinator.watch.status(this.sweep)!.state!;
  }

  /** Computes up to so many leases; false once there are none left. */
  async compute(leases = Number.POSITIVE_INFINITY): Promise<boolean> {
    for (let done = 0; done < leases; done++) {
      await setImmediate();
      const next = this.leases.shift();
      if (next === undefined) return false;
      await this.handIn(next);
    }
    return true;
  }

  /** Computes until the sweep is over. */
  async finish(): Promise<void> {
    const over = new Promise<void>((resolve) => {
      this.coordinator.watch.subscribe(this.sweep, ({ state }) => {
        if (state === "done" || state === "failed") resolve();
      });
    });
    let isOver = false;
    over.then(() => {
      isOver = true;
    });
    while (!isOver) if (!(await this.compute())) await setImmediate();
  }

  async close(): Promise<void> {
    await this.views.close();
    await this.coordinator.close();
  }

  private async handIn({ lease = "", firstCell, cellCount }: Lease): Promise<void> {
    const work = this.plan;
    const [first, cells] = [Number(firstCell), Number(cellCount)];
    const group = work.groups[groupIndexOf(work, first)]!;
    const { bytes, phases } = await this.make(group, first, cells);
    if (bytes === undefined) {
      const error = "the engine threw";
      this.coordinator.dispatch({ type: "shard_failed", worker: "w", lease, error });
      return;
    }
    await new Promise<void>((resolve, reject) => {
      this.coordinator.partArrived({
        part: {
          ...{ worker: "w", lease, sweep: this.sweep, phases, compute_ms: cells / 10 },
          range: { first, end: first + cells },
        },
        ...{ bytes, sha256: sha256Hex(bytes), host: "h", version: "0.1.0", slot: 0, started_ms: 0 },
        settled: (outcome) => ("reason" in outcome ? reject(new Error(outcome.reason)) : resolve()),
      });
    });
  }
}

/** Parts of made-up numbers, in which runs end as `verdict` says. */
export function endingAs(verdict: Verdict): MakePart {
  return (group, first, cells) => makePart(group, first, cells, verdict);
}

async function makePart(
  group: PlannedGroup,
  first: number,
  cells: number,
  verdict: Verdict,
): ReturnType<MakePart> {
  const { seeds, learning_rates } = cellCoordinates(group, first, cells);
  const results = allocateResultColumns(cells);
  const lists = allocateTrajectories(group.shape, cells);
  const phases = [0, 0, 0, 0];
  for (let row = 0; row < cells; row++) {
    const [seed, rate] = [seeds[row]!, learning_rates[row]!];
    const phase = verdict(group, seed, rate);
    if (phase === null) return { bytes: undefined, phases };
    const code = PHASES.indexOf(phase);
    phases[code]!++;
    for (const [name, column] of Object.entries(results)) column[row] = rate + name.length + seed;
    results.phase[row] = code;
    results.diverged_at[row] = phase === "divergent" ? 7 : -1;
    results.ntk_final[row] = phase === "divergent" ? Number.NaN : seed * rate;
    if (lists === undefined) continue;
    lists.counts[row] = lists.points;
    for (let j = 0; j < lists.points; j++) lists.loss[row * lists.points + j] = rate / (1 + j);
  }
  const writer = await PartWriter.open(cells, group.shape);
  await writer.add(learning_rates, results, lists);
  return { bytes: await writer.finish(), phases };
}

/** Gathers what a follower is told. */
export class Gathered implements SweepListener {
  readonly changes: Parameters<SweepListener["cells"]>[0][] = [];
  readonly plans: string[] = [];
  readonly found: Parameters<SweepListener["boundaries"]>[0][] = [];

  cells(change: Parameters<SweepListener["cells"]>[0]): void {
    this.changes.push(change);
  }

  plan(version: string): void {
    this.plans.push(version);
  }

  boundaries(boundaries: Parameters<SweepListener["boundaries"]>[0]): void {
    this.found.push(boundaries);
  }

  /** The cells as a page keeps them that began with `states`. */
  applied(states: Uint8Array, version: string): Uint8Array {
    const own = Uint8Array.from(states);
    for (const change of this.changes) {
      if (change.version !== version) continue;
      for (let i = 0; i < change.runs.length; i += 3) {
        const [first, count, code] = change.runs.slice(i, i + 3) as [number, number, number];
        own.fill(code, first, first + count);
      }
    }
    return own;
  }
}

/** Waits until something holds, as long as a test may, or for so many looks. */
export async function until(holds: () => boolean, looks = Number.POSITIVE_INFINITY): Promise<void> {
  for (let look = 0; look < looks && !holds(); look++) {
    await new Promise<void>((resolve) => {
      systemClock.after(20, resolve);
    });
  }
}

/** A clock that stands still but for `advance`. */
export class StandingClock implements Clock {
  private now = 0;
  private timers: { readonly at_ms: number; readonly action: () => void }[] = [];

  wallMs(): number {
    return this.now;
  }

  nowMs(): number {
    return this.now;
  }

  after(delay_ms: number, action: () => void): () => void {
    const timer = { at_ms: this.now + delay_ms, action };
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter((other) => other !== timer);
    };
  }

  advance(by_ms: number): void {
    const until = this.now + by_ms;
    for (;;) {
      const [next] = this.timers.toSorted((a, b) => a.at_ms - b.at_ms);
      if (next === undefined || next.at_ms > until) break;
      this.timers = this.timers.filter((other) => other !== next);
      this.now = next.at_ms;
      next.action();
    }
    this.now = until;
  }
}
