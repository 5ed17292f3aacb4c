import { messageOf } from "../../shared/errors.ts";
import { intersects, type Range, size } from "../../shared/ranges.ts";
import { hasRoom } from "./leases.ts";
import type { State, SweepState } from "./state.ts";
import { storyOf } from "./transitions.ts";

/** A lease that ran out is taken at the next tick, or the one after. */
const OVERDUE_MS_MAX = 600;

/**
 * Throws unless the state is consistent: every cell of every sweep is somewhere, nowhere twice,
 * leases and workers agree about each other, and at `now_ms` no lease ran out long ago.
 */
export function checkInvariants(state: State, now_ms: number): void {
  for (const lease of state.leases.values()) {
    if (lease.deadline_ms < now_ms - OVERDUE_MS_MAX) fail(`lease ${lease.lease} ran out long ago`);
    const worker = state.workers.get(lease.worker);
    if (!worker?.leases.has(lease.lease)) fail(`lease ${lease.lease} has no worker that holds it`);
    if (!state.sweeps.has(lease.sweep)) fail(`lease ${lease.lease} has no sweep`);
    if (lease.twin !== null && state.leases.get(lease.twin)?.twin !== lease.lease) {
      fail(`lease ${lease.lease} has a twin ${lease.twin} that is not its own`);
    }
    if (lease.range.first >= lease.range.end) fail(`lease ${lease.lease} owes nothing`);
  }
  for (const worker of state.workers.values()) {
    for (const lease of worker.leases) {
      if (state.leases.get(lease)?.worker !== worker.worker) {
        fail(`worker ${worker.worker} holds ${lease}, which is not on the books as its own`);
      }
    }
  }
  let slots = 0;
  for (const worker of state.workers.values()) {
    const { alone, connected, draining, leases, worker: name } = worker;
    const suspects = [...leases].filter((id) => state.leases.get(id)!.past.suspect).length;
    if (alone && suspects === 0) fail(`${name} is alone with nothing`);
    const doubts = [...state.doubts.values()].filter((doubt) => doubt.worker === name).length;
    if (worker.doubts !== doubts) fail(`${name} counts ${worker.doubts} doubts, not ${doubts}`);
    if (!connected) continue;
    slots += worker.slots;
    if (hasRoom(state, worker) && !draining && !state.hungry.has(name)) fail(`${name} starves`);
  }
  if (slots !== state.slots_connected) fail(`${state.slots_connected} slots, but ${slots}`);
  for (const sweep of state.sweeps.values()) {
    try {
      checkSweep(state, sweep);
    } catch (error) {
      throw new Error(`${messageOf(error)}\n${storyOf(state, sweep)}`);
    }
  }
  const running = [...state.sweeps.values()].filter(({ status }) => status === "running");
  if (running.length !== state.queue.length) fail("the queue is not of the running sweeps");
}

function checkSweep(state: State, sweep: SweepState): void {
  const leased = [...state.leases.values()].filter((lease) => lease.sweep === sweep.sweep);
  const places: [string, readonly Range[]][] = [
    ["fresh", sweep.fresh],
    ["returned", sweep.returned.map(({ range }) => range)],
    ["storing", sweep.storing],
    ["done", sweep.done],
    ["failures", sweep.failures.map(({ range }) => range)],
  ];
  const covered = [...places, ["leased", leased.map(({ range }) => range)] as const];
  for (const [i, [name, ranges]] of places.entries()) {
    for (const [otherName, others] of places.slice(i + 1)) {
      for (const range of ranges) {
        if (others.some((other) => intersects(range, other))) {
          fail(`cells ${range.first}..${range.end} of ${sweep.sweep} are ${name} and ${otherName}`);
        }
      }
    }
  }
  const total = covered.flatMap(([, ranges]) => ranges).sort((a, b) => a.first - b.first);
  let reached = 0;
  for (const { first, end } of total) {
    if (first > reached) fail(`cells ${reached}..${first} of ${sweep.sweep} are nowhere`);
    reached = Math.max(reached, end);
  }
  if (reached !== sweep.plan.cells) fail(`${sweep.sweep} ends at ${reached}, not at its last cell`);
  if (size(sweep.done) !== sweep.cells_done) fail(`${sweep.sweep} miscounts its cells`);
  if (
    sweep.status === "done" &&
    size([...sweep.done, ...sweep.failures.map(({ range }) => range)]) !== sweep.plan.cells
  ) {
    fail(`${sweep.sweep} is done without all its cells`);
  }
}

function fail(message: string): never {
  throw new Error(`invariant broken: ${message}`);
}
