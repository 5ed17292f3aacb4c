import { intersects, type Range, removeRange, subtract } from "../../shared/ranges.ts";
import { abilityKey, canCompute } from "./abilities.ts";
import { isSuspended, mayTry } from "./blame.ts";
import type { Effect } from "./events.ts";
import { freshShard } from "./fresh_shard.ts";
import { shardCells } from "./shard_size.ts";
import {
  type LeaseState,
  NO_PAST,
  type Past,
  type State,
  type SweepState,
  type WorkerState,
} from "./state.ts";

/** Gives shards to every worker with room, until room or cells run out. */
export function grantLeases(state: State, now_ms: number, effects: Effect[]): void {
  /** Abilities for which nothing is left: other workers of just these need not look again. */
  const idle = new Set<string>();
  for (const name of state.hungry) {
    if (!hasWork(state)) return;
    const worker = state.workers.get(name);
    if (worker === undefined || !worker.connected || worker.draining) {
      state.hungry.delete(name);
      continue;
    }
    if (isSuspended(state, worker, now_ms)) continue;
    if (idle.size > 0 && idle.has(abilityKey(worker))) continue;
    while (hasRoom(state, worker)) {
      const next = nextShard(state, worker, now_ms);
      if (next === undefined) {
        // What was given back may be kept from this worker alone.
        const isBarren = state.queue.every(({ returned }) => returned.length === 0);
        if (isBarren) idle.add(abilityKey(worker));
        break;
      }
      grant(state, worker, { ...next, now_ms }, effects);
    }
    if (!hasRoom(state, worker)) state.hungry.delete(name);
  }
}

export function hasRoom({ rules }: State, { alone, leases, slots }: WorkerState): boolean {
  return !alone && leases.size < slots * rules.leases_per_slot;
}

function hasWork(state: State): boolean {
  return state.queue.some(({ fresh, returned }) => fresh.length + returned.length > 0);
}

interface Shard {
  readonly sweep: string;
  readonly range: Range;
  readonly past: Past;
}

/** Puts a lease on the books, as a copy of another one if that is given, and sends it. */
export function grant(
  state: State,
  worker: WorkerState,
  { sweep, range, past, now_ms }: Shard & { readonly now_ms: number },
  effects: Effect[],
  original?: LeaseState,
): LeaseState {
  let id: string;
  // A worker may hold a lease that it made up.
  do id = `${state.rules.epoch}-${++state.granted}`;
  while (state.leases.has(id));
  const lease = bookLease(state, worker, id, { sweep, range, past }, now_ms);
  if (past.suspect) worker.alone = true;
  const sent = { type: "send_lease", worker: worker.worker, lease: id, sweep, range } as const;
  if (original === undefined) effects.push(sent);
  else {
    effects.push({ ...sent, copy_of: original.lease });
    lease.twin = original.lease;
    original.twin = id;
  }
  return lease;
}

/** Cuts the next shard for a worker: what was lost before what is fresh, the first sweep first. */
function nextShard(state: State, worker: WorkerState, now_ms: number): Shard | undefined {
  for (const sweep of state.queue) {
    const fits = ({ first }: Range) => canCompute(worker, sweep, first);
    const lost = sweep.returned.findIndex(
      ({ range, past }) =>
        // A suspect goes to a worker that has nothing else in hand to be blamed.
        (!past.suspect || worker.leases.size === 0) &&
        fits(range) &&
        mayTry(state, worker, past, now_ms),
    );
    if (lost >= 0) {
      const { range, past } = sweep.returned[lost]!;
      const shard = cut(state, sweep, worker, range);
      const left = subtract([range], [shard]).map((rest) => ({ range: rest, past }));
      sweep.returned.splice(lost, 1, ...left);
      return { sweep: sweep.sweep, range: shard, past };
    }
    const fresh = freshShard(state, sweep, worker);
    if (fresh !== undefined) {
      const shard = cut(state, sweep, worker, fresh);
      removeRange(sweep.fresh, shard);
      return { sweep: sweep.sweep, range: shard, past: NO_PAST };
    }
  }
  return undefined;
}

function cut(state: State, sweep: SweepState, worker: WorkerState, { first, end }: Range): Range {
  return { first, end: Math.min(end, first + shardCells(state, sweep, worker, first)) };
}

/** A lease off the books, and the one that still has some of its cells, if there is one. */
export interface TakenLease {
  readonly lease: LeaseState;
  readonly twin: LeaseState | undefined;
}

/** Removes a lease from the books; it is for the caller to see to its cells. */
export function takeLease(state: State, id: string): TakenLease {
  const lease = state.leases.get(id)!;
  state.leases.delete(id);
  const worker = state.workers.get(lease.worker);
  if (worker !== undefined) {
    worker.leases.delete(id);
    if (lease.past.suspect) worker.alone = false;
    state.hungry.add(lease.worker);
  }
  const twin = lease.twin === null ? undefined : state.leases.get(lease.twin);
  if (twin !== undefined) twin.twin = null;
  return { lease, twin };
}

/** Takes a lease whose cells nobody wants any more, and tells its worker. */
export function cancelLease(state: State, id: string, effects: Effect[]): TakenLease {
  const taken = takeLease(state, id);
  effects.push({ type: "send_cancel", worker: taken.lease.worker, lease: id });
  return taken;
}

/**
 * A worker came back with a lease in hand. It keeps it if the lease is still on the books, or if
 * (after a restart of the coordinator) nobody else has taken its cells yet.
 */
export function adoptLease(
  state: State,
  worker: WorkerState,
  lease: string,
  sweepId: string,
  range: Range,
  now_ms: number,
): boolean {
  const known = state.leases.get(lease);
  if (known !== undefined) {
    if (known.worker !== worker.worker) return false;
    known.deadline_ms = now_ms + state.rules.lease_ms;
    return true;
  }
  const sweep = state.sweeps.get(sweepId);
  if (sweep === undefined || (sweep.status !== "running" && sweep.status !== "paused"))
    return false;
  const entry = sweep.returned.find(
    (r) => r.range.first <= range.first && range.end <= r.range.end,
  );
  const isFresh = sweep.fresh.some((r) => r.first <= range.first && range.end <= r.end);
  if (entry === undefined && !isFresh) return false;
  // A process that was updated under its name has the leases of before, and other kernels.
  if (!canCompute(worker, sweep, range.first)) return false;
  removeRange(sweep.fresh, range);
  sweep.returned = sweep.returned.flatMap((r) =>
    intersects(r.range, range)
      ? subtract([r.range], [range]).map((left) => ({ range: left, past: r.past }))
      : [r],
  );
  const shard = { sweep: sweepId, range, past: entry?.past ?? NO_PAST };
  bookLease(state, worker, lease, shard, now_ms);
  return true;
}

/** Puts a lease on the books that its worker has, or is about to have, in hand. */
export function bookLease(
  state: State,
  { worker, leases }: WorkerState,
  lease: string,
  { sweep, range, past }: Shard,
  now_ms: number,
): LeaseState {
  const granted: LeaseState = {
    lease,
    sweep,
    range,
    past,
    worker,
    granted_cells: range.end - range.first,
    granted_ms: now_ms,
    deadline_ms: now_ms + state.rules.lease_ms,
    cells_done: 0,
    cells_per_ms: 0,
    twin: null,
  };
  state.leases.set(lease, granted);
  leases.add(lease);
  return granted;
}
