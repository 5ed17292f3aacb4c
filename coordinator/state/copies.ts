import { groupIndexOf } from "../../shared/plan.ts";
import { type Range, subtract } from "../../shared/ranges.ts";
import { canCompute } from "./abilities.ts";
import { isSuspended, mayTry } from "./blame.ts";
import type { Effect } from "./events.ts";
import { cancelLease, grant } from "./leases.ts";
import { CALIBRATION_CELLS, updateRate } from "./shard_size.ts";
import type { LeaseState, State, SweepState, WorkerState } from "./state.ts";

/** Under this advantage a second copy is not worth its messages. */
const ADVANTAGE_MS_MIN = 500;
/** A copy is given to another worker if that one needs so many times less. */
const MUCH_FASTER = 4;
/** A lease is overdue after so many times what it should take, its turn in the queue included. */
const OVERDUE = 2;

/**
 * Second copies, so that a slow machine never holds the end of a sweep: slots that find nothing to
 * lease take cells of the leases that will end last. A worker that gets on, only slowly, is relieved
 * of the end of its range, in proportion to the speeds; all of the range is done twice when its
 * worker is overdue and may never come back. Whoever hands in first is taken, and the other is told
 * to stop there.
 */
export function copyStragglers(state: State, now_ms: number, effects: Effect[]): void {
  // Whoever is idle now found nothing to lease, though there may be cells that others are to try.
  const idle = [...state.hungry].flatMap((name) => {
    const worker = state.workers.get(name);
    if (worker === undefined || !worker.connected || worker.draining || worker.alone) return [];
    return isSuspended(state, worker, now_ms) || worker.leases.size >= worker.slots ? [] : [worker];
  });
  if (idle.length === 0) return;
  const helpers = new Helpers(idle, CALIBRATION_CELLS / state.rules.shard_ms);
  const late = [...state.leases.values()]
    .filter((lease) => lease.twin === null || isCopy(state, lease))
    .map((lease) => ({ lease, remaining_ms: remainingMs(state, lease, now_ms) }))
    .filter(({ remaining_ms }) => remaining_ms > ADVANTAGE_MS_MIN)
    .sort((a, b) => b.remaining_ms - a.remaining_ms);
  for (const { lease, remaining_ms } of late) {
    const worker = helpers.fastest(state.sweeps.get(lease.sweep)!, lease.range.first, (candidate) =>
      isFor(state, candidate, lease, now_ms),
    );
    if (worker === undefined) continue;
    const original = lease.twin === null ? lease : state.leases.get(lease.twin)!;
    let range: Range | undefined;
    if (original === lease) range = share(state, lease, worker, remaining_ms);
    else if (remaining_ms >= MUCH_FASTER * durationMs(state, worker, lease)) {
      // The copy is late as well, and this worker much faster: it takes its place.
      learnFromLate(state, lease, now_ms);
      range = cancelLease(state, lease.lease, effects).lease.range;
    }
    if (range === undefined) continue;
    const { sweep, past } = lease;
    grant(state, worker, { sweep, range, past, now_ms }, effects, original);
    if (worker.alone || worker.leases.size >= worker.slots) helpers.remove(worker);
    if (helpers.areGone) return;
  }
}

/** A worker that loses a copy hands in nothing to measure it by: it was no faster than this. */
function learnFromLate(state: State, lease: LeaseState, now_ms: number): void {
  const worker = state.workers.get(lease.worker)!;
  const { plan } = state.sweeps.get(lease.sweep)!;
  const { shape_group } = plan.groups[groupIndexOf(plan, lease.range.first)]!;
  const cells_per_ms = Math.max(1, lease.cells_done) / Math.max(1, now_ms - lease.granted_ms);
  if (cells_per_ms < (worker.rates.get(shape_group) ?? Number.POSITIVE_INFINITY)) {
    updateRate(state, worker, shape_group, cells_per_ms);
  }
}

/** Whether a lease is on some or all of the cells of its twin, and of no others. */
function isCopy(state: State, { range, twin, granted_ms }: LeaseState): boolean {
  const other = state.leases.get(twin!)!;
  if (subtract([range], [other.range]).length > 0) return false;
  // Of two with the same cells the later one is the copy.
  const isSame = subtract([other.range], [range]).length === 0;
  return !isSame || other.granted_ms < granted_ms;
}

/** Idle workers, sorted once for each shape group: there may be thousands, and as many leases. */
class Helpers {
  private readonly idle: Set<WorkerState>;
  private readonly bySpeed = new Map<string, WorkerState[]>();
  private readonly untried_cells_per_ms: number;

  /** Who has done nothing of a shape group yet is taken to be this fast: not the last to be asked. */
  constructor(idle: readonly WorkerState[], untried_cells_per_ms: number) {
    this.idle = new Set(idle);
    this.untried_cells_per_ms = untried_cells_per_ms;
  }

  get areGone(): boolean {
    return this.idle.size === 0;
  }

  remove(worker: WorkerState): void {
    this.idle.delete(worker);
  }

  /** The fastest at the shape group of a cell among those that fit; slowest stands first. */
  fastest(
    { plan }: SweepState,
    cell: number,
    fits: (worker: WorkerState) => boolean,
  ): WorkerState | undefined {
    const { shape_group } = plan.groups[groupIndexOf(plan, cell)]!;
    const speedOf = ({ rates }: WorkerState) => rates.get(shape_group) ?? this.untried_cells_per_ms;
    let sorted = this.bySpeed.get(shape_group);
    if (sorted === undefined) {
      sorted = [...this.idle].sort((a, b) => speedOf(a) - speedOf(b));
      this.bySpeed.set(shape_group, sorted);
    }
    while (sorted.length > 0 && !this.idle.has(sorted.at(-1)!)) sorted.pop();
    return sorted.findLast((worker) => this.idle.has(worker) && fits(worker));
  }
}

/** How long a worker should take for the cells of a lease. */
function durationMs(state: State, worker: WorkerState, { sweep, range }: LeaseState): number {
  const rate = rateOf(worker, state.sweeps.get(sweep)!, range.first);
  return rate === undefined ? state.rules.shard_ms : (range.end - range.first) / rate;
}

function isFor(state: State, worker: WorkerState, lease: LeaseState, now_ms: number): boolean {
  const sweep = state.sweeps.get(lease.sweep)!;
  return (
    sweep.status === "running" &&
    lease.worker !== worker.worker &&
    state.leases.get(lease.twin ?? "")?.worker !== worker.worker &&
    // A suspect goes to a worker that has nothing else in hand to be blamed.
    (!lease.past.suspect || worker.leases.size === 0) &&
    canCompute(worker, sweep, lease.range.first) &&
    mayTry(state, worker, lease.past, now_ms)
  );
}

/** Which cells of a lease a second worker should take; undefined if it would not end sooner. */
function share(
  state: State,
  lease: LeaseState,
  worker: WorkerState,
  remaining_ms: number,
): Range | undefined {
  const { first, end } = lease.range;
  const sweep = state.sweeps.get(lease.sweep)!;
  const own = speed(state, lease);
  if (!Number.isFinite(remaining_ms) || own === undefined) return lease.range;
  const other = rateOf(worker, sweep, first) ?? own;
  // Both end together when x / other = (left − x) / own.
  const cells = (remaining_ms * own * other) / (own + other);
  if (remaining_ms - cells / other < ADVANTAGE_MS_MIN) return undefined;
  return { first: Math.max(first, end - Math.max(1, Math.ceil(cells))), end };
}

/** When a lease will end, as far as can be told; infinite if it is overdue. */
function remainingMs(state: State, lease: LeaseState, now_ms: number): number {
  const cells = lease.range.end - lease.range.first;
  const age_ms = now_ms - lease.granted_ms;
  const cells_per_ms = speed(state, lease);
  const expected_ms = cells_per_ms === undefined ? state.rules.shard_ms : cells / cells_per_ms;
  const in_turn_ms = state.rules.leases_per_slot * Math.max(expected_ms, state.rules.shard_ms);
  if (age_ms > OVERDUE * in_turn_ms) return Number.POSITIVE_INFINITY;
  if (cells_per_ms === undefined) return 0;
  return (cells - lease.cells_done) / cells_per_ms;
}

/** Cells per millisecond at which a lease gets on: as reported, or as its worker is known for. */
function speed(state: State, lease: LeaseState): number | undefined {
  if (lease.cells_per_ms > 0) return lease.cells_per_ms;
  const worker = state.workers.get(lease.worker);
  const sweep = state.sweeps.get(lease.sweep)!;
  return worker === undefined ? undefined : rateOf(worker, sweep, lease.range.first);
}

function rateOf(worker: WorkerState, { plan }: SweepState, cell: number): number | undefined {
  return worker.rates.get(plan.groups[groupIndexOf(plan, cell)]!.shape_group);
}

/** A part brought cells that a lease has in hand as well: it owes them no more. */
export function trimTwin(state: State, id: string, covered: Range, effects: Effect[]): void {
  const lease = state.leases.get(id)!;
  const left = subtract([lease.range], [covered]);
  if (left.length === 0) {
    cancelLease(state, id, effects);
    return;
  }
  if (left.length > 1) return;
  const [rest] = left;
  const isBeginning = rest!.first === lease.range.first;
  lease.range = rest!;
  if (isBeginning) {
    const cells = rest!.end - rest!.first;
    effects.push({ type: "send_shrink", worker: lease.worker, lease: id, cells });
  }
}
