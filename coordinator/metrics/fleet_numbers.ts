import { METRIC_SWEEPS_MAX, SLOTS_WANTED_MS } from "../../shared/limits.ts";
import { groupIndexOf, type Plan, type PlannedGroup } from "../../shared/plan.ts";
import { type Range, size } from "../../shared/ranges.ts";
import { groupsOf } from "../state/abilities.ts";
import { SHARD_CELLS_MIN } from "../state/shard_size.ts";
import type { LeaseState, State, SweepState, SweepStatus } from "../state/state.ts";

/** The state of the scheduler in numbers, for whoever watches a fleet or decides on its size. */
export interface FleetNumbers {
  readonly sweeps_by_state: Readonly<Record<SweepStatus, number>>;
  /** The first METRIC_SWEEPS_MAX: those that are not over, then the newest. */
  readonly sweeps: readonly SweepNumbers[];
  readonly classes: readonly ClassNumbers[];
  readonly workers: { readonly ready: number; readonly draining: number; readonly lost: number };
  /** Slots of connected workers, and those of them that have a lease. */
  readonly slots: number;
  readonly slots_busy: number;
  readonly leases: {
    /** Their workers have reported cells. */
    readonly computing: number;
    /** In the hands of workers that have not begun with them, as far as is known. */
    readonly queued: number;
    /** Their workers are cut off, and may come back. */
    readonly cut_off: number;
  };
  /** Leases of cells that another lease has as well. */
  readonly copies: number;
}

export interface SweepNumbers {
  readonly sweep: string;
  readonly state: SweepStatus;
  readonly cells: number;
  readonly done: number;
  /** Leased, or on their way to the disk. */
  readonly in_flight: number;
  readonly waiting: number;
  /** Given up. */
  readonly quarantined: number;
  readonly duplicates: number;
  readonly mismatches: number;
  /** Nothing of it reaches the disk. */
  readonly has_storage_trouble: boolean;
}

/** The work that running sweeps have left for one numeric class. */
export interface ClassNumbers {
  readonly numeric_class: string;
  readonly cells_waiting: number;
  /** Of all that is waiting or leased, on one slot; what was never measured is not in it. */
  readonly work_ms: number;
  readonly slots_busy: number;
  /** So many would finish it in SLOTS_WANTED_MS, and are kept busy. */
  readonly slots_wanted: number;
}

/** Cells per millisecond of one slot, if anything like the group was measured. */
type RateOf = (group: PlannedGroup) => number | undefined;

/** A pure function of the state and the measured rates; its cost grows with both, so it is not for every event. */
export function fleetNumbers(state: State, rateOf: RateOf): FleetNumbers {
  const sweeps_by_state: Record<SweepStatus, number> = {
    ...{ running: 0, paused: 0, merging: 0, done: 0, failed: 0, cancelled: 0 },
  };
  for (const { status } of state.sweeps.values()) sweeps_by_state[status]++;
  const leasedCells = new Map<string, number>();
  const leases = { computing: 0, queued: 0, cut_off: 0 };
  let copies = 0;
  for (const lease of state.leases.values()) {
    const { sweep, worker, range, cells_done } = lease;
    if (state.workers.get(worker)?.connected !== true) leases.cut_off++;
    else if (cells_done > 0) leases.computing++;
    else leases.queued++;
    if (isCopy(state, lease)) copies++;
    else leasedCells.set(sweep, (leasedCells.get(sweep) ?? 0) + size([range]));
  }
  const workers = { ready: 0, draining: 0, lost: 0 };
  let slots_busy = 0;
  for (const worker of state.workers.values()) {
    if (!worker.connected) workers.lost++;
    else if (worker.draining) workers.draining++;
    else workers.ready++;
    if (worker.connected) slots_busy += Math.min(worker.slots, worker.leases.size);
  }
  return {
    sweeps_by_state,
    sweeps: chosenSweeps(state).map((sweep) =>
      sweepNumbers(sweep, leasedCells.get(sweep.sweep) ?? 0),
    ),
    classes: classNumbers(state, rateOf),
    workers,
    slots: state.slots_connected,
    slots_busy,
    leases,
    copies,
  };
}

/** Of two leases with the same cells, the one that was granted later. */
function isCopy(state: State, lease: LeaseState): boolean {
  const twin = lease.twin === null ? undefined : state.leases.get(lease.twin);
  if (twin === undefined) return false;
  return (
    lease.granted_ms > twin.granted_ms ||
    (lease.granted_ms === twin.granted_ms && lease.lease > twin.lease)
  );
}

function chosenSweeps(state: State): SweepState[] {
  const all = [...state.sweeps.values()].reverse();
  const isOver = ({ status }: SweepState) =>
    status === "done" || status === "failed" || status === "cancelled";
  const open = all.filter((sweep) => !isOver(sweep));
  return [...open, ...all.filter(isOver)].slice(0, METRIC_SWEEPS_MAX);
}

function sweepNumbers(sweep: SweepState, leased: number): SweepNumbers {
  const { plan, cells_done, fresh, returned, storing, failures } = sweep;
  return {
    sweep: sweep.sweep,
    state: sweep.status,
    cells: plan.cells,
    done: cells_done,
    in_flight: leased + size(storing),
    waiting: size(fresh) + size(returned.map(({ range }) => range)),
    quarantined: size(failures.map(({ range }) => range)),
    duplicates: sweep.duplicates,
    mismatches: sweep.mismatches,
    has_storage_trouble: sweep.storage_trouble !== null,
  };
}

interface ClassWork {
  cells_waiting: number;
  cells_leased: number;
  work_ms: number;
  slots_busy: number;
}

function classNumbers(state: State, rateOf: RateOf): ClassNumbers[] {
  const classes = new Map<string, ClassWork>();
  const workOf = (numeric_class: string) => {
    let work = classes.get(numeric_class);
    if (work === undefined) {
      work = { cells_waiting: 0, cells_leased: 0, work_ms: 0, slots_busy: 0 };
      classes.set(numeric_class, work);
    }
    return work;
  };
  const addWaiting = (plan: Plan, ranges: readonly Range[]) => {
    for (const { range, group } of groupsOf(plan, ranges)) {
      const work = workOf(group.numeric_class);
      const cells = size([range]);
      work.cells_waiting += cells;
      work.work_ms += cells / (rateOf(group) ?? Number.POSITIVE_INFINITY);
    }
  };
  for (const { plan, fresh, returned } of state.queue) {
    addWaiting(plan, fresh);
    for (const { range } of returned) addWaiting(plan, [range]);
  }
  for (const { leases, slots, connected } of state.workers.values()) {
    const held = new Map<string, number>();
    for (const id of leases) {
      const lease = state.leases.get(id)!;
      const { plan } = state.sweeps.get(lease.sweep)!;
      const group = plan.groups[groupIndexOf(plan, lease.range.first)]!;
      const work = workOf(group.numeric_class);
      held.set(group.numeric_class, (held.get(group.numeric_class) ?? 0) + 1);
      if (isCopy(state, lease)) continue;
      const cells = Math.max(0, size([lease.range]) - lease.cells_done);
      work.cells_leased += cells;
      work.work_ms += cells / (rateOf(group) ?? Number.POSITIVE_INFINITY);
    }
    if (!connected) continue;
    for (const [numeric_class, count] of held) {
      workOf(numeric_class).slots_busy += Math.min(slots, count);
    }
  }
  return [...classes].map(([numeric_class, work]) => ({
    numeric_class,
    cells_waiting: work.cells_waiting,
    work_ms: work.work_ms,
    slots_busy: work.slots_busy,
    slots_wanted: slotsWanted(work),
  }));
}

/**
 * Those that compute are kept, as what they have in hand would only be computed again. Others are
 * wanted where there are shards for them and SLOTS_WANTED_MS would not do otherwise; the first one
 * wherever anything waits, since nothing can be measured without it.
 */
function slotsWanted({ cells_waiting, cells_leased, work_ms, slots_busy }: ClassWork): number {
  const shards = Math.ceil((cells_waiting + cells_leased) / SHARD_CELLS_MIN);
  const byWork = Math.max(Math.ceil(work_ms / SLOTS_WANTED_MS), cells_waiting > 0 ? 1 : 0);
  return Math.max(slots_busy, Math.min(shards, byWork));
}
