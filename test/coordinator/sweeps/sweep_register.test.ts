import { expect, test } from "vitest";
import { JournalLost } from "../../../coordinator/journal/journal.ts";
import type { PartsInHand } from "../../../coordinator/parts_in_hand.ts";
import type { UntimedEvent } from "../../../coordinator/state/events.ts";
import type { State } from "../../../coordinator/state/state.ts";
import type { Storage } from "../../../coordinator/storage.ts";
import { SweepFacts } from "../../../coordinator/sweeps/sweep_facts.ts";
import { SweepRegister } from "../../../coordinator/sweeps/sweep_register.ts";
import { systemClock } from "../../../shared/clock.ts";

/** What the scheduler hears of a merge whose journal says this. */
async function heardOf(error: Error): Promise<UntimedEvent[]> {
  const events: UntimedEvent[] = [];
  const journal = { commits: () => Promise.reject(error) };
  const register = new SweepRegister({
    storage: { journal } as unknown as Storage,
    ...{ singleSweep: false, clock: systemClock, facts: new SweepFacts() },
    parts: {} as PartsInHand,
    state: () => ({ sweeps: new Map([["s", { failures: [] }]]) }) as unknown as State,
    dispatch: (event) => events.push(event),
    observer: {},
  });
  register.merge("s");
  await register.idle();
  return events;
}

test("a merge that fails fails its sweep, unless the journal was lost: then the next coordinator merges", async () => {
  expect(await heardOf(new Error("no room"))).toMatchObject([
    { type: "merge_failed", sweep: "s", error: "the parts could not be merged: no room" },
  ]);
  expect(await heardOf(new JournalLost("another coordinator has taken over", false))).toEqual([]);
});
