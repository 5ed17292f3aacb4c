import type { FleetChange, WorkerSummary } from "../../../../coordinator/dashboard/messages.ts";

/** Workers of which every 40th drains, every 60th is gone and every 25th has something against it. */
export function scriptedFleet(count: number): WorkerSummary[] {
  return Array.from({ length: count }, (_, i) => ({
    worker: `worker-${i}`,
    host: `node${Math.floor(i / 4)}`,
    version: "0.0.0-test",
    numeric_classes: i % 10 === 0 ? ["float64-exact", "float32-webgpu"] : ["float64-exact"],
    slots: 2 + (i % 7),
    leases: i % 60 === 59 ? 0 : 1 + (i % 3),
    cells_per_second: i % 60 === 59 ? 0 : 900 + ((i * 7919) % 2000),
    connected: i % 60 !== 59,
    draining: i % 40 === 39,
    blame: i % 25 === 24 ? 1 + (i % 2) : 0,
    doubts: i % 50 === 49 ? 1 : 0,
  }));
}

export function totalsOf(workers: readonly WorkerSummary[]): FleetChange["totals"] {
  const sum = (of: (worker: WorkerSummary) => number) =>
    workers.reduce((total, worker) => total + of(worker), 0);
  return {
    workers: workers.length,
    connected: sum(({ connected }) => Number(connected)),
    draining: sum(({ draining }) => Number(draining)),
    slots: sum(({ slots }) => slots),
    leases: sum(({ leases }) => leases),
    cells_per_second: sum(({ cells_per_second }) => cells_per_second),
  };
}
