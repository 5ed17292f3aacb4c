import type { SweepStatus__Output } from "../../../shared/generated/phasesweep/v1/SweepStatus.ts";
import { size } from "../../../shared/ranges.ts";
import type { Observer } from "../../observer.ts";
import type { SweepState } from "../../state/state.ts";
import { isOver } from "../../sweeps/sweep_watch.ts";
import type { SweepSummary } from "../messages.ts";

/** Of so many running sweeps, the first in the queue, rates and ends are looked at without a cause. */
const LOOKED_AT_MAX = 100;

/** What the feed asks of a coordinator. */
export interface SweepSource {
  statuses(names: Iterable<string>): SweepStatus__Output[];
  plan(sweep: string): { readonly description: string } | undefined;
}

export interface SweepsChange {
  readonly changed: readonly string[];
  readonly removed: readonly string[];
}

/** The summaries of all sweeps as they were last told, and which are others now. */
export class SweepFeed {
  readonly observer: Observer;
  /** By sweep, the oldest first, as JSON texts: each is written once for all who look. */
  private readonly told = new Map<string, string>();
  private readonly touched = new Set<string>();
  private sweeps: ReadonlyMap<string, SweepState> = new Map();
  private queue: readonly SweepState[] = [];

  constructor() {
    this.observer = {
      stepped: (event, effects, state) => {
        this.sweeps = state.sweeps;
        this.queue = state.queue;
        if (event.type === "sweep_submitted" || event.type === "sweep_removed") {
          this.touched.add(event.sweep);
        }
        for (const effect of effects) {
          if (effect.type === "sweep_changed" || effect.type === "merge") {
            this.touched.add(effect.sweep);
          }
        }
      },
    };
  }

  has(sweep: string): boolean {
    return this.sweeps.has(sweep);
  }

  stateOf(sweep: string): SweepState | undefined {
    return this.sweeps.get(sweep);
  }

  /** The text of a sweep as it was last told; undefined if it is gone. */
  textOf(sweep: string): string | undefined {
    return this.told.get(sweep);
  }

  /** All that were told, the newest first. */
  names(): string[] {
    return [...this.told.keys()].reverse();
  }

  /** Rates fall and troubles last while nothing happens. */
  lookAtRunning(): void {
    for (const { sweep } of this.queue.slice(0, LOOKED_AT_MAX)) this.touched.add(sweep);
  }

  /** What is other than it was told, which it then is. */
  update(source: SweepSource): SweepsChange {
    // What nobody looked at for a while may have come or gone.
    if (this.told.size !== this.sweeps.size) {
      for (const name of this.sweeps.keys()) if (!this.told.has(name)) this.touched.add(name);
      for (const name of this.told.keys()) if (!this.sweeps.has(name)) this.touched.add(name);
    }
    if (this.touched.size === 0) return { changed: [], removed: [] };
    const removed = [...this.touched].filter(
      (name) => !this.sweeps.has(name) && this.told.delete(name),
    );
    const changed: string[] = [];
    for (const status of source.statuses(this.touched)) {
      const name = status.sweep;
      const text = JSON.stringify(this.summary(status, source));
      if (this.told.get(name) === text) continue;
      this.told.set(name, text);
      changed.push(name);
    }
    this.touched.clear();
    return { changed, removed };
  }

  summary(status: SweepStatus__Output, source: SweepSource): SweepSummary {
    const failures = this.sweeps.get(status.sweep)?.failures ?? [];
    const isGoing = status.state === "running" && status.etaMs >= 0;
    return {
      sweep: status.sweep,
      description: source.plan(status.sweep)?.description ?? "",
      state: status.state as SweepSummary["state"],
      priority: status.priority,
      cells: status.cells,
      cells_done: status.cellsDone,
      cells_in_flight: status.cellsInFlight,
      cells_failed: size(failures.map(({ range }) => range)),
      cells_per_second: isOver(status.state) ? 0 : significant(status.cellsPerSecond),
      eta_ms: isGoing ? significant(status.etaMs) : null,
      phases: status.phases!,
      shards_committed: status.shardsCommitted,
      duplicates: status.duplicates,
      mismatches: status.mismatches,
      mismatch_reports: status.mismatchReports,
      trouble: status.trouble,
      error: status.error,
      results_folder: status.resultsFolder,
      results_sha256: status.resultsSha256,
    };
  }
}

/** So few digits are what anybody reads, and change seldom. */
export function significant(value: number, digits = 3): number {
  return Number(value.toPrecision(digits));
}
