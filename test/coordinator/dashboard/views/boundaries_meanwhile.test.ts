import { afterEach, expect, test, vi } from "vitest";
import { CELL } from "../../../../coordinator/dashboard/messages.ts";
import { BoundaryBook } from "../../../../coordinator/dashboard/views/live_boundaries.ts";
import { planAxes } from "../../../../coordinator/dashboard/views/plan_axes.ts";
import { Slices } from "../../../../coordinator/dashboard/views/slices.ts";
import { buildPlan } from "../../../../shared/spec/build_plan.ts";
import { parseSweep } from "../../../../shared/spec/load.ts";
import { temporaryFolder } from "../../../e2e/cli.ts";
import { HandClock } from "../../../hand_clock.ts";
import { endingAs, Gathered, until, ViewedSweep } from "./viewed_sweep.ts";

/** Every slice is over at once, and the next one begins when the test says so. */
const held = vi.hoisted(() => ({ next: Promise.resolve() }));
vi.mock("../../../../coordinator/dashboard/views/slices.ts", () => ({
  Slices: class {
    readonly isOver = true;
    next(): Promise<void> {
      return held.next;
    }
  },
}));

let viewed: ViewedSweep | undefined;
afterEach(async () => {
  await viewed?.close();
  viewed = undefined;
});

/** Stops all slices; what is returned lets them go on. */
function hold(): () => void {
  let release = () => {};
  held.next = new Promise((resolve) => {
    release = () => {
      held.next = Promise.resolve();
      resolve();
    };
  });
  return release;
}

const LOOKS = 200;
const PLAN = buildPlan(
  parseSweep(
    `{name: s, dataset: example3, loss: logistic, seeds: 60,
      model: {hidden_layers: 1, width: 5}, learning_rate: {from: 1, to: 16, points: 9}}`,
    "test",
  ),
);

test("a seed that is known while others are looked at is known the next time", async () => {
  const slices = new Slices(new HandClock());
  const codes = new Uint8Array(PLAN.cells);
  const axes = await planAxes(PLAN, slices);
  const { length } = axes.rates[0]!.values;
  const book = new BoundaryBook(PLAN, axes, codes);
  const known = async (reading: ReturnType<BoundaryBook["read"]>) =>
    (await reading).map(({ eta0 }) => eta0.seeds_known);
  const release = hold();
  // By now the first seed has been looked at, and the others wait.
  const reading = book.read(false, slices);
  codes.fill(CELL.lazy, 0, length);
  book.touch([{ first: 0, end: length }]);
  release();
  expect(await known(reading)).toEqual([0]);
  expect(await known(book.read(false, slices))).toEqual([1]);
});

test("boundaries are read again after cells came in while they were read", async () => {
  const clock = new HandClock();
  const make = endingAs((_, seed, eta) => (eta < 2 + seed / 60 ? "lazy" : "divergent"));
  viewed = await ViewedSweep.open(temporaryFolder(), PLAN, make, { viewClock: clock });
  const gathered = new Gathered();
  viewed.views.follow("s", gathered);
  viewed.register();
  const found = (count: number) =>
    until(() => {
      clock.pass(10_000);
      return gathered.found.length >= count;
    }, LOOKS);
  await found(1);
  await viewed.compute(2);
  const release = hold();
  clock.pass(10_000);
  expect(gathered.changes.length).toBe(1);
  // The boundaries of these cells are being read when others come in.
  await viewed.compute(2);
  clock.pass(10_000);
  expect(gathered.changes.length).toBe(2);
  expect(gathered.found.length).toBe(1);
  release();
  await found(3);
  expect(gathered.found.length).toBe(3);
});
