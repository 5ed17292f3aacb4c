import type { Plan } from "../../shared/plan.ts";
import { size, subtract, union } from "../../shared/ranges.ts";
import { planCells } from "../../shared/work_plan.ts";
import { forgetWorker } from "./blame.ts";
import { copyStragglers } from "./copies.ts";
import type { Effect, Event } from "./events.ts";
import { adoptLease, cancelLease, grantLeases } from "./leases.ts";
import {
  crashLeases,
  failLease,
  loseLease,
  recallLeases,
  returnLease,
  tryOnAnother,
} from "./outcomes.ts";
import { acceptPart, partNotStored, partStored, partsGone } from "./parts.ts";
import {
  type FailedRange,
  NO_PAST,
  type State,
  type SweepState,
  type SweepStatus,
} from "./state.ts";
import { canBecome, mayBeGiven, orderQueue, setStatus } from "./transitions.ts";

/**
 * The scheduler: what follows from an event. A pure function of (state, event) in all but memory:
 * it consumes the state that it is given and returns it changed, so a caller keeps only the
 * returned one. It neither reads a clock nor waits nor writes; the shell runs the effects in order.
 */
export function step(state: State, event: Event): { state: State; effects: Effect[] } {
  const effects: Effect[] = [];
  if (state.company_until_ms === Number.NEGATIVE_INFINITY) expectCompany(state, event.now_ms);
  handle(state, event, effects);
  grantLeases(state, event.now_ms, effects);
  if (event.type === "tick") copyStragglers(state, event.now_ms, effects);
  return { state, effects };
}

type EventOf<Type extends Event["type"]> = Extract<Event, { readonly type: Type }>;

function handle(state: State, event: Event, effects: Effect[]): void {
  switch (event.type) {
    case "sweep_submitted":
      addSweep(state, event, effects);
      return;
    case "sweep_extended":
      extendSweep(state, event, effects);
      return;
    case "sweep_removed":
      recallLeases(state, state.sweeps.get(event.sweep)!, effects);
      state.sweeps.delete(event.sweep);
      orderQueue(state);
      return;
    case "sweep_controlled":
      controlSweep(state, event, effects);
      return;
    case "worker_registered":
      registerWorker(state, event, effects);
      return;
    case "worker_lost":
      loseWorker(state, event);
      return;
    case "worker_died":
      buryWorker(state, event, effects);
      return;
    case "leases_renewed":
      for (const { lease: id, cells_done, cells_per_ms } of event.leases) {
        const lease = state.leases.get(id);
        if (lease === undefined || lease.worker !== event.worker) {
          effects.push({ type: "send_cancel", worker: event.worker, lease: id });
          continue;
        }
        lease.deadline_ms = event.now_ms + state.rules.lease_ms;
        lease.cells_done = cells_done;
        lease.cells_per_ms = cells_per_ms;
        effects.push({ type: "sweep_changed", sweep: lease.sweep });
      }
      return;
    case "leases_released":
      for (const id of event.leases) {
        if (state.leases.get(id)?.worker !== event.worker) continue;
        returnLease(state, id, "its worker released it", effects);
      }
      return;
    case "shard_failed": {
      const lease = state.leases.get(event.lease);
      if (lease === undefined || lease.worker !== event.worker) return;
      failLease(state, event.lease, event.error, event.now_ms, effects);
      failIfHopeless(state, state.sweeps.get(lease.sweep)!, effects);
      finishIfComplete(state, state.sweeps.get(lease.sweep)!, effects);
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
    case "part_stored":
      partStored(state, event.part, event.ranges, effects);
      finishIfComplete(state, state.sweeps.get(event.part.sweep)!, effects);
      return;
    case "part_not_stored":
      partNotStored(state, event, effects);
      return;
    case "duplicate_compared": {
      const sweep = state.sweeps.get(event.sweep);
      if (sweep === undefined) return;
      sweep.duplicates++;
      sweep.mismatches += event.mismatches;
      effects.push({ type: "sweep_changed", sweep: event.sweep });
      return;
    }
    case "parts_gone":
      partsGone(state, event, effects);
      return;
    case "sweep_merged":
    case "merge_failed": {
      const sweep = state.sweeps.get(event.sweep)!;
      setStatus(state, sweep, event.type === "sweep_merged" ? "done" : "failed");
      if (event.type === "merge_failed") sweep.error = event.error;
      effects.push({ type: "sweep_changed", sweep: event.sweep });
      return;
    }
    case "cannot_go_on":
      stopSweep(state, state.sweeps.get(event.sweep)!, event.error, effects);
      return;
    case "tick":
      expireLeases(state, event.now_ms, effects);
      for (const sweep of state.sweeps.values()) finishIfComplete(state, sweep, effects);
  }
}

function addSweep(state: State, event: EventOf<"sweep_submitted">, effects: Effect[]): void {
  const { sweep: id, plan, before } = event;
  const all = [{ first: 0, end: plan.cells }];
  const done = union(before.done, []);
  const failed = before.failures.map(({ range }) => range);
  const sweep: SweepState = {
    sweep: id,
    plan,
    priority: before.priority,
    status: before.merged ? "done" : before.control,
    fresh: subtract(subtract(all, done), union(failed, [])),
    returned: [],
    storing: [],
    done,
    cells_done: size(done),
    failures: [...before.failures],
    phases: [...before.phases],
    shards_committed: before.shards_committed,
    duplicates: before.duplicates,
    mismatches: before.mismatches,
    storage_trouble: null,
    error: describeFailures(plan, before.failures),
  };
  state.sweeps.set(id, sweep);
  orderQueue(state);
  finishIfComplete(state, sweep, effects);
  effects.push({ type: "sweep_changed", sweep: id });
}

/** A wish that its status does not allow is for the shell to refuse; here it changes nothing. */
function controlSweep(state: State, event: EventOf<"sweep_controlled">, effects: Effect[]): void {
  const sweep = state.sweeps.get(event.sweep)!;
  const wanted: SweepStatus = event.control;
  sweep.priority = event.priority;
  if (mayBeGiven(sweep.status, wanted)) {
    if (sweep.status === "failed") tryAgain(sweep);
    setStatus(state, sweep, wanted);
    if (wanted === "cancelled") recallLeases(state, sweep, effects);
  }
  orderQueue(state);
  finishIfComplete(state, sweep, effects);
  effects.push({ type: "sweep_changed", sweep: event.sweep });
}

/** The merge found that more cells are wanted. It may have been cancelled, or gone, meanwhile. */
function extendSweep(state: State, event: EventOf<"sweep_extended">, effects: Effect[]): void {
  const sweep = state.sweeps.get(event.sweep);
  if (sweep === undefined) return;
  const added = [{ first: sweep.plan.cells, end: event.plan.cells }];
  sweep.fresh = union(sweep.fresh, subtract(added, event.progress.done));
  sweep.plan = event.plan;
  const { done, phases, shards_committed } = event.progress;
  Object.assign(sweep, { done: [...done], phases: [...phases], shards_committed });
  sweep.cells_done = size(done);
  if (sweep.status === "merging") setStatus(state, sweep, "running");
  finishIfComplete(state, sweep, effects);
  effects.push({ type: "sweep_changed", sweep: event.sweep });
}

/** A failed sweep gets another chance, with nothing held against any cell. */
function tryAgain(sweep: SweepState): void {
  for (const { range } of sweep.failures) sweep.returned.push({ range, past: NO_PAST });
  sweep.failures = [];
  sweep.storage_trouble = null;
  sweep.error = "";
}

function registerWorker(
  state: State,
  event: EventOf<"worker_registered">,
  effects: Effect[],
): void {
  const before = state.workers.get(event.worker);
  if (before?.connected) state.slots_connected -= before.slots;
  state.slots_connected += event.slots;
  state.hungry.add(event.worker);
  const worker = {
    worker: event.worker,
    host: event.host,
    version: event.version,
    slots: event.slots,
    numeric_classes: event.numeric_classes,
    kernel_versions: event.kernel_versions,
    connected: true,
    draining: false,
    rates: before?.rates ?? new Map(),
    leases: before?.leases ?? new Set<string>(),
    alone: before?.alone ?? false,
    doubts: before?.doubts ?? 0,
    blame: before?.blame ?? 0,
  };
  state.workers.set(event.worker, worker);
  if (before === undefined) tryOnAnother(state, event.host);
  const held = new Set(event.held.map(({ lease }) => lease));
  for (const lease of [...worker.leases]) {
    // Sent while the stream broke: the worker never saw it, so nothing was lost with it.
    if (!held.has(lease)) returnLease(state, lease, "its worker never saw it", effects);
  }
  for (const { lease, sweep, range } of event.held) {
    if (!adoptLease(state, worker, lease, sweep, range, event.now_ms)) {
      effects.push({ type: "send_cancel", worker: event.worker, lease });
    }
  }
}

/** After a start, or a loss, it takes others a while to come (back). */
function expectCompany(state: State, now_ms: number): void {
  state.company_until_ms = now_ms + state.rules.company_ms;
}

/** The worker may come back within its time of grace, or hand in late. */
function loseWorker(state: State, event: EventOf<"worker_lost">): void {
  const worker = state.workers.get(event.worker);
  if (worker === undefined) return;
  if (worker.connected) state.slots_connected -= worker.slots;
  worker.connected = false;
  expectCompany(state, event.now_ms);
  const grace_ms = event.now_ms + state.rules.reconnect_ms;
  for (const id of worker.leases) {
    const lease = state.leases.get(id)!;
    lease.deadline_ms = Math.min(lease.deadline_ms, grace_ms);
  }
  if (worker.leases.size === 0) forgetWorker(state, event.worker);
}

function buryWorker(state: State, event: EventOf<"worker_died">, effects: Effect[]): void {
  const worker = state.workers.get(event.worker);
  if (worker === undefined) return;
  if (worker.connected) state.slots_connected -= worker.slots;
  worker.connected = false;
  expectCompany(state, event.now_ms);
  const leases = [...worker.leases];
  const sweeps = new Set(leases.map((id) => state.leases.get(id)!.sweep));
  if (event.crashed) crashLeases(state, leases, event.how, effects);
  else for (const id of leases) loseLease(state, id, event.how, effects);
  forgetWorker(state, event.worker);
  for (const sweep of sweeps) finishIfComplete(state, state.sweeps.get(sweep)!, effects);
}

function expireLeases(state: State, now_ms: number, effects: Effect[]): void {
  for (const lease of [...state.leases.values()]) {
    if (lease.deadline_ms > now_ms) continue;
    const worker = state.workers.get(lease.worker);
    if (worker?.connected) {
      loseLease(state, lease.lease, "fell silent", effects);
      effects.push({ type: "send_cancel", worker: lease.worker, lease: lease.lease });
    } else {
      loseLease(state, lease.lease, "was cut off, and did not come back in time", effects);
      if (worker?.leases.size === 0) forgetWorker(state, lease.worker);
    }
  }
}

function finishIfComplete(state: State, sweep: SweepState, effects: Effect[]): void {
  if (!canBecome(sweep.status, "merging")) return;
  if (sweep.fresh.length + sweep.returned.length + sweep.storing.length > 0) return;
  if (sweep.cells_done < sweep.plan.cells) {
    const leased = [...state.leases.values()].some((lease) => lease.sweep === sweep.sweep);
    if (leased) return;
  } else {
    // Whoever still computes for it does so in vain.
    for (const lease of [...state.leases.values()]) {
      if (lease.sweep === sweep.sweep) cancelLease(state, lease.lease, effects);
    }
  }
  sweep.error = describeFailures(sweep.plan, sweep.failures);
  if (sweep.cells_done > 0) {
    setStatus(state, sweep, "merging");
    effects.push({ type: "merge", sweep: sweep.sweep });
  } else {
    setStatus(state, sweep, "failed");
    effects.push({ type: "sweep_changed", sweep: sweep.sweep });
  }
}

/** So many cells failed, and none has been computed: it is not the cells. */
const HOPELESS_FAILURES = 8;

/** An engine that cannot run at all is told at once, not after every cell of the sweep. */
function failIfHopeless(state: State, sweep: SweepState, effects: Effect[]): void {
  if (sweep.cells_done + sweep.storing.length > 0) return;
  if (sweep.failures.length < HOPELESS_FAILURES) return;
  const failures = describeFailures(sweep.plan, sweep.failures);
  stopSweep(state, sweep, `not one cell could be computed so far:\n${failures}`, effects);
}

/** Fails a sweep that has cells left; what is committed stays. */
function stopSweep(state: State, sweep: SweepState, error: string, effects: Effect[]): void {
  if (sweep.status === "merging" || !canBecome(sweep.status, "failed")) return;
  setStatus(state, sweep, "failed");
  sweep.error = error;
  recallLeases(state, sweep, effects);
  effects.push({ type: "sweep_changed", sweep: sweep.sweep });
}

/** In the cells of the sweep file, which may be computed in another order. */
function describeFailures(plan: Plan, failures: readonly FailedRange[]): string {
  return failures
    .flatMap(({ range, error }) =>
      planCells(plan, range).map(({ first, end }) =>
        end - first === 1 ? `cell ${first}: ${error}` : `cells ${first}..${end - 1}: ${error}`,
      ),
    )
    .join("\n");
}
