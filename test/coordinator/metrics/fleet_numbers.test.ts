import { expect, test } from "vitest";
import { fleetNumbers } from "../../../coordinator/metrics/fleet_numbers.ts";
import { RateBook } from "../../../coordinator/metrics/rate_book.ts";
import { noTallies, tally } from "../../../coordinator/metrics/tallies.ts";
import { NOTHING_BEFORE, type UntimedEvent } from "../../../coordinator/state/events.ts";
import { initialState, type State } from "../../../coordinator/state/state.ts";
import { step } from "../../../coordinator/state/step.ts";
import { KERNEL_VERSIONS } from "../../../shared/kernel_version.ts";
import { METRIC_GROUPS_MAX, METRIC_SWEEPS_MAX, SLOTS_WANTED_MS } from "../../../shared/limits.ts";
import type { Plan } from "../../../shared/plan.ts";
import { buildPlan } from "../../../shared/spec/build_plan.ts";
import { parseSweep } from "../../../shared/spec/load.ts";
import { RULES } from "../state/rules_fixture.ts";

function planOf(name: string, seeds: number): Plan {
  const text = `{name: ${name}, dataset: example3, loss: logistic, learning_rate: [1, 2],
    seeds: ${seeds}, model: {hidden_layers: 1, width: 10}}`;
  return buildPlan(parseSweep(text, "test.yaml"));
}

/** A scheduler whose steps are tallied, as the coordinator's are. */
class Fleet {
  state: State = initialState(RULES);
  readonly tallies = noTallies();
  readonly rates = new RateBook();
  private parts = 0;

  send(event: UntimedEvent, now_ms = 0): void {
    const { state, effects } = step(this.state, { ...event, now_ms } as never);
    this.state = state;
    tally(this.tallies, this.rates, event, effects, state);
  }

  submit(name: string, seeds: number): void {
    const plan = planOf(name, seeds);
    this.send({ type: "sweep_submitted", sweep: name, plan, before: NOTHING_BEFORE });
  }

  join(worker: string, slots: number): void {
    const able = { numeric_classes: ["float64-exact"], kernel_versions: KERNEL_VERSIONS };
    const who = { worker, host: worker, slots, version: "0.1.0", held: [] };
    this.send({ type: "worker_registered", ...who, ...able });
  }

  /** Hands in a lease that took so long for each cell. */
  handIn(id: string, ms_per_cell: number): void {
    const { worker, sweep, range } = this.state.leases.get(id)!;
    const cells = range.end - range.first;
    const part = {
      ...{ id: ++this.parts, worker, lease: id, sweep, range },
      ...{ phases: [cells, 0, 0, 0], compute_ms: cells * ms_per_cell },
    };
    this.send({ type: "part_arrived", part });
    this.send({ type: "part_stored", part, ranges: [range] });
  }

  get numbers() {
    return fleetNumbers(this.state, (group) => this.rates.rateOf(group));
  }
}

test("nothing to do wants no slots; work that nobody could measure wants one", () => {
  const fleet = new Fleet();
  expect(fleet.numbers.classes).toEqual([]);
  fleet.submit("s", 1000);
  const [exact] = fleet.numbers.classes;
  expect(exact).toEqual({
    numeric_class: "float64-exact",
    cells_waiting: 2000,
    work_ms: 0,
    slots_busy: 0,
    slots_wanted: 1,
  });
  expect(fleet.numbers.sweeps_by_state.running).toBe(1);
});

test("each cell of a sweep is counted in one place", () => {
  const fleet = new Fleet();
  fleet.submit("s", 1000);
  fleet.join("a", 2);
  const placesOf = () => {
    const [{ cells, done, in_flight, waiting, quarantined }] = fleet.numbers.sweeps as [
      (typeof fleet.numbers.sweeps)[number],
    ];
    expect(done + in_flight + waiting + quarantined).toBe(cells);
    return { done, in_flight, waiting };
  };
  const leases = [...fleet.state.leases.values()];
  const leased = leases.reduce((sum, { range }) => sum + range.end - range.first, 0);
  expect(placesOf()).toEqual({ done: 0, in_flight: leased, waiting: 2000 - leased });
  const [first] = leases;
  const cells = first!.range.end - first!.range.first;
  fleet.handIn(first!.lease, 1);
  expect(placesOf().done).toBe(cells);
  fleet.send({ type: "leases_released", worker: "a", leases: [...fleet.state.leases.keys()] });
  placesOf();
});

test("the queue in time, and the slots that it wants, follow from measured rates", () => {
  const fleet = new Fleet();
  fleet.submit("s", 50_000);
  fleet.join("a", 1);
  const [first] = fleet.state.leases.keys();
  const cells = fleet.state.leases.get(first!)!.range.end;
  const ms_per_cell = (20 * SLOTS_WANTED_MS) / (100_000 - cells);
  fleet.handIn(first!, ms_per_cell);
  const [exact] = fleet.numbers.classes;
  // All that is left, on one slot.
  expect(exact!.work_ms / SLOTS_WANTED_MS).toBeCloseTo(20, 6);
  expect(exact!.slots_wanted).toBe(20);
  expect(exact!.slots_busy).toBe(1);
  fleet.send({ type: "sweep_controlled", sweep: "s", control: "paused", priority: 0 });
  // What is in hand goes on; nothing else is wanted.
  expect(fleet.numbers.classes[0]!.cells_waiting).toBe(0);
  expect(fleet.numbers.classes[0]!.slots_wanted).toBe(1);
});

test("slots that compute are wanted to the end, and no more than there are shards", () => {
  const fleet = new Fleet();
  fleet.submit("s", 40);
  fleet.join("a", 2);
  const [first] = fleet.state.leases.keys();
  fleet.handIn(first!, 1e9);
  const { slots_wanted, slots_busy, cells_waiting } = fleet.numbers.classes[0]!;
  expect(slots_busy).toBe(2);
  expect(cells_waiting).toBeGreaterThanOrEqual(0);
  expect(slots_wanted).toBeLessThanOrEqual(Math.ceil(80 / 16));
  expect(slots_wanted).toBeGreaterThanOrEqual(2);
  for (const id of [...fleet.state.leases.keys()]) fleet.handIn(id, 1);
  while (fleet.state.leases.size > 0) fleet.handIn([...fleet.state.leases.keys()][0]!, 1);
  expect(fleet.numbers.classes).toEqual([]);
});

test("workers, slots and leases are counted by what they are", () => {
  const fleet = new Fleet();
  fleet.submit("s", 10_000);
  for (const worker of ["a", "b", "c"]) fleet.join(worker, 2);
  expect(fleet.numbers.slots).toBe(6);
  expect(fleet.numbers.slots_busy).toBe(6);
  fleet.send({ type: "worker_draining", worker: "b" });
  fleet.send({ type: "worker_lost", worker: "c" });
  const [lease] = fleet.state.workers.get("a")!.leases;
  const progress = { lease: lease!, cells_done: 3, cells_per_ms: 1 };
  fleet.send({ type: "leases_renewed", worker: "a", leases: [progress] });
  expect(fleet.numbers.workers).toEqual({ ready: 1, draining: 1, lost: 1 });
  expect(fleet.numbers.leases).toEqual({ computing: 1, queued: 7, cut_off: 4 });
  expect(fleet.numbers.slots).toBe(4);
});

test("what happens to leases is tallied from events and effects", () => {
  const fleet = new Fleet();
  fleet.submit("s", 10_000);
  fleet.join("a", 1);
  fleet.join("b", 1);
  const [ofA, another] = [...fleet.state.workers.get("a")!.leases];
  fleet.send({ type: "leases_released", worker: "a", leases: [ofA!] });
  fleet.send({ type: "shard_failed", worker: "a", lease: another!, error: "NaN" });
  const held = fleet.state.workers.get("b")!.leases.size;
  fleet.send({ type: "worker_died", worker: "b", how: "SIGSEGV", crashed: true });
  const { leases_ended, shards, leases_granted, workers_crashed } = fleet.tallies;
  expect(leases_ended).toEqual({ given_back: 1, lost: 0, crashed: held, failed: 1 });
  expect(shards.halved).toBe(1);
  expect(shards.again).toBe(held);
  expect(workers_crashed).toBe(1);
  expect(leases_granted).toBe(fleet.state.granted);
});

test("sweeps and groups with series of their own are limited, and nothing is lost from the sums", () => {
  const fleet = new Fleet();
  for (let i = 0; i < METRIC_SWEEPS_MAX + 5; i++) fleet.submit(`s${i}`, 2);
  expect(fleet.numbers.sweeps).toHaveLength(METRIC_SWEEPS_MAX);
  expect(fleet.numbers.sweeps_by_state.running).toBe(METRIC_SWEEPS_MAX + 5);
  const [group] = planOf("x", 2).groups;
  const rates = new RateBook();
  for (let i = 0; i < 3 * METRIC_GROUPS_MAX; i++) {
    rates.record({ ...group!, shape_group: `group${i}` }, 10, 5);
  }
  rates.record({ ...group!, shape_group: "group0" }, 1, 1);
  const groups = rates.ofGroups();
  expect(groups).toHaveLength(METRIC_GROUPS_MAX + 1);
  expect(groups.reduce((sum, { cells }) => sum + cells, 0)).toBe(30 * METRIC_GROUPS_MAX + 1);
  expect(rates.ofClasses()).toMatchObject([{ cells: 30 * METRIC_GROUPS_MAX + 1 }]);
  expect(groups.map(({ shape_group }) => shape_group)).toContain("group0");
});
