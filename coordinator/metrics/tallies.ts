import { groupIndexOf } from "../../shared/plan.ts";
import { size } from "../../shared/ranges.ts";
import type { Effect, LeaseOutcome, UntimedEvent } from "../state/events.ts";
import type { State } from "../state/state.ts";
import type { RateBook } from "./rate_book.ts";

/** Everything that is only ever counted up, from the scheduler's events and effects. */
export interface Tallies {
  leases_granted: number;
  copies_granted: number;
  leases_renewed: number;
  readonly leases_ended: Record<LeaseOutcome, number>;
  /** Told to stop: done by another, or no longer wanted. */
  leases_cancelled: number;
  readonly shards: { again: number; halved: number; given_up: number };
  parts_arrived: number;
  duplicates: number;
  mismatches: number;
  workers_registered: number;
  workers_lost: number;
  workers_died: number;
  workers_crashed: number;
  workers_sent_away: number;
  storage_failures: number;
}

export function noTallies(): Tallies {
  return {
    ...{ leases_granted: 0, copies_granted: 0, leases_renewed: 0, leases_cancelled: 0 },
    leases_ended: { given_back: 0, lost: 0, crashed: 0, failed: 0 },
    shards: { again: 0, halved: 0, given_up: 0 },
    ...{ parts_arrived: 0, duplicates: 0, mismatches: 0, storage_failures: 0 },
    ...{ workers_registered: 0, workers_lost: 0, workers_died: 0, workers_crashed: 0 },
    workers_sent_away: 0,
  };
}

/** Counts one step of the scheduler, in place: its event, what followed, and the rates it shows. */
export function tally(
  tallies: Tallies,
  rates: RateBook,
  event: UntimedEvent,
  effects: readonly Effect[],
  state: State,
): void {
  switch (event.type) {
    case "leases_renewed":
      tallies.leases_renewed += event.leases.length;
      break;
    case "part_arrived": {
      const { sweep, range, compute_ms } = event.part;
      tallies.parts_arrived++;
      const plan = state.sweeps.get(sweep)?.plan;
      const group = plan?.groups[groupIndexOf(plan, range.first)];
      if (group !== undefined) rates.record(group, size([range]), compute_ms);
      break;
    }
    case "part_not_stored":
      tallies.storage_failures++;
      break;
    case "duplicate_compared":
      tallies.duplicates++;
      tallies.mismatches += event.mismatches;
      break;
    case "worker_registered":
      tallies.workers_registered++;
      break;
    case "worker_lost":
      tallies.workers_lost++;
      break;
    case "worker_died":
      if (event.crashed) tallies.workers_crashed++;
      else tallies.workers_died++;
      break;
  }
  for (const effect of effects) {
    switch (effect.type) {
      case "send_lease":
        tallies.leases_granted++;
        if (effect.copy_of !== undefined) tallies.copies_granted++;
        break;
      case "lease_ended":
        tallies.leases_ended[effect.outcome]++;
        if (effect.outcome !== "given_back") tallies.shards[effect.then]++;
        break;
      case "send_cancel":
        tallies.leases_cancelled++;
        break;
      case "send_goodbye":
        tallies.workers_sent_away++;
        break;
    }
  }
}
