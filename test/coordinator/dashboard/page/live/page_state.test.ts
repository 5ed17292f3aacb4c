import { expect, test } from "vitest";
import type { SweepSummary } from "../../../../../coordinator/dashboard/messages.ts";
import {
  type NamedEvent,
  NOTHING_YET,
  reduce,
} from "../../../../../coordinator/dashboard/page/live/page_state.ts";
import { scriptedFleet, totalsOf } from "../scripted_fleet.ts";
import { scriptedSweep } from "../scripted_sweep.ts";

const HELLO: NamedEvent = {
  name: "hello",
  data: { version: "1", may_submit: true, single_sweep: false, epoch: 1, host: "a", now_ms: 0 },
};

function sweep(name: string, cells_done = 0): SweepSummary {
  return { ...scriptedSweep({ name, rates: 2, seeds: 2 }).summary, cells_done };
}

function after(...events: NamedEvent[]) {
  return events.reduce(reduce, NOTHING_YET);
}

test("sweeps stay newest first while some change, some come and some go", () => {
  const state = after(
    HELLO,
    { name: "sweeps", data: [sweep("b"), sweep("a")] },
    { name: "sweeps", data: [sweep("a", 3), sweep("c")] },
    { name: "removed", data: ["b"] },
  );
  expect([...state.sweeps.keys()]).toEqual(["c", "a"]);
  expect(state.sweeps.get("a")!.cells_done).toBe(3);
});

test("what another coordinator says replaces what the one before said, and not until it has", () => {
  const workers = scriptedFleet(3);
  const fleet = { totals: totalsOf(workers), workers, left: [] };
  const note = { at_ms: 0, level: "info", message: "old", fields: {} } as const;
  const before = after(
    HELLO,
    { name: "sweeps", data: [sweep("a"), sweep("b")] },
    { name: "fleet", data: fleet },
    { name: "notes", data: [note] },
    { name: "goodbye", data: { reason: "a ends" } },
  );
  expect(before.connection).toEqual({ state: "reconnecting", reason: "a ends" });
  const back = reduce(before, HELLO);
  expect(back.connection.state).toBe("live");
  expect(back.sweeps.size).toBe(2);
  const told = [
    { name: "sweeps", data: [sweep("b")] },
    { name: "fleet", data: { ...fleet, workers: workers.slice(1) } },
    { name: "notes", data: [{ ...note, message: "new" }] },
  ] satisfies NamedEvent[];
  const state = told.reduce<typeof back>(reduce, back);
  expect([...state.sweeps.keys()]).toEqual(["b"]);
  expect([...state.workers.keys()]).toEqual(["worker-1", "worker-2"]);
  expect(state.notes.map(({ message }) => message)).toEqual(["new"]);
});

test("totals alone change no worker, and those that left are gone", () => {
  const workers = scriptedFleet(3);
  const totals = totalsOf(workers);
  const first = after(HELLO, { name: "fleet", data: { totals, workers, left: [] } });
  const same = reduce(first, { name: "fleet", data: { totals, workers: [], left: [] } });
  expect(same.workers).toBe(first.workers);
  const fewer = reduce(first, { name: "fleet", data: { totals, workers: [], left: ["worker-1"] } });
  expect([...fewer.workers.keys()]).toEqual(["worker-0", "worker-2"]);
});
