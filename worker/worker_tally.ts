import type { ShardComputer } from "./pool.ts";

/** What one worker process has done, and does, in numbers. */
export interface WorkerNumbers {
  /** Whether its session with the coordinator is there. */
  connected: boolean;
  /** Sessions that the coordinator has welcomed. */
  sessions: number;
  slots: number;
  /** Leases in hand, those whose parts are on their way included. */
  leases: number;
  /** Shards that are being computed, or wait for a slot. */
  computing: number;
  /** Parts that are finished and not acknowledged. */
  parts_waiting: number;
  /** Parts that were acknowledged, and their bytes. */
  parts: number;
  part_bytes: number;
  /** Attempts to hand in a part, or to fetch a data set, that the line did not survive. */
  retries: number;
  /** Shards that the engine, or a refusal, ended. */
  shards_failed: number;
  /** Processes of devices that died with a shard in hand. */
  device_deaths: number;
  /** By numeric class: cells handed in, and what they took on one slot. */
  readonly cells: Record<string, number>;
  readonly compute_ms: Record<string, number>;
}

export function noWorkerNumbers(slots: number): WorkerNumbers {
  return {
    ...{ connected: false, sessions: 0, slots, leases: 0, computing: 0, parts_waiting: 0 },
    ...{ parts: 0, part_bytes: 0, retries: 0, shards_failed: 0, device_deaths: 0 },
    ...{ cells: {}, compute_ms: {} },
  };
}

/** Counts a part that the coordinator has. */
export function countPart(
  numbers: WorkerNumbers,
  numeric_class: string,
  part: { readonly cells: number; readonly compute_ms: number; readonly bytes: Uint8Array },
): void {
  numbers.parts++;
  numbers.part_bytes += part.bytes.length;
  const { cells, compute_ms } = numbers;
  cells[numeric_class] = (cells[numeric_class] ?? 0) + part.cells;
  compute_ms[numeric_class] = (compute_ms[numeric_class] ?? 0) + part.compute_ms;
}

/** What computes shards, and counts those that it has in hand. */
export function counting(computer: ShardComputer, numbers: WorkerNumbers): ShardComputer["run"] {
  return async (task) => {
    numbers.computing++;
    try {
      return await computer.run(task);
    } finally {
      numbers.computing--;
    }
  };
}
