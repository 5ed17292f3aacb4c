import { FLEET_UPDATES_PER_SECOND_MAX } from "../../../shared/limits.ts";
import { planCells } from "../../../shared/work_plan.ts";
import type { Observer } from "../../observer.ts";
import type { State, WorkerState } from "../../state/state.ts";
import type { FleetChange, WorkerDetail, WorkerSummary } from "../messages.ts";
import { FleetRates } from "./fleet_rates.ts";
import { significant } from "./sweep_feed.ts";

/** What was last told of a worker. */
interface Told {
  /** All but what moves all the time. */
  readonly nature: string;
  readonly numbers: string;
  /** The summary as JSON: it is written once for all who look. */
  readonly text: string;
  readonly at_ms: number;
}

export interface WorkersChange {
  readonly changed: readonly string[];
  readonly left: readonly string[];
}

/** The workers of a fleet as they were last told, and which are others now. */
export class FleetFeed {
  readonly observer: Observer;
  private readonly rates = new FleetRates();
  private readonly told = new Map<string, Told>();
  private state: State | undefined;

  constructor() {
    this.observer = {
      stepped: (event, effects, state) => {
        this.state = state;
        this.rates.observer.stepped?.(event, effects, state);
      },
    };
  }

  /** To be called once a second while somebody looks. */
  sample(now_ms: number): void {
    if (this.state !== undefined) this.rates.sample(this.state, now_ms);
  }

  /** Nobody looks at workers any more. */
  forgetWorkers(): void {
    this.told.clear();
  }

  /** Nobody looks any more. */
  forget(): void {
    this.forgetWorkers();
    this.rates.forget();
  }

  textOf(worker: string): string | undefined {
    return this.told.get(worker)?.text;
  }

  names(): Iterable<string> {
    return this.told.keys();
  }

  totals(): FleetChange["totals"] {
    const workers = [...(this.state?.workers.values() ?? [])];
    const connected = workers.filter((worker) => worker.connected);
    const rate = workers.reduce((sum, { worker }) => sum + this.rates.cellsPerSecond(worker), 0);
    return {
      workers: workers.length,
      connected: connected.length,
      draining: workers.filter(({ draining }) => draining).length,
      slots: connected.reduce((sum, { slots }) => sum + slots, 0),
      leases: this.state?.leases.size ?? 0,
      cells_per_second: significant(rate),
    };
  }

  /**
   * Which workers are other than they were told, which they then are. Leases and rates of a large
   * fleet move all the time: of those the ones that were told longest ago are told, and so many
   * that it costs the same however large the fleet is.
   */
  update(now_ms: number): WorkersChange {
    const workers = this.state?.workers ?? new Map<string, WorkerState>();
    const left = [...this.told.keys()].filter((name) => !workers.has(name));
    for (const name of left) this.told.delete(name);
    const changed: string[] = [];
    const moved: { readonly name: string; readonly at_ms: number; readonly now: Told }[] = [];
    for (const [name, worker] of workers) {
      const before = this.told.get(name);
      const now = this.tell(worker, now_ms);
      if (before?.nature !== now.nature) {
        this.told.set(name, now);
        changed.push(name);
      } else if (before.numbers !== now.numbers) moved.push({ name, at_ms: before.at_ms, now });
    }
    const room = Math.max(0, FLEET_UPDATES_PER_SECOND_MAX - changed.length);
    if (moved.length > room) moved.sort((a, b) => a.at_ms - b.at_ms);
    for (const { name, now } of moved.slice(0, room)) {
      this.told.set(name, now);
      changed.push(name);
    }
    return { changed, left };
  }

  /** All that is known of one worker; undefined if there is none of that name. */
  detail(name: string, now_ms: number): WorkerDetail | undefined {
    const worker = this.state?.workers.get(name);
    if (worker === undefined) return undefined;
    return {
      ...this.summary(worker),
      kernel_versions: worker.kernel_versions,
      held: [...worker.leases].flatMap((id) => {
        const lease = this.state!.leases.get(id);
        if (lease === undefined) return [];
        const { sweep, range, cells_done, deadline_ms, twin } = lease;
        return {
          ...{ lease: id, sweep, cells_done },
          // As people count the cells of a sweep, also where its work is cut in another order.
          first_cell: this.planCell(sweep, range.first),
          cells: range.end - range.first,
          left_ms: Math.max(0, Math.round(deadline_ms - now_ms)),
          has_twin: twin !== null,
        };
      }),
    };
  }

  private planCell(sweep: string, first: number): number {
    const { plan } = this.state!.sweeps.get(sweep)!;
    return planCells(plan, { first, end: first + 1 })[0]!.first;
  }

  private tell(worker: WorkerState, at_ms: number): Told {
    const summary = this.summary(worker);
    const { leases, cells_per_second, ...nature } = summary;
    return {
      nature: Object.values(nature).join(" "),
      numbers: `${leases} ${cells_per_second}`,
      text: JSON.stringify(summary),
      at_ms,
    };
  }

  private summary(worker: WorkerState): WorkerSummary {
    return {
      worker: worker.worker,
      host: worker.host,
      version: worker.version,
      numeric_classes: worker.numeric_classes,
      slots: worker.slots,
      leases: worker.leases.size,
      cells_per_second: significant(this.rates.cellsPerSecond(worker.worker), 2),
      connected: worker.connected,
      draining: worker.draining,
      // What it finishes lowers it a little each time.
      blame: Math.ceil(worker.blame),
      doubts: worker.doubts,
    };
  }
}
