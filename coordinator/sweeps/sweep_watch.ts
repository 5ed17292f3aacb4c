import type { Clock } from "../../shared/clock.ts";
import type {
  SweepStatus,
  SweepStatus__Output,
} from "../../shared/generated/phasesweep/v1/SweepStatus.ts";
import type { WorkerStatus__Output } from "../../shared/generated/phasesweep/v1/WorkerStatus.ts";
import { CATAPULT, DIVERGENT, LAZY, UNSETTLED } from "../../shared/phases.ts";
import type { Plan } from "../../shared/plan.ts";
import { size } from "../../shared/ranges.ts";
import type { State, SweepState } from "../state/state.ts";
import { missingAbilities } from "./missing_abilities.ts";
import { ProgressMeter } from "./progress_meter.ts";
import type { SweepFacts } from "./sweep_facts.ts";

/** Watchers hear of changes at most this often. */
const NOTIFY_MS = 100;

/** Nothing more happens to a sweep in this state by itself. */
export function isOver(state: string | undefined): boolean {
  return state === "done" || state === "failed" || state === "cancelled";
}

type Listener = (status: SweepStatus) => void;

/** The state of sweeps and workers in the words of the wire, and those who want to hear of it. */
export class SweepWatch {
  private readonly clock: Clock;
  private readonly state: () => State;
  private readonly facts: SweepFacts;
  private readonly folderOf: (sweep: string) => string;
  private readonly meters = new Map<string, ProgressMeter>();
  private readonly listeners = new Map<string, Set<Listener>>();
  private readonly pending = new Map<string, () => void>();

  constructor(
    clock: Clock,
    state: () => State,
    facts: SweepFacts,
    folderOf: (sweep: string) => string,
  ) {
    this.clock = clock;
    this.state = state;
    this.facts = facts;
    this.folderOf = folderOf;
  }

  /** Calls `listener` at once and after changes; the returned function ends that. */
  subscribe(sweep: string, listener: Listener): () => void {
    const listeners = this.listeners.get(sweep) ?? new Set();
    listeners.add(listener);
    this.listeners.set(sweep, listeners);
    const status = this.status(sweep);
    if (status !== undefined) listener(status);
    return () => listeners.delete(listener);
  }

  changed(sweep: string): void {
    const state = this.state().sweeps.get(sweep);
    if (state === undefined) return;
    if (isOver(state.status)) {
      this.notify(sweep);
    } else if (!this.pending.has(sweep)) {
      this.pending.set(
        sweep,
        this.clock.after(NOTIFY_MS, () => this.notify(sweep)),
      );
    }
  }

  status(id: string): SweepStatus__Output | undefined {
    return this.statusOf(id, this.trainedCells());
  }

  /** Of several sweeps, with one look at the leases; names that are none are left out. */
  statuses(names: Iterable<string>): SweepStatus__Output[] {
    const trained = this.trainedCells();
    return [...names].flatMap((name) => this.statusOf(name, trained) ?? []);
  }

  /** Cells that leases report as trained, by sweep. */
  private trainedCells(): ReadonlyMap<string, number> {
    const trained = new Map<string, number>();
    for (const { sweep, cells_done, range } of this.state().leases.values()) {
      const cells = Math.min(cells_done, size([range]));
      trained.set(sweep, (trained.get(sweep) ?? 0) + cells);
    }
    return trained;
  }

  private statusOf(
    id: string,
    trained: ReadonlyMap<string, number>,
  ): SweepStatus__Output | undefined {
    const sweep = this.state().sweeps.get(id);
    if (sweep === undefined) return undefined;
    const { cells_done } = sweep;
    const cells_in_flight = size(sweep.storing) + (trained.get(id) ?? 0);
    const meter = this.meters.get(id) ?? new ProgressMeter(this.clock);
    this.meters.set(id, meter);
    meter.record(cells_done + cells_in_flight);
    const done = sweep.status === "done";
    return {
      sweep: id,
      state: sweep.status,
      cells: sweep.plan.cells,
      cellsDone: cells_done,
      cellsInFlight: cells_in_flight,
      phases: {
        lazy: sweep.phases[LAZY] ?? 0,
        catapult: sweep.phases[CATAPULT] ?? 0,
        divergent: sweep.phases[DIVERGENT] ?? 0,
        unsettled: sweep.phases[UNSETTLED] ?? 0,
      },
      shardsCommitted: sweep.shards_committed,
      duplicates: sweep.duplicates,
      mismatches: sweep.mismatches,
      error: sweep.error,
      resultsFolder: this.folderOf(id),
      resultsSha256: done ? this.facts.sha256(id) : "",
      cellsPerSecond: meter.cellsPerSecond(),
      etaMs: meter.etaMs(sweep.plan.cells),
      priority: sweep.priority,
      trouble: this.trouble(sweep),
      mismatchReports: sweep.mismatches > 0 ? this.mismatchReports(id) : [],
    };
  }

  plan(sweep: string): Plan | undefined {
    return this.state().sweeps.get(sweep)?.plan;
  }

  sweeps(): SweepStatus__Output[] {
    return this.statuses(this.state().sweeps.keys());
  }

  workers(): WorkerStatus__Output[] {
    return [...this.state().workers.values()].map((worker) => ({
      worker: worker.worker,
      host: worker.host,
      version: worker.version,
      kernelVersions: [...worker.kernel_versions],
      slots: worker.slots,
      leases: worker.leases.size,
      draining: worker.draining,
      connected: worker.connected,
      numericClasses: [...worker.numeric_classes],
    }));
  }

  workerCount(): number {
    return this.state().workers.size;
  }

  knowsWorker(worker: string): boolean {
    return this.state().workers.has(worker);
  }

  close(): void {
    for (const cancel of this.pending.values()) cancel();
    this.pending.clear();
  }

  private trouble(sweep: SweepState): string {
    const trouble = sweep.storage_trouble;
    if (trouble === null) {
      return sweep.status === "running"
        ? missingAbilities(sweep, this.state().workers.values())
        : "";
    }
    const duration_s = Math.round((this.clock.nowMs() - trouble.since_ms) / 1000);
    return `nothing has reached the disk for ${duration_s} s: ${trouble.error}; trying again`;
  }

  private mismatchReports(id: string): string[] {
    return this.facts
      .mismatches(id)
      .map(
        ({ cells, range, worker, committed_by }) =>
          `${cells} of the cells ${range.first}..${range.end - 1} came from ${worker} unlike what ${committed_by} had handed in`,
      );
  }

  private notify(sweep: string): void {
    this.pending.get(sweep)?.();
    this.pending.delete(sweep);
    const listeners = this.listeners.get(sweep);
    if (listeners === undefined || listeners.size === 0) return;
    const status = this.status(sweep);
    if (status === undefined) return;
    for (const listener of [...listeners]) listener(status);
  }
}
