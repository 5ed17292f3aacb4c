import { groupIndexOf } from "../../shared/plan.ts";
import {
  addRange,
  outside,
  type Range,
  removeRange,
  size,
  subtract,
  union,
} from "../../shared/ranges.ts";
import type { ArrivedPart, Effect, Event } from "./events.ts";
import {
  adoptLease,
  grantLeases,
  loseLease,
  returnHalves,
  returnRange,
  takeLease,
} from "./leases.ts";
import { updateRate } from "./shard_size.ts";
import type { FailedRange, State, SweepState } from "./state.ts";

/**
 * The scheduler: what follows from an event. A pure function of (state, event) in all but memory:
 * it consumes the state that it is given and returns it changed, so a caller keeps only the
 * returned one. It neither reads a clock nor waits nor writes; the shell runs the effects in order.
 */
export function step(state: State, event: Event): { state: State; effects: Effect[] } {
  const effects: Effect[] = [];
  handle(state, event, effects);
  grantLeases(state, event.now_ms, effects);
  return { state, effects };
}

function handle(state: State, event: Event, effects: Effect[]): void {
  switch (event.type) {
    case "sweep_submitted": {
      const all = [{ first: 0, end: event.plan.cells }];
      const done = union(event.done, []);
      const failed = event.failures.map(({ range }) => range);
      const sweep: SweepState = {
        sweep: event.sweep,
        plan: event.plan,
        status: event.merged ? "done" : "running",
        fresh: subtract(subtract(all, done), union(failed, [])),
        returned: [],
        storing: [],
        done,
        cells_done: size(done),
        failures: [...event.failures],
        phases: [...event.phases],
        shards_committed: event.shards_committed,
        duplicates: 0,
        mismatches: 0,
        error: describeFailures(event.failures),
      };
      state.sweeps.set(event.sweep, sweep);
      finishIfComplete(state, sweep, effects);
      effects.push({ type: "sweep_changed", sweep: event.sweep });
      return;
    }
    case "worker_registered": {
      const before = state.workers.get(event.worker);
      if (before?.connected) state.slots_connected -= before.slots;
      state.slots_connected += event.slots;
      state.hungry.add(event.worker);
      state.workers.set(event.worker, {
        worker: event.worker,
        host: event.host,
        slots: event.slots,
        numeric_classes: event.numeric_classes,
        connected: true,
        draining: false,
        rates: before?.rates ?? new Map(),
        leases: before?.leases ?? new Set(),
      });
      const held = new Set(event.held.map(({ lease }) => lease));
      for (const lease of [...(before?.leases ?? [])]) {
        // Sent while the stream broke: the worker never saw it, so nothing was lost with it.
        if (!held.has(lease)) returnRange(state, takeLease(state, lease));
      }
      for (const { lease, sweep, range } of event.held) {
        if (!adoptLease(state, event.worker, lease, sweep, range, event.now_ms)) {
          effects.push({ type: "send_cancel", worker: event.worker, lease });
        }
      }
      return;
    }
    case "worker_lost": {
      const worker = state.workers.get(event.worker);
      if (worker === undefined) return;
      if (worker.connected) state.slots_connected -= worker.slots;
      worker.connected = false;
      const grace = event.now_ms + state.rules.reconnect_ms;
      for (const id of [...worker.leases]) {
        const lease = state.leases.get(id)!;
        if (event.certain) loseLease(state, lease, `${worker.worker} died`, effects);
        else lease.deadline_ms = Math.min(lease.deadline_ms, grace);
      }
      if (worker.leases.size === 0) state.workers.delete(event.worker);
      return;
    }
    case "leases_renewed":
      for (const { lease: id, cells_done } of event.leases) {
        const lease = state.leases.get(id);
        if (lease === undefined || lease.worker !== event.worker) {
          effects.push({ type: "send_cancel", worker: event.worker, lease: id });
          continue;
        }
        lease.deadline_ms = event.now_ms + state.rules.lease_ms;
        lease.cells_done = cells_done;
        effects.push({ type: "sweep_changed", sweep: lease.sweep });
      }
      return;
    case "leases_released":
      for (const id of event.leases) {
        if (state.leases.get(id)?.worker === event.worker) returnRange(state, takeLease(state, id));
      }
      return;
    case "shard_failed": {
      const lease = state.leases.get(event.lease);
      if (lease === undefined || lease.worker !== event.worker) return;
      takeLease(state, event.lease);
      const sweep = state.sweeps.get(lease.sweep)!;
      const { first, end } = lease.range;
      if (end - first > 1) {
        // Some cell of it fails: halves go on until it is alone, and the others are finished.
        returnHalves(state, lease);
      } else {
        sweep.failures.push({ range: lease.range, error: event.error, cause: "cells" });
      }
      finishIfComplete(state, sweep, effects);
      return;
    }
    case "worker_draining": {
      const worker = state.workers.get(event.worker);
      if (worker !== undefined) worker.draining = true;
      return;
    }
    case "part_arrived":
      acceptPart(state, event.part, effects);
      return;
    case "part_stored": {
      const sweep = state.sweeps.get(event.part.sweep)!;
      for (const range of event.ranges) {
        removeRange(sweep.storing, range);
        addRange(sweep.done, range);
      }
      sweep.cells_done += size(event.ranges);
      // A part that was trimmed counts its phases in proportion; a whole part counts exactly.
      const share = size(event.ranges) / size([event.part.range]);
      for (const [code, count] of event.part.phases.entries()) {
        sweep.phases[code] = (sweep.phases[code] ?? 0) + Math.round(count * share);
      }
      sweep.shards_committed++;
      finishIfComplete(state, sweep, effects);
      effects.push({ type: "sweep_changed", sweep: sweep.sweep });
      return;
    }
    case "part_not_stored": {
      const sweep = state.sweeps.get(event.part.sweep)!;
      for (const range of event.ranges) removeRange(sweep.storing, range);
      // What another worker has in hand as well is not lost yet.
      const inHand = [...state.leases.values()].filter((lease) => lease.sweep === sweep.sweep);
      const lost = inHand.reduce((left, { range }) => subtract(left, [range]), [...event.ranges]);
      for (const range of lost) {
        sweep.failures.push({ range, error: event.error, cause: "storage" });
      }
      finishIfComplete(state, sweep, effects);
      return;
    }
    case "duplicate_compared": {
      const sweep = state.sweeps.get(event.sweep);
      if (sweep === undefined) return;
      sweep.duplicates++;
      if (event.mismatch) sweep.mismatches++;
      effects.push({ type: "sweep_changed", sweep: event.sweep });
      return;
    }
    case "sweep_merged":
    case "merge_failed": {
      const sweep = state.sweeps.get(event.sweep)!;
      sweep.status = event.type === "sweep_merged" ? "done" : "failed";
      if (event.type === "merge_failed") sweep.error = event.error;
      effects.push({ type: "sweep_changed", sweep: event.sweep });
      return;
    }
    case "tick":
      for (const lease of [...state.leases.values()]) {
        if (lease.deadline_ms > event.now_ms) continue;
        loseLease(state, lease, `${lease.worker} fell silent`, effects);
        const worker = state.workers.get(lease.worker);
        if (worker?.connected) {
          effects.push({ type: "send_cancel", worker: lease.worker, lease: lease.lease });
        } else if (worker?.leases.size === 0) {
          state.workers.delete(lease.worker);
        }
      }
      for (const sweep of state.sweeps.values()) finishIfComplete(state, sweep, effects);
      return;
  }
}

/**
 * The first commit of a cell wins, whoever brings it: a late part is as good as one in time.
 * Cells that are committed already are left out; a part with nothing new is compared.
 */
function acceptPart(state: State, part: ArrivedPart, effects: Effect[]): void {
  const sweep = state.sweeps.get(part.sweep);
  if (sweep === undefined || part.range.end > sweep.plan.cells || part.range.first < 0) {
    effects.push({ type: "refuse_part", part, reason: `no such cells in sweep '${part.sweep}'` });
    return;
  }
  const worker = state.workers.get(part.worker);
  const group = sweep.plan.groups[groupIndexOf(sweep.plan, part.range.first)]!;
  if (worker !== undefined) {
    updateRate(worker, group.shape_group, size([part.range]) / part.compute_ms);
  }
  const lease = state.leases.get(part.lease);
  // Whoever holds the lease on these cells is the only one who does; a late part may meet others.
  const isHolders =
    lease !== undefined &&
    lease.sweep === part.sweep &&
    subtract([part.range], [lease.range]).length === 0;
  if (lease !== undefined) settleLease(state, lease.lease, part.range);

  const notDone = outside(part.range, sweep.done);
  const accepted = notDone.flatMap((range) => outside(range, sweep.storing));
  if (accepted.length === 0) {
    effects.push({ type: "compare_duplicate", part });
    return;
  }
  for (const range of accepted) addRange(sweep.storing, range);
  if (!isHolders) takeFromOthers(state, sweep, accepted, effects);
  effects.push({ type: "store_part", part, ranges: accepted });
}

/** Cells that came in late are wanted from nobody else any more. */
function takeFromOthers(
  state: State,
  sweep: SweepState,
  accepted: readonly Range[],
  effects: Effect[],
): void {
  for (const range of accepted) removeRange(sweep.fresh, range);
  sweep.returned = sweep.returned.flatMap(({ range, losses }) =>
    subtract([range], accepted).map((left) => ({ range: left, losses })),
  );
  sweep.failures = sweep.failures.flatMap((failed) =>
    subtract([failed.range], accepted).map((left) => ({ ...failed, range: left })),
  );
  for (const other of [...state.leases.values()]) {
    if (other.sweep !== sweep.sweep || subtract([other.range], accepted).length > 0) continue;
    takeLease(state, other.lease);
    effects.push({ type: "send_cancel", worker: other.worker, lease: other.lease });
  }
}

/** The part answers for its lease: all of it, or its beginning when the worker drains. */
function settleLease(state: State, id: string, covered: Range): void {
  const lease = state.leases.get(id)!;
  const left = subtract([lease.range], [covered]);
  if (left.length === 0) takeLease(state, id);
  else lease.range = { first: left[0]!.first, end: left.at(-1)!.end };
}

function finishIfComplete(state: State, sweep: SweepState, effects: Effect[]): void {
  if (sweep.status !== "running") return;
  if (sweep.fresh.length + sweep.returned.length + sweep.storing.length > 0) return;
  if (sweep.cells_done < sweep.plan.cells) {
    const leased = [...state.leases.values()].some((lease) => lease.sweep === sweep.sweep);
    if (leased) return;
  }
  sweep.error = describeFailures(sweep.failures);
  if (sweep.failures.every(({ cause }) => cause === "cells") && sweep.cells_done > 0) {
    sweep.status = "merging";
    effects.push({ type: "merge", sweep: sweep.sweep });
  } else {
    sweep.status = "failed";
    effects.push({ type: "sweep_changed", sweep: sweep.sweep });
  }
}

function describeFailures(failures: readonly FailedRange[]): string {
  return failures
    .map(({ range, error }) => `cells ${range.first}..${range.end - 1}: ${error}`)
    .join("\n");
}
