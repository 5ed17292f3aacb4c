import { setImmediate } from "node:timers/promises";
import { afterEach, expect, test } from "vitest";
import { CELL } from "../../../../coordinator/dashboard/messages.ts";
import { buildPlan } from "../../../../shared/spec/build_plan.ts";
import { parseSweep } from "../../../../shared/spec/load.ts";
import { temporaryFolder } from "../../../e2e/cli.ts";
import { endingAs, Gathered, StandingClock, until, ViewedSweep } from "./viewed_sweep.ts";

const PLAN = buildPlan(
  parseSweep(
    `{name: s, dataset: example3, loss: logistic, seeds: 400,
      model: {hidden_layers: 1, width: 5}, learning_rate: {from: 1, to: 16, points: 33}}`,
    "test",
  ),
);

let viewed: ViewedSweep | undefined;
afterEach(async () => {
  await viewed?.close();
  viewed = undefined;
});

async function open(viewClock: StandingClock): Promise<ViewedSweep> {
  const ends = endingAs((_, seed, eta) => (eta < 3 + seed / 200 ? "lazy" : "divergent"));
  viewed = await ViewedSweep.open(temporaryFolder(), PLAN, ends, { viewClock });
  viewed.register();
  return viewed;
}

/** Work in slices goes on. */
async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await setImmediate();
}

test("changes are told together four times a second, boundaries every two seconds, to all the same", async () => {
  const clock = new StandingClock();
  const { views } = await open(clock);
  const [one, other] = [new Gathered(), new Gathered()];
  views.follow("s", one);
  views.follow("s", other);
  await views.cells("s");
  await until(() => {
    clock.advance(0);
    return one.found.length === 1 && other.found.length === 1;
  });
  expect(one.found[0]!.groups[0]).toMatchObject({ seeds: 400, eta0: { seeds_known: 0 } });
  await viewed!.compute(6);
  clock.advance(249);
  expect(one.changes).toHaveLength(0);
  clock.advance(1);
  expect(one.changes).toHaveLength(1);
  await viewed!.compute(2);
  clock.advance(250);
  expect(one.changes).toHaveLength(2);
  expect(one.found).toHaveLength(1);
  clock.advance(2_000);
  await until(() => one.found.length === 2);
  const { eta0, eta1 } = one.found[1]!.groups[0]!;
  expect(eta0.seeds_known).toBeGreaterThan(0);
  expect(eta0.median).toBeGreaterThan(2);
  expect(eta1.seeds_known).toBe(eta0.seeds_known);
  clock.advance(60_000);
  await settle();
  expect(one.changes).toHaveLength(2);
  expect(one.found).toHaveLength(2);
  expect(other.changes).toEqual(one.changes);
  expect(other.found).toEqual(one.found);
});

test("a view is kept for five minutes after the last who looked has left, and then forgotten", async () => {
  const clock = new StandingClock();
  const { views } = await open(clock);
  const unfollow = views.follow("s", new Gathered());
  const { version } = await views.cells("s");
  clock.advance(600_000);
  expect((await views.cells("s")).version).toBe(version);
  clock.advance(600_000);
  unfollow();
  clock.advance(299_000);
  expect((await views.cells("s")).version).toBe(version);
  clock.advance(601_000);
  await viewed!.compute(3);
  const again = await views.cells("s");
  expect(again.version).not.toBe(version);
  expect(again.states.some((code) => code !== CELL.open)).toBe(true);
});

test("nothing is read or kept of a sweep that nobody looks at", async () => {
  const clock = new StandingClock();
  const { views, storage } = await open(clock);
  let asked = 0;
  const { journal } = storage;
  const commitsAfter = journal.commitsAfter.bind(journal);
  journal.commitsAfter = (...args) => {
    asked++;
    return commitsAfter(...args);
  };
  await viewed!.compute(3);
  clock.advance(60_000);
  await settle();
  expect(asked).toBe(0);
  await views.cells("s");
  expect(asked).toBeGreaterThan(0);
});

test("who follows later is told the boundaries that are known", async () => {
  const clock = new StandingClock();
  const { views } = await open(clock);
  const first = new Gathered();
  views.follow("s", first);
  await views.cells("s");
  await until(() => {
    clock.advance(0);
    return first.found.length === 1;
  });
  const later = new Gathered();
  views.follow("s", later);
  await settle();
  expect(later.found).toEqual(first.found);
});
