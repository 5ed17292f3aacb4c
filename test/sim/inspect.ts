import { checkInvariants } from "../../coordinator/state/invariants.ts";
import type { State } from "../../coordinator/state/state.ts";
import { storyOf } from "../../coordinator/state/transitions.ts";
import { sha256Hex } from "../../shared/canonical.ts";
import { type Plan, parsePlan } from "../../shared/plan.ts";
import { type Poison, rowOf } from "./sim_computer.ts";
import type { SimDisk } from "./sim_disk.ts";
import type { Reachable } from "./sim_network.ts";

/** What the scheduler of a coordinator knows. */
export function stateOf(there: Reachable | undefined): State | undefined {
  return (there?.coordinator as unknown as { state: State } | undefined)?.state;
}

/** @throws Error if the scheduler's state is not as it must be, or a lease runs longer than one does */
export function checkLeases(there: Reachable | undefined, now_ms: number, lease_ms: number): void {
  const state = stateOf(there);
  if (state === undefined) return;
  checkInvariants(state, now_ms);
  for (const { lease, deadline_ms } of state.leases.values()) {
    // Whatever the clock on the wall says.
    if (deadline_ms > now_ms + lease_ms) {
      throw new Error(`invariant broken: lease ${lease} runs longer than a lease does`);
    }
  }
}

/** The sweep and the workers, for errors. */
export function describeFleet(there: Reachable | undefined, name: string): string {
  const state = stateOf(there);
  if (state === undefined) return "there is no coordinator";
  const workers = [...state.workers.values()].map(
    ({ worker, connected, draining, doubts, blame, leases }) =>
      `${worker}: ${JSON.stringify({ connected, draining, doubts, blame, leases: leases.size })}`,
  );
  const sweep = state.sweeps.get(name)!;
  return [sweep.status, storyOf(state, sweep), ...workers].join("\n");
}

/** @throws Error unless every cell is in the results, but for those that nobody can compute */
export function checkResults(
  disk: SimDisk,
  planned: Plan,
  poison: ReadonlyMap<number, Poison>,
): void {
  const { failures, sha256 } = disk.sweeps[0]!.merged!;
  for (const { range, error } of failures) {
    for (let cell = range.first; cell < range.end; cell++) {
      if (!poison.has(cell)) throw new Error(`cell ${cell} was given up: ${error}`);
    }
  }
  const { groups, cells: count } = parsePlan(disk.sweeps[0]!.plan_json);
  const rounds = groups.length - planned.groups.length;
  if (rounds !== disk.rounds) throw new Error(`${rounds} rounds, not ${disk.rounds}`);
  const cells = Array.from({ length: count }, (_, cell) => cell);
  const rows = cells.filter((cell) => !poison.has(cell)).map(rowOf);
  if (sha256 !== sha256Hex(rows.join("\n"))) throw new Error("the results are wrong");
}
