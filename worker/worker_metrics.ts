import type { Registry } from "prom-client";
import { counted, measured, type Sample } from "../shared/metrics.ts";
import { noWorkerNumbers, type WorkerNumbers } from "./worker_tally.ts";

type Key = {
  [K in keyof WorkerNumbers]: WorkerNumbers[K] extends number ? K : never;
}[keyof WorkerNumbers];

/**
 * The metrics of all processes of one worker together. Each sends its numbers to the one that
 * answers; what a process that died had done stays in the sums, but for its last second.
 */
export class WorkerMetrics {
  private readonly processes = new Map<string, WorkerNumbers>();
  private readonly gone = noWorkerNumbers(0);
  private deaths = 0;
  private crashes = 0;

  constructor(registry: Registry) {
    const sum = (key: Key) => this.sum(key);
    const one = (value: () => number) => (): Sample[] => [{ labels: {}, value: value() }];
    const byClass = (key: "cells" | "compute_ms", unit: number) => (): Sample[] =>
      Object.entries(this.sumByClass(key)).map(([numeric_class, value]) => ({
        labels: { numeric_class },
        value: value / unit,
      }));
    measured(registry, {
      phasesweep_worker_connected: [
        "Processes of this worker that have a session with the coordinator; below phasesweep_worker_processes the line, or the coordinator, is gone",
        one(() => this.living().filter(({ connected }) => connected).length),
      ],
      phasesweep_worker_processes: [
        "Processes of this worker that compute, one for the CPU and one for each backend of devices",
        one(() => this.processes.size),
      ],
      phasesweep_worker_slots: [
        "Shards that can be computed at the same time",
        one(() => this.now("slots")),
      ],
      phasesweep_worker_slots_busy: [
        "Slots that compute; lasting idleness while a sweep runs means that the coordinator has nothing for this worker",
        one(() =>
          this.living().reduce((n, { slots, computing }) => n + Math.min(slots, computing), 0),
        ),
      ],
      phasesweep_worker_leases: ["Leases in hand", one(() => this.now("leases"))],
      phasesweep_worker_parts_waiting: [
        "Finished parts that the coordinator has not acknowledged; they pile up while it is away, or its disk full",
        one(() => this.now("parts_waiting")),
      ],
    });
    counted(registry, {
      phasesweep_worker_cells_total: [
        "Cells handed in, by numeric class; its rate is the speed of this worker",
        byClass("cells", 1),
        ["numeric_class"],
      ],
      phasesweep_worker_compute_seconds_total: [
        "Time that those cells took, each on one slot",
        byClass("compute_ms", 1000),
        ["numeric_class"],
      ],
      phasesweep_worker_parts_total: ["Parts that were acknowledged", one(() => sum("parts"))],
      phasesweep_worker_part_bytes_total: ["Bytes of those parts", one(() => sum("part_bytes"))],
      phasesweep_worker_sessions_total: [
        "Sessions that a coordinator welcomed; each process should need one, more are reconnects",
        one(() => sum("sessions")),
      ],
      phasesweep_worker_retries_total: [
        "Attempts to hand in a part, or fetch a data set, that did not survive the line",
        one(() => sum("retries")),
      ],
      phasesweep_worker_shards_failed_total: [
        "Shards that could not be computed here: the engine threw, or the part was refused",
        one(() => sum("shards_failed")),
      ],
      phasesweep_worker_device_deaths_total: [
        "Processes of devices that died with a shard in hand: a driver crashed or hung",
        one(() => sum("device_deaths")),
      ],
      phasesweep_worker_process_deaths_total: [
        "Processes of this worker that died, by how: killed, crashed",
        () => [
          { labels: { how: "killed" }, value: this.deaths },
          { labels: { how: "crashed" }, value: this.crashes },
        ],
        ["how"],
      ],
    });
  }

  /** What a process has done so far. */
  report(worker: string, numbers: WorkerNumbers): void {
    this.processes.set(worker, numbers);
  }

  /** A process ended, by itself (`how` undefined) or not. */
  ended(worker: string, how: "killed" | "crashed" | undefined): void {
    if (how === "killed") this.deaths++;
    if (how === "crashed") this.crashes++;
    const last = this.processes.get(worker);
    this.processes.delete(worker);
    if (last === undefined) return;
    for (const key of COUNTED) this.gone[key] += last[key];
    for (const key of ["cells", "compute_ms"] as const) {
      for (const [name, value] of Object.entries(last[key])) {
        this.gone[key][name] = (this.gone[key][name] ?? 0) + value;
      }
    }
  }

  private living(): WorkerNumbers[] {
    return [...this.processes.values()];
  }

  private now(key: Key): number {
    return this.living().reduce((sum, numbers) => sum + numbers[key], 0);
  }

  private sum(key: Key): number {
    return this.gone[key] + this.now(key);
  }

  private sumByClass(key: "cells" | "compute_ms"): Record<string, number> {
    const sums = { ...this.gone[key] };
    for (const numbers of this.living()) {
      for (const [name, value] of Object.entries(numbers[key])) {
        sums[name] = (sums[name] ?? 0) + value;
      }
    }
    return sums;
  }
}

/** What only grows, and is kept when a process is gone. */
const COUNTED = [
  ...(["sessions", "parts", "part_bytes", "retries", "shards_failed", "device_deaths"] as const),
];
