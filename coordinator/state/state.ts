import type { Plan } from "../../shared/plan.ts";
import type { Range } from "../../shared/ranges.ts";

/** All that the scheduler knows. Only step() (step.ts) changes it. */
export interface State {
  readonly sweeps: Map<string, SweepState>;
  readonly workers: Map<string, WorkerState>;
  readonly leases: Map<string, LeaseState>;
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
}

/**
 * running: cells are left to compute; merging: all are committed that can be; done: the merged file
 * is there (with `failures` it lacks those cells); failed: something must be mended first.
 */
export type SweepStatus = "running" | "merging" | "done" | "failed";

/**
 * Every cell of a sweep is in exactly one of `fresh`, `returned`, a lease, `storing`, `done` or
 * `failures` (except that a lease may overlap what a late part of another worker brought in).
 */
export interface SweepState {
  readonly sweep: string;
  readonly plan: Plan;
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
  /** Why it failed; empty otherwise. */
  error: string;
}

export interface ReturnedRange {
  readonly range: Range;
  /** How its earlier leases were lost, oldest first. */
  readonly losses: readonly string[];
}

export interface FailedRange {
  readonly range: Range;
  readonly error: string;
  /**
   * cells: these cells cannot be computed, so the sweep is merged without them; storage: they could
   * not be stored, so the sweep waits for room and is submitted again.
   */
  readonly cause: "cells" | "storage";
}

export interface WorkerState {
  readonly worker: string;
  readonly host: string;
  readonly slots: number;
  readonly numeric_classes: readonly string[];
  connected: boolean;
  draining: boolean;
  /** Measured cells per millisecond of one slot, by shape group. */
  readonly rates: Map<string, number>;
  readonly leases: Set<string>;
}

export interface LeaseState {
  readonly lease: string;
  readonly sweep: string;
  readonly worker: string;
  /** What is still owed: shrinks when a part covers only the beginning. */
  range: Range;
  deadline_ms: number;
  cells_done: number;
  readonly losses: readonly string[];
}

export function initialState(rules: Rules): State {
  return {
    sweeps: new Map(),
    workers: new Map(),
    leases: new Map(),
    granted: 0,
    slots_connected: 0,
    hungry: new Set(),
    rules,
  };
}
