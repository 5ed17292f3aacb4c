import { outside, type Range, subtract } from "../../shared/ranges.ts";
import { planCells } from "../../shared/work_plan.ts";
import { dropDoubt, hasOthers, NO_DOUBT, raiseDoubt } from "./blame.ts";
import { trimTwin } from "./copies.ts";
import type { Effect, LeaseOutcome } from "./events.ts";
import { cancelLease, type TakenLease, takeLease } from "./leases.ts";
import { type LeaseState, NO_PAST, type Past, type State, type SweepState } from "./state.ts";

/**
 * What becomes of the cells of a lease that ended without their result. (A result, divergence
 * among them, is the fourth outcome: parts.ts.)
 *
 * given back  its worker drains, or never saw it: they are leased again, with nothing against them
 * lost        its worker was killed, cut off or fell silent, which is nobody's fault: leased again,
 *             in halves now and then
 * crashed     its process died of something: halved and taken alone, until one cell has brought
 *             down three processes that had nothing else in hand
 * failed      the engine threw: halved until it is one cell, which two hosts must fail where
 *             there are two
 */

/** Lines of a story that are kept. */
const STORY_LINES_MAX = 10;
/** After so many losses a range is halved: smaller shards suit a fleet that keeps dying. */
const LOSSES_A_HALVING = 3;
/** A single cell that brought down so many processes by itself is not tried again. */
const CRASHES_ALONE_MAX = 3;

/** Puts a lease's range back with what is known of it, but for what its twin computes anyway. */
export function giveBack(
  state: State,
  { lease, twin }: TakenLease,
  past: Past = lease.past,
  ranges: readonly Range[] = [lease.range],
): void {
  const sweep = state.sweeps.get(lease.sweep)!;
  if (twin !== undefined && past !== lease.past) twin.past = joined(twin.past, past);
  for (const range of ranges) {
    const wanted = outside(range, sweep.done).flatMap((left) => outside(left, sweep.storing));
    const back = twin === undefined ? wanted : subtract(wanted, [twin.range]);
    // Cells that failed in another's hands get another chance.
    sweep.failures = sweep.failures.flatMap((failed) =>
      subtract([failed.range], back).map((left) => ({ ...failed, range: left })),
    );
    for (const left of back) sweep.returned.push({ range: left, past });
  }
}

/** What befell the same cells in two leases. */
function joined(a: Past, b: Past): Past {
  return {
    story: [...a.story, ...b.story].slice(-STORY_LINES_MAX),
    losses: Math.max(a.losses, b.losses),
    crashes_alone: Math.max(a.crashes_alone, b.crashes_alone),
    suspect: a.suspect,
    failed_on: [...new Set([...a.failed_on, ...b.failed_on])],
  };
}

/** The worker is gone with the lease in hand, for a reason that is not in the cells. */
export function loseLease(state: State, id: string, how: string, effects: Effect[]): void {
  const taken = takeLease(state, id);
  const { lease } = taken;
  const losses = lease.past.losses + 1;
  const past = { ...told(state, lease, how), losses };
  if (!isOneCell(lease)) {
    const isHalved = losses % LOSSES_A_HALVING === 0;
    report(effects, lease, "lost", how, isHalved ? "halved" : "again");
    giveBack(state, taken, past, isHalved ? halves(lease) : undefined);
  } else if (losses < state.rules.losses_max) {
    report(effects, lease, "lost", how, "again");
    giveBack(state, taken, past);
  } else {
    report(effects, lease, "lost", how, "given_up");
    giveUp(state, taken, past, `lost ${losses} times with its worker`, effects);
  }
}

/** A worker hands a lease back that it has nothing against. */
export function returnLease(state: State, id: string, why: string, effects: Effect[]): void {
  const taken = takeLease(state, id);
  report(effects, taken.lease, "given_back", why, "again");
  giveBack(state, taken);
}

function report(
  effects: Effect[],
  { worker, lease, sweep, range }: LeaseState,
  outcome: LeaseOutcome,
  why: string,
  then: "again" | "halved" | "given_up",
): void {
  effects.push({ type: "lease_ended", outcome, worker, lease, sweep, range, why, then });
}

/** Takes a lease whose cells are bad for somebody, and takes those cells from its twin as well. */
function takeForGood(state: State, id: string, effects: Effect[]): TakenLease {
  const { lease, twin } = takeLease(state, id);
  if (twin !== undefined) trimTwin(state, twin.lease, lease.range, effects);
  return { lease, twin: undefined };
}

/** The process died of what it did while it had these leases in hand. */
export function crashLeases(
  state: State,
  ids: readonly string[],
  how: string,
  effects: Effect[],
): void {
  const alone = ids.length === 1;
  for (const id of ids) {
    const taken = takeForGood(state, id, effects);
    const { lease } = taken;
    const crashes_alone = lease.past.crashes_alone + (alone ? 1 : 0);
    const past = { ...told(state, lease, how), crashes_alone, suspect: true };
    if (!alone || (isOneCell(lease) && crashes_alone < CRASHES_ALONE_MAX)) {
      report(effects, lease, "crashed", how, "again");
      giveBack(state, taken, past);
    } else if (!isOneCell(lease)) {
      // Each half must crash for itself.
      report(effects, lease, "crashed", how, "halved");
      giveBack(state, taken, { ...past, crashes_alone: 0 }, halves(lease));
    } else {
      const error = `brought down ${crashes_alone} processes that had nothing else in hand`;
      report(effects, lease, "crashed", how, "given_up");
      giveUp(state, taken, past, error, effects);
    }
  }
}

/** The engine threw. */
export function failLease(
  state: State,
  id: string,
  error: string,
  now_ms: number,
  effects: Effect[],
): void {
  const taken = takeForGood(state, id, effects);
  const { lease } = taken;
  const past = { ...raiseDoubt(state, lease, error), story: told(state, lease, error).story };
  if (!isOneCell(lease)) {
    // Some cell of it fails: halves go on until it is alone, and the others are finished.
    report(effects, lease, "failed", error, "halved");
    giveBack(state, taken, past, halves(lease));
    return;
  }
  const worker = state.workers.get(lease.worker)!;
  const judges = past.failed_on.filter(({ one_cell }) => one_cell);
  if (judges.length > 1) {
    report(effects, lease, "failed", error, "given_up");
    giveUp(state, taken, past, error, effects);
  } else if (!hasOthers(state, worker, now_ms)) {
    report(effects, lease, "failed", error, "given_up");
    giveUp(state, taken, past, error, effects, worker.host);
  } else {
    report(effects, lease, "failed", error, "again");
    giveBack(state, taken, past);
  }
}

/** A worker came that may finish what only one other host has tried, and failed. */
export function tryOnAnother(state: State, host: string): void {
  for (const sweep of state.queue) {
    if (sweep.failures.length === 0) continue;
    const again = sweep.failures.filter(({ only_on }) => (only_on ?? host) !== host);
    for (const { range, error, only_on } of again) {
      const failed_on = [{ host: only_on!, one_cell: true, doubt: NO_DOUBT }];
      sweep.returned.push({ range, past: { ...NO_PAST, story: [error], failed_on } });
    }
    sweep.failures = sweep.failures.filter((failed) => !again.includes(failed));
  }
}

/** Nobody is to try these cells again. */
function giveUp(
  state: State,
  { lease, twin }: TakenLease,
  past: Past,
  reason: string,
  effects: Effect[],
  only_on?: string,
): void {
  for (const { doubt } of past.failed_on) dropDoubt(state, doubt);
  const sweep = state.sweeps.get(lease.sweep)!;
  const wanted = outside(lease.range, sweep.done).flatMap((left) => outside(left, sweep.storing));
  const given = twin === undefined ? wanted : subtract(wanted, [twin.range]);
  const error = [reason, ...past.story].join("\n    ");
  for (const range of given) {
    sweep.failures.push({ range, error, ...(only_on === undefined ? {} : { only_on }) });
  }
  effects.push({ type: "sweep_changed", sweep: lease.sweep });
}

function told(
  state: State,
  { lease, worker, range, past, sweep, cells_done }: LeaseState,
  how: string,
): Past {
  const { plan } = state.sweeps.get(sweep)!;
  const count = range.end - range.first;
  const [{ first, end }, ...others] = planCells(plan, range) as [Range, ...Range[]];
  const which =
    count === 1
      ? `cell ${first}`
      : `${count} cells, ${first}..${end - 1}${others.length > 0 ? " and others" : ""}`;
  const progress = cells_done > 0 ? `, ${cells_done} trained` : "";
  const line = `${worker} had ${which} (lease ${lease}${progress}): ${how}`;
  return { ...past, story: [...past.story, line].slice(-STORY_LINES_MAX) };
}

/** Whether its worker had one cell to compute, and no more that it does not owe by now. */
function isOneCell({ granted_cells }: LeaseState): boolean {
  return granted_cells === 1;
}

function halves({ range }: LeaseState): Range[] {
  const { first, end } = range;
  const middle = first + Math.floor((end - first) / 2);
  if (middle === first) return [range];
  return [
    { first, end: middle },
    { first: middle, end },
  ];
}

/** Takes every lease of a sweep: nobody is to compute for it now. */
export function recallLeases(state: State, sweep: SweepState, effects: Effect[]): void {
  for (const lease of [...state.leases.values()]) {
    if (lease.sweep !== sweep.sweep) continue;
    giveBack(state, cancelLease(state, lease.lease, effects));
  }
}
