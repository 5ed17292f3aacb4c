import { groupIndexOf } from "../../shared/plan.ts";
import { intersects, outside, type Range, removeRange, subtract } from "../../shared/ranges.ts";
import type { Effect } from "./events.ts";
import { shardCells } from "./shard_size.ts";
import type { LeaseState, State, SweepState, WorkerState } from "./state.ts";

/** Gives shards to every worker with room, until room or cells run out. */
export function grantLeases(state: State, now_ms: number, effects: Effect[]): void {
  for (const name of state.hungry) {
    if (!hasWork(state)) return;
    const worker = state.workers.get(name);
    if (worker === undefined || !worker.connected || worker.draining) {
      state.hungry.delete(name);
      continue;
    }
    const room = worker.slots * state.rules.leases_per_slot;
    while (worker.leases.size < room) {
      const next = nextShard(state, worker);
      if (next === undefined) break;
      state.granted++;
      const lease = `${state.rules.epoch}-${state.granted}`;
      state.leases.set(lease, {
        lease,
        sweep: next.sweep,
        worker: worker.worker,
        range: next.range,
        deadline_ms: now_ms + state.rules.lease_ms,
        cells_done: 0,
        losses: next.losses,
      });
      worker.leases.add(lease);
      const { sweep, range } = next;
      effects.push({ type: "send_lease", worker: worker.worker, lease, sweep, range });
    }
    if (worker.leases.size >= room) state.hungry.delete(name);
  }
}

function hasWork(state: State): boolean {
  for (const { status, fresh, returned } of state.sweeps.values()) {
    if (status === "running" && fresh.length + returned.length > 0) return true;
  }
  return false;
}

interface Shard {
  readonly sweep: string;
  readonly range: Range;
  readonly losses: readonly string[];
}

/** Cuts the next shard for a worker: what was lost before what is fresh, older sweeps first. */
function nextShard(state: State, worker: WorkerState): Shard | undefined {
  for (const sweep of state.sweeps.values()) {
    if (sweep.status !== "running") continue;
    const { plan } = sweep;
    const fits = ({ first }: Range) =>
      worker.numeric_classes.includes(plan.groups[groupIndexOf(plan, first)]!.numeric_class);

    const lost = sweep.returned.findIndex(({ range }) => fits(range));
    if (lost >= 0) {
      const { range, losses } = sweep.returned[lost]!;
      const shard = cut(state, sweep, worker, range);
      const left = subtract([range], [shard]).map((rest) => ({ range: rest, losses }));
      sweep.returned.splice(lost, 1, ...left);
      return { sweep: sweep.sweep, range: shard, losses };
    }
    const fresh = sweep.fresh.find(fits);
    if (fresh !== undefined) {
      const shard = cut(state, sweep, worker, fresh);
      removeRange(sweep.fresh, shard);
      return { sweep: sweep.sweep, range: shard, losses: [] };
    }
  }
  return undefined;
}

function cut(state: State, sweep: SweepState, worker: WorkerState, { first, end }: Range): Range {
  return { first, end: Math.min(end, first + shardCells(state, sweep, worker, first)) };
}

/** Removes a lease from the books and returns what it still owed. */
export function takeLease(state: State, id: string): LeaseState {
  const lease = state.leases.get(id)!;
  state.leases.delete(id);
  state.workers.get(lease.worker)?.leases.delete(id);
  state.hungry.add(lease.worker);
  return lease;
}

/** Puts a lease's range back, with nothing held against it. */
export function returnRange(state: State, { sweep: id, range, losses }: LeaseState): void {
  const sweep = state.sweeps.get(id)!;
  const back = outside(range, sweep.done).flatMap((left) => outside(left, sweep.storing));
  // Cells that failed in another's hands get another chance.
  sweep.failures = sweep.failures.flatMap((failed) =>
    subtract([failed.range], back).map((left) => ({ ...failed, range: left })),
  );
  for (const left of back) sweep.returned.push({ range: left, losses });
}

/** After so many losses a range is halved: smaller shards suit a fleet that keeps dying. */
const LOSSES_A_HALVING = 3;

/**
 * The worker is gone with the lease in hand, which is nobody's fault: the range is computed again, in
 * halves now and then, so that one that kills its workers is alone in the end and given up.
 */
export function loseLease(state: State, lease: LeaseState, how: string, effects: Effect[]): void {
  takeLease(state, lease.lease);
  const losses = [...lease.losses, `lease ${lease.lease}: ${how}`];
  const cells = lease.range.end - lease.range.first;
  if (cells > 1 && losses.length % LOSSES_A_HALVING === 0) {
    returnHalves(state, { ...lease, losses });
  } else if (cells > 1 || losses.length < state.rules.losses_max) {
    returnRange(state, { ...lease, losses });
  } else {
    const sweep = state.sweeps.get(lease.sweep)!;
    const error = `lost ${losses.length} times with its worker:\n    ${losses.slice(-5).join("\n    ")}`;
    sweep.failures.push({ range: lease.range, error, cause: "cells" });
    effects.push({ type: "sweep_changed", sweep: lease.sweep });
  }
}

/** Puts a lease's range back as two, which go their own ways. */
export function returnHalves(state: State, lease: LeaseState): void {
  const { first, end } = lease.range;
  const middle = first + Math.floor((end - first) / 2);
  returnRange(state, { ...lease, range: { first, end: middle } });
  returnRange(state, { ...lease, range: { first: middle, end } });
}

/**
 * A worker came back with a lease in hand. It keeps it if the lease is still on the books, or if
 * (after a restart of the coordinator) nobody else has taken its cells yet.
 */
export function adoptLease(
  state: State,
  worker: string,
  lease: string,
  sweepId: string,
  range: Range,
  now_ms: number,
): boolean {
  const known = state.leases.get(lease);
  if (known !== undefined) {
    if (known.worker !== worker) return false;
    known.deadline_ms = now_ms + state.rules.lease_ms;
    return true;
  }
  const sweep = state.sweeps.get(sweepId);
  if (sweep === undefined || sweep.status !== "running") return false;
  const entry = sweep.returned.find(
    (r) => r.range.first <= range.first && range.end <= r.range.end,
  );
  const isFresh = sweep.fresh.some((r) => r.first <= range.first && range.end <= r.end);
  if (entry === undefined && !isFresh) return false;
  removeRange(sweep.fresh, range);
  sweep.returned = sweep.returned.flatMap((r) =>
    intersects(r.range, range)
      ? subtract([r.range], [range]).map((left) => ({ range: left, losses: r.losses }))
      : [r],
  );
  const deadline_ms = now_ms + state.rules.lease_ms;
  const losses = entry?.losses ?? [];
  state.leases.set(lease, {
    lease,
    sweep: sweepId,
    worker,
    range,
    deadline_ms,
    cells_done: 0,
    losses,
  });
  state.workers.get(worker)!.leases.add(lease);
  return true;
}
