import { groupIndexOf } from "../../shared/plan.ts";
import { addRange, outside, type Range, removeRange, size, subtract } from "../../shared/ranges.ts";
import { forgive, judge } from "./blame.ts";
import { trimTwin } from "./copies.ts";
import type { ArrivedPart, Effect, Event } from "./events.ts";
import { bookLease, cancelLease, takeLease } from "./leases.ts";
import { recallLeases } from "./outcomes.ts";
import { addPhases } from "./progress.ts";
import { kindOf, updateRate } from "./shard_size.ts";
import { type LeaseState, NO_PAST, type State, type SweepState } from "./state.ts";
import { canBecome, setStatus } from "./transitions.ts";

/**
 * The first commit of a cell wins, whoever brings it: a late part is as good as one in time.
 * Cells that are committed already are left out, and compared with what is there.
 */
export function acceptPart(state: State, part: ArrivedPart, effects: Effect[]): void {
  const sweep = state.sweeps.get(part.sweep);
  const { first, end } = part.range;
  if (sweep === undefined || !(first >= 0 && first < end && end <= sweep.plan.cells)) {
    const reason = `there are no cells ${first}..${end - 1} in a sweep '${part.sweep}'`;
    effects.push({ type: "refuse_part", part, reason });
    return;
  }
  const worker = state.workers.get(part.worker);
  const group = sweep.plan.groups[groupIndexOf(sweep.plan, first)]!;
  if (worker !== undefined) {
    const cells_per_ms = size([part.range]) / part.compute_ms;
    updateRate(state, worker, group.shape_group, cells_per_ms);
    updateRate(state, worker, kindOf(group), cells_per_ms);
    forgive(worker);
  }
  const named = state.leases.get(part.lease);
  const lease = named?.sweep === part.sweep ? named : undefined;
  // Whoever holds the lease on these cells is the only one who does, but for its twin; a late part
  // may meet others.
  const isHolders = lease !== undefined && subtract([part.range], [lease.range]).length === 0;
  if (lease !== undefined) settle(state, lease, part, effects);

  const notDone = outside(part.range, sweep.done);
  const accepted = notDone.flatMap((range) => outside(range, sweep.storing));
  if (size(notDone) < end - first) {
    effects.push({ type: "compare_duplicate", part, numeric_class: group.numeric_class });
  }
  if (accepted.length === 0) {
    effects.push({ type: "drop_part", part });
    return;
  }
  for (const range of accepted) addRange(sweep.storing, range);
  if (!isHolders) takeFromOthers(state, sweep, accepted, effects);
  effects.push({ type: "store_part", part, ranges: accepted });
}

/** The part answers for its lease: all of it, or its beginning when the worker drains. */
function settle(state: State, lease: LeaseState, part: ArrivedPart, effects: Effect[]): void {
  judge(state, part.worker, lease.past, size([part.range]), effects);
  const { twin } = lease;
  const left = subtract([lease.range], [part.range]);
  if (left.length === 0) takeLease(state, lease.lease);
  else lease.range = { first: left[0]!.first, end: left.at(-1)!.end };
  if (twin !== null) trimTwin(state, twin, part.range, effects);
}

/** Cells that came in late are wanted from nobody else any more. */
function takeFromOthers(
  state: State,
  sweep: SweepState,
  accepted: readonly Range[],
  effects: Effect[],
): void {
  for (const range of accepted) removeRange(sweep.fresh, range);
  sweep.returned = sweep.returned.flatMap(({ range, past }) =>
    subtract([range], accepted).map((left) => ({ range: left, past })),
  );
  sweep.failures = sweep.failures.flatMap((failed) =>
    subtract([failed.range], accepted).map((left) => ({ ...failed, range: left })),
  );
  for (const other of [...state.leases.values()]) {
    if (other.sweep !== sweep.sweep || subtract([other.range], accepted).length > 0) continue;
    cancelLease(state, other.lease, effects);
  }
}

export function partStored(
  state: State,
  part: ArrivedPart,
  ranges: readonly Range[],
  effects: Effect[],
): void {
  const sweep = state.sweeps.get(part.sweep)!;
  for (const range of ranges) {
    removeRange(sweep.storing, range);
    addRange(sweep.done, range);
  }
  sweep.cells_done += size(ranges);
  addPhases(sweep.phases, { ...part, accepted: ranges });
  sweep.shards_committed++;
  sweep.storage_trouble = null;
  effects.push({ type: "sweep_changed", sweep: sweep.sweep });
}

/**
 * The disk is full, or gone. The worker keeps the part and its lease, and hands it in again; only
 * when nothing has reached the disk for storage_patience_ms does the sweep fail, with all that is
 * committed kept.
 */
export function partNotStored(
  state: State,
  { part, ranges, error, for_good, now_ms }: Extract<Event, { readonly type: "part_not_stored" }>,
  effects: Effect[],
): void {
  const sweep = state.sweeps.get(part.sweep)!;
  for (const range of ranges) removeRange(sweep.storing, range);
  const others = [...state.leases.values()].filter(({ sweep: of }) => of === sweep.sweep);
  const lost = others.reduce((left, { range }) => subtract(left, [range]), [...ranges]);
  sweep.storage_trouble ??= { since_ms: now_ms, error };
  const trouble_ms = now_ms - sweep.storage_trouble.since_ms;
  const isOver = for_good || trouble_ms >= state.rules.storage_patience_ms;
  if (isOver && canBecome(sweep.status, "failed")) {
    setStatus(state, sweep, "failed");
    sweep.error = error;
    recallLeases(state, sweep, effects);
  }
  const worker = state.workers.get(part.worker);
  const isFailed = sweep.status === "failed";
  // It is not to hand the part in again and again.
  if (isFailed) effects.push({ type: "send_cancel", worker: part.worker, lease: part.lease });
  if (!isFailed && worker?.connected && !state.leases.has(part.lease) && lost.length > 0) {
    const range = { first: lost[0]!.first, end: lost.at(-1)!.end };
    const shard = { sweep: sweep.sweep, range, past: NO_PAST };
    bookLease(state, worker, part.lease, shard, now_ms);
  } else {
    for (const range of lost) sweep.returned.push({ range, past: NO_PAST });
  }
  effects.push({ type: "sweep_changed", sweep: sweep.sweep });
}

/** Somebody removed files of committed parts before they were merged: their cells are computed again. */
export function partsGone(
  state: State,
  event: Extract<Event, { readonly type: "parts_gone" }>,
  effects: Effect[],
): void {
  const sweep = state.sweeps.get(event.sweep)!;
  const { done, phases, shards_committed } = event.progress;
  Object.assign(sweep, { done: [...done], phases: [...phases], shards_committed });
  sweep.cells_done = size(done);
  const past = { ...NO_PAST, story: ["their part was removed from the results folder"] };
  for (const range of event.ranges) sweep.returned.push({ range, past });
  setStatus(state, sweep, "running");
  effects.push({ type: "sweep_changed", sweep: sweep.sweep });
}
