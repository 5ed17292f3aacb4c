import type { Plan } from "../../shared/plan.ts";
import type { Range } from "../../shared/ranges.ts";

/** All that the scheduler knows. Only step() (step.ts) changes it. */
export interface State {
  readonly sweeps: Map<string, SweepState>;
  /** The running sweeps, the highest priority first and then the oldest. */
  queue: SweepState[];
  readonly workers: Map<string, WorkerState>;
  readonly leases: Map<string, LeaseState>;
  /** Failures of workers that nobody has judged yet, by number. */
  readonly doubts: Map<number, Doubt>;
  /** Doubts raised so far. */
  doubted: number;
  /** The highest rate of any worker, by shape group. */
  readonly fastest: Map<string, { readonly worker: string; readonly cells_per_ms: number }>;
  /** Until then a worker is not taken for the only one there is. */
  company_until_ms: number;
  /** Leases granted so far by this coordinator process. */
  granted: number;
  /** Slots of all connected workers. */
  slots_connected: number;
  /** Workers that may take another lease; no event needs to look at all workers. */
  readonly hungry: Set<string>;
  readonly rules: Rules;
}

/** The constants of the scheduler. */
export interface Rules {
  /** Prefix of every lease, different for each start of the coordinator. */
  readonly epoch: number;
  /** A lease runs out this long after its last renewal. */
  readonly lease_ms: number;
  /** A worker whose stream broke has this long to come back before its leases are taken. */
  readonly reconnect_ms: number;
  /** How long a shard should compute. */
  readonly shard_ms: number;
  /** Leases that a worker holds for each slot, so that a slot never waits for the network. */
  readonly leases_per_slot: number;
  /** Times that a single cell may be lost with its worker before it is given up. */
  readonly losses_max: number;
  /** So long after a start, or after a worker was lost, others are expected to come (back). */
  readonly company_ms: number;
  /** How long nothing may reach the disk before a sweep fails for it. */
  readonly storage_patience_ms: number;
}

/** What is the same wherever the scheduler runs. */
export const RULES_COMMON = { leases_per_slot: 2, losses_max: 100 };

/**
 * running: cells are left to compute; paused: none is leased until it is resumed; merging: all are
 * committed that can be; done: the merged file is there (with `failures` it lacks those cells);
 * failed: something must be mended first; cancelled: what is committed is kept, the rest is not
 * wanted. transitions.ts says what follows what.
 */
export type SweepStatus = "running" | "paused" | "merging" | "done" | "failed" | "cancelled";

/**
 * Every cell of a sweep is in exactly one of `fresh`, `returned`, a lease, `storing`, `done` or
 * `failures` (except that a lease may overlap its twin, and what a late part brought in).
 */
export interface SweepState {
  readonly sweep: string;
  plan: Plan;
  /** Sweeps of a higher priority are leased first. */
  priority: number;
  status: SweepStatus;
  /** Never leased. */
  fresh: Range[];
  /** Leased before and given back or lost; leased again before anything fresh. */
  returned: ReturnedRange[];
  /** Handed in, on its way to the disk. */
  storing: Range[];
  /** Durable and in the journal. */
  done: Range[];
  /** Cells in `done`. */
  cells_done: number;
  failures: FailedRange[];
  /** Cells done, by phase code. */
  phases: number[];
  shards_committed: number;
  duplicates: number;
  mismatches: number;
  /** Since when nothing reaches the disk, and why; null while all is well. */
  storage_trouble: { readonly since_ms: number; readonly error: string } | null;
  /** Why it failed, or what its results lack; empty otherwise. */
  error: string;
}

/** What befell cells in earlier leases. */
export interface Past {
  /** One line for each lease that ended without their result, oldest first. */
  readonly story: readonly string[];
  /** Leases that were lost with their worker. */
  readonly losses: number;
  /** Processes that crashed while they had nothing else in hand. */
  readonly crashes_alone: number;
  /** A process crashed with these cells in hand: a worker takes them only by themselves. */
  readonly suspect: boolean;
  /** The hosts on which they failed, the last time on each. */
  readonly failed_on: readonly FailedOn[];
}

export interface FailedOn {
  readonly host: string;
  /** It was one cell that failed, and not a range with that cell in it. */
  readonly one_cell: boolean;
  /** The doubt that this raised. */
  readonly doubt: number;
}

export const NO_PAST: Past = {
  story: [],
  losses: 0,
  crashes_alone: 0,
  suspect: false,
  failed_on: [],
};

export interface ReturnedRange {
  readonly range: Range;
  readonly past: Past;
}

/** Cells that cannot be computed; the sweep is merged without them. */
export interface FailedRange {
  readonly range: Range;
  readonly error: string;
  /** The only host that has tried them, where another one may yet think otherwise. */
  readonly only_on?: string;
}

/** A worker failed these many cells that others have yet to try: it, or the cells, may be bad. */
export interface Doubt {
  readonly worker: string;
  readonly error: string;
  cells_left: number;
}

export interface WorkerState {
  readonly worker: string;
  readonly host: string;
  /** Its release. */
  readonly version: string;
  readonly slots: number;
  readonly numeric_classes: readonly string[];
  /** The kernels that it has (shared/kernel_version.ts). */
  readonly kernel_versions: readonly number[];
  connected: boolean;
  draining: boolean;
  /** Measured cells per millisecond of one slot, by shape group and by kind (shard_size.ts). */
  readonly rates: Map<string, number>;
  readonly leases: Set<string>;
  /** It holds a suspect, and nothing beside it. */
  alone: boolean;
  /** Its doubts that are not judged yet. */
  doubts: number;
  /** Shards that it failed and others finished; what it finishes itself lowers it again. */
  blame: number;
}

export interface LeaseState {
  readonly lease: string;
  readonly sweep: string;
  readonly worker: string;
  /** What is still owed: shrinks when a part, or a twin, covers some of it. */
  range: Range;
  /** What it was granted with: its worker may be at a cell that it does not owe any more. */
  readonly granted_cells: number;
  readonly granted_ms: number;
  deadline_ms: number;
  cells_done: number;
  /** Speed that the last renewal reported; 0 before the first cells. */
  cells_per_ms: number;
  past: Past;
  /** Another lease on some of the same cells: a second copy, or what it is a copy of. */
  twin: string | null;
}

export function initialState(rules: Rules): State {
  return {
    sweeps: new Map(),
    queue: [],
    workers: new Map(),
    leases: new Map(),
    doubts: new Map(),
    doubted: 0,
    fastest: new Map(),
    company_until_ms: Number.NEGATIVE_INFINITY,
    granted: 0,
    slots_connected: 0,
    hungry: new Set(),
    rules,
  };
}
