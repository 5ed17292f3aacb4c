import { intersects, type Range, size } from "../../shared/ranges.ts";
import type { State, SweepState } from "./state.ts";

/**
 * Throws unless the state is consistent: every cell of every sweep is somewhere, nowhere twice,
 * and leases and workers agree about each other.
 */
export function checkInvariants(state: State): void {
  for (const lease of state.leases.values()) {
    const worker = state.workers.get(lease.worker);
    if (!worker?.leases.has(lease.lease)) fail(`lease ${lease.lease} has no worker that holds it`);
    if (!state.sweeps.has(lease.sweep)) fail(`lease ${lease.lease} has no sweep`);
  }
  for (const worker of state.workers.values()) {
    for (const lease of worker.leases) {
      if (state.leases.get(lease)?.worker !== worker.worker) {
        fail(`worker ${worker.worker} holds ${lease}, which is not on the books as its own`);
      }
    }
  }
  let slots = 0;
  for (const { connected, slots: own, worker, draining, leases } of state.workers.values()) {
    if (!connected) continue;
    slots += own;
    const room = own * state.rules.leases_per_slot - leases.size;
    if (room > 0 && !draining && !state.hungry.has(worker)) fail(`${worker} starves unseen`);
  }
  if (slots !== state.slots_connected) fail(`${state.slots_connected} slots, but ${slots}`);
  for (const sweep of state.sweeps.values()) checkSweep(state, sweep);
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
