import fc from "fast-check";
import { expect, test } from "vitest";
import {
  type ArrivedPart,
  type Effect,
  type Event,
  NOTHING_BEFORE,
  type UntimedEvent,
} from "../../../coordinator/state/events.ts";
import { checkInvariants } from "../../../coordinator/state/invariants.ts";
import { initialState, type State } from "../../../coordinator/state/state.ts";
import { step } from "../../../coordinator/state/step.ts";
import type { Plan } from "../../../shared/plan.ts";
import { buildPlan } from "../../../shared/spec/build_plan.ts";
import { parseSweep } from "../../../shared/spec/load.ts";
import { RELEASE } from "../../release.ts";
import { RULES } from "./rules_fixture.ts";

function planOf(cells: number): Plan {
  const text = `{name: s, dataset: example3, loss: [logistic, squared], learning_rate: [1, 2],
    seeds: ${cells / 4}, model: {hidden_layers: 1, width: 10}}`;
  return buildPlan(parseSweep(text, "test.yaml"));
}

/** A scheduler driven by hand: its effects are kept until the test answers them. */
class Harness {
  state: State = initialState(RULES);
  now_ms = 0;
  effects: Effect[] = [];
  parts = 0;

  send(event: UntimedEvent): void {
    const { state, effects } = step(this.state, { ...event, now_ms: this.now_ms } as Event);
    this.state = state;
    this.effects.push(...effects);
    // Time may pass without a tick here.
    checkInvariants(state, Number.NEGATIVE_INFINITY);
  }

  submit(plan: Plan): void {
    this.send({ type: "sweep_submitted", sweep: "s", plan, before: NOTHING_BEFORE });
  }

  join(worker: string): void {
    const numeric_classes = ["float64-exact"];
    const who = { worker, host: "h", slots: 2, numeric_classes, ...RELEASE, held: [] };
    this.send({ type: "worker_registered", ...who });
  }

  /** The part that a lease ends in; `share` of its cells, at least one. */
  partOf(lease: string, worker: string, first: number, end: number): ArrivedPart {
    this.parts++;
    const range = { first, end };
    const phases = [end - first, 0, 0, 0];
    return { id: this.parts, worker, lease, sweep: "s", range, phases, compute_ms: 1 };
  }
}

test("nobody resumes a sweep while it is merged, which would merge it twice", () => {
  const harness = new Harness();
  harness.submit(planOf(8));
  harness.join("a");
  let merges = 0;
  for (let effect = harness.effects.shift(); effect; effect = harness.effects.shift()) {
    if (effect.type === "send_lease") {
      const { range, lease, worker } = effect;
      const part = harness.partOf(lease, worker, range.first, range.end);
      harness.send({ type: "part_arrived", part });
    } else if (effect.type === "store_part") {
      harness.send({ type: "part_stored", part: effect.part, ranges: effect.ranges });
    } else if (effect.type === "merge") {
      merges++;
      for (const control of ["running", "paused", "cancelled"] as const) {
        harness.send({ type: "sweep_controlled", sweep: "s", control, priority: 0 });
        expect(harness.state.sweeps.get("s")!.status).toBe("merging");
      }
    }
  }
  expect(merges).toBe(1);
});

test("a sweep is merged once every cell is stored, and not before", () => {
  const harness = new Harness();
  harness.submit(planOf(40));
  harness.join("a");
  for (let guard = 0; guard < 100; guard++) {
    const effect = harness.effects.shift();
    if (effect === undefined) break;
    if (effect.type === "send_lease") {
      const { range, lease, worker } = effect;
      const part = harness.partOf(lease, worker, range.first, range.end);
      harness.send({ type: "part_arrived", part });
    } else if (effect.type === "store_part") {
      expect(harness.state.sweeps.get("s")!.status).toBe("running");
      harness.send({ type: "part_stored", part: effect.part, ranges: effect.ranges });
    } else if (effect.type === "merge") {
      harness.send({ type: "sweep_merged", sweep: "s" });
    }
  }
  expect(harness.state.sweeps.get("s")!.status).toBe("done");
  expect(harness.state.sweeps.get("s")!.phases).toEqual([40, 0, 0, 0]);
});

test("a late part of a lost lease is accepted, and a second one is a duplicate", () => {
  const harness = new Harness();
  harness.submit(planOf(40));
  harness.join("a");
  const lease = harness.effects.find((effect) => effect.type === "send_lease")!;
  harness.send({ type: "worker_died", worker: "a", how: "SIGKILL", crashed: false });
  expect(harness.state.leases.size).toBe(0);
  const part = harness.partOf(lease.lease, "a", lease.range.first, lease.range.end);
  harness.send({ type: "part_arrived", part });
  const store = harness.effects.find((effect) => effect.type === "store_part")!;
  harness.send({ type: "part_stored", part, ranges: store.ranges });
  harness.effects = [];
  harness.send({ type: "part_arrived", part: { ...part, id: 99 } });
  expect(harness.effects.map(({ type }) => type)).toContain("compare_duplicate");
});

test("one cell that cannot be computed is found by halving, and all others are finished", () => {
  const harness = new Harness();
  harness.submit(planOf(400));
  harness.join("a");
  const bad = 137;
  for (let guard = 0; guard < 2000; guard++) {
    const effect = harness.effects.shift();
    if (effect === undefined) break;
    if (effect.type === "send_lease") {
      const { range, lease, worker } = effect;
      if (range.first <= bad && bad < range.end) {
        harness.send({ type: "shard_failed", worker, lease, error: `no cell ${bad}` });
      } else {
        const part = harness.partOf(lease, worker, range.first, range.end);
        harness.send({ type: "part_arrived", part });
      }
    } else if (effect.type === "store_part") {
      harness.send({ type: "part_stored", part: effect.part, ranges: effect.ranges });
    }
  }
  const sweep = harness.state.sweeps.get("s")!;
  expect(sweep.cells_done).toBe(399);
  expect(sweep.status).toBe("merging");
  expect(sweep.error).toMatch(/^cell 137: no cell 137\n/);
});

test("no cell is lost or twice whatever happens", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(9), { minLength: 40, maxLength: 300 }), (choices) => {
      const harness = new Harness();
      const plan = planOf(400);
      harness.submit(plan);
      const sent: { lease: string; worker: string; first: number; end: number }[] = [];
      const storing: { part: ArrivedPart; ranges: readonly { first: number; end: number }[] }[] =
        [];
      const collect = () => {
        for (const effect of harness.effects.splice(0)) {
          if (effect.type === "send_lease") {
            const { lease, worker, range } = effect;
            sent.push({ lease, worker, first: range.first, end: range.end });
          } else if (effect.type === "store_part") storing.push(effect);
        }
      };
      let names = 0;
      harness.join(`w${names++}`);
      for (const [i, choice] of choices.entries()) {
        collect();
        harness.now_ms += 60 * (i % 7);
        const pick = sent[(i * 7919) % Math.max(1, sent.length)];
        if (choice <= 2 && pick !== undefined) {
          const end = choice === 2 ? Math.max(pick.first + 1, pick.end - 3) : pick.end;
          const part = harness.partOf(pick.lease, pick.worker, pick.first, end);
          harness.send({ type: "part_arrived", part });
        } else if (choice <= 5) {
          const next = storing.shift();
          if (next === undefined) continue;
          if (choice === 5) {
            const how = { error: "disk", for_good: i % 2 === 0 };
            harness.send({ type: "part_not_stored", ...next, ...how });
          } else harness.send({ type: "part_stored", ...next });
        } else if (choice === 6) harness.join(`w${names++}`);
        else if (choice === 7 && pick !== undefined) {
          const { worker } = pick;
          if (i % 3 === 0) harness.send({ type: "worker_lost", worker });
          else harness.send({ type: "worker_died", worker, how: "it", crashed: i % 3 === 1 });
        } else if (choice === 8 && pick !== undefined) {
          harness.send({ type: "leases_released", worker: pick.worker, leases: [pick.lease] });
        } else harness.send({ type: "tick" });
      }
      expect(harness.state.sweeps.get("s")!.plan.cells).toBe(plan.cells);
    }),
    { numRuns: 200 },
  );
});

test("a sweep that cannot go on gives its leases back, and may be submitted again", () => {
  const harness = new Harness();
  harness.submit(planOf(40));
  harness.join("a");
  harness.send({ type: "cannot_go_on", sweep: "s", error: "its data set is gone" });
  const { status, error } = harness.state.sweeps.get("s")!;
  expect([status, error]).toEqual(["failed", "its data set is gone"]);
  expect(harness.state.leases.size).toBe(0);
  expect(harness.effects.some(({ type }) => type === "send_cancel")).toBe(true);
  // Once more changes nothing.
  harness.send({ type: "cannot_go_on", sweep: "s", error: "again" });
  expect(harness.state.sweeps.get("s")!.error).toBe("its data set is gone");
  harness.send({ type: "sweep_controlled", sweep: "s", control: "running", priority: 0 });
  expect(harness.state.leases.size).toBeGreaterThan(0);
});

test("a lease that ends without a result is told of once, with what becomes of its cells", () => {
  const harness = new Harness();
  harness.submit(planOf(40));
  harness.join("a");
  const ended = () =>
    harness.effects.splice(0).flatMap((effect) => {
      if (effect.type !== "lease_ended") return [];
      return [`${effect.lease} ${effect.outcome}, ${effect.then}: ${effect.why}`];
    });
  const [first, second] = [...harness.state.leases.keys()];
  harness.send({ type: "leases_released", worker: "a", leases: [first!, first!] });
  expect(ended()).toEqual([`${first} given_back, again: its worker released it`]);
  harness.send({ type: "shard_failed", worker: "a", lease: second!, error: "NaN" });
  expect(ended()).toEqual([`${second} failed, halved: NaN`]);
  const left = [...harness.state.leases.keys()];
  harness.send({ type: "worker_died", worker: "a", how: "SIGKILL", crashed: false });
  expect(ended()).toEqual(left.map((lease) => `${lease} lost, again: SIGKILL`));
});
