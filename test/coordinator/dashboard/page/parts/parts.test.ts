import fc from "fast-check";
import { expect, test } from "vitest";
import { orderedWorkers } from "../../../../../coordinator/dashboard/page/fleet/worker_order.ts";
import { announcementOf } from "../../../../../coordinator/dashboard/page/parts/announcement.ts";
import {
  duration,
  measured,
  percent,
  plain,
  rate,
} from "../../../../../coordinator/dashboard/page/parts/format.ts";
import {
  addressOf,
  type Route,
  routeOf,
} from "../../../../../coordinator/dashboard/page/parts/routes.ts";
import { EXAMPLE } from "../../../../../coordinator/dashboard/page/submit/example.ts";
import { lineOf, lineRange } from "../../../../../coordinator/dashboard/page/submit/line_of.ts";
import { neighbours } from "../../../../../coordinator/dashboard/page/sweep/neighbours.ts";
import { scriptedFleet } from "../scripted_fleet.ts";
import { scriptedSweep } from "../scripted_sweep.ts";

test("an address leads to what it was made of, whatever names hold", () => {
  const name = fc.string({ minLength: 1, unit: "grapheme" });
  const route = fc.oneof(
    fc.record({ page: fc.constant("sweep"), sweep: name, cell: fc.option(fc.nat()) }),
    fc.record({ page: fc.constant("fleet"), worker: fc.option(name) }),
    fc.constant({ page: "submit" }),
    fc.constant({ page: "sweeps" }),
  ) as fc.Arbitrary<Route>;
  fc.assert(
    fc.property(route, (each) => {
      expect(routeOf(addressOf(each))).toEqual(each);
    }),
  );
  expect(routeOf("#/sweep/50%/x")).toEqual({ page: "sweep", sweep: "50%", cell: null });
  expect(routeOf("#/nonsense")).toEqual({ page: "sweeps" });
});

test("numbers are written as one reads them", () => {
  expect([0, 1, 999, 1000].map((part) => percent(part, 1000))).toEqual([
    "0 %",
    "0.1 %",
    "99.9 %",
    "100 %",
  ]);
  expect([percent(1, 1e6), percent(999_999, 1e6), percent(1, 0)]).toEqual([
    "< 0.1 %",
    "> 99.9 %",
    "0 %",
  ]);
  expect([400, 42_000, 200_000, 3_600_000, 18_720_000, 273_600_000].map(duration)).toEqual([
    "under 1 s",
    "42 s",
    "3 min 20 s",
    "1 h",
    "5 h 12 min",
    "3 d 4 h",
  ]);
  expect([0, 0.25, 12_400, 1_240_000].map(rate)).toEqual(["0/s", "0.25/s", "12,400/s", "1.24 M/s"]);
  expect([9.9996, 0.00012345, -2, 42.1842, 1e7].map((value) => measured(value))).toEqual([
    "10.00",
    "1.234·10⁻⁴",
    "−2.000",
    "42.18",
    "1.000·10⁷",
  ]);
  expect([0.5, 100, 1e6, 2e-5].map(plain)).toEqual(["0.5", "100", "10⁶", "2·10⁻⁵"]);
});

test("a sweep is announced by tenths and changes of its state, not by events", () => {
  const { summary } = scriptedSweep({ name: "s", rates: 10, seeds: 100 });
  let last = announcementOf(null, summary).announced;
  const said: string[] = [];
  for (let cells_done = 0; cells_done <= 1000; cells_done++) {
    const next = announcementOf(last, {
      ...summary,
      cells_done,
      cells_failed: cells_done > 555 ? 1 : 0,
    });
    if (next.text !== "") said.push(next.text);
    last = next.announced;
  }
  said.push(announcementOf(last, { ...summary, cells_done: 1000, state: "done" }).text);
  expect(said.length).toBe(12);
  expect(said).toContain("s: 50 per cent");
  expect(said).toContain("1 cell of s failed");
  expect(said.at(-1)).toBe("s is done");
});

test("workers are found by any word of theirs and sorted by any column", () => {
  const workers = scriptedFleet(120);
  const names = (
    search: string,
    column: Parameters<typeof orderedWorkers>[2]["column"],
    isDescending = false,
  ) => orderedWorkers(workers, search, { column, isDescending }).map(({ worker }) => worker);
  expect(names("", "worker").slice(0, 3)).toEqual(["worker-0", "worker-1", "worker-2"]);
  expect(names("webgpu", "worker", true)[0]).toBe("worker-110");
  expect(names("gone", "worker")).toEqual(["worker-59", "worker-119"]);
  expect(names("NODE2 worker-9", "worker").slice(0, 2)).toEqual(["worker-9", "worker-90"]);
  expect(names("node2 draining", "worker")).toEqual(names("draining node2", "worker"));
  const blamed = orderedWorkers(workers, "", { column: "blame", isDescending: true });
  expect(blamed[0]!.blame).toBe(2);
  expect(blamed.length).toBe(120);
});

test("neighbours of a cell go by learning rate, not by the order of the plan", () => {
  const { plan } = scriptedSweep({ name: "s", rates: 3, seeds: 2 });
  const mixed = { ...plan, rate_axes: [[8, 2, 32]] };
  expect(neighbours(mixed, 0)).toEqual({ slower: 1, faster: 2, up: 3, down: null });
  expect(neighbours(mixed, 5)).toEqual({ slower: 3, faster: null, up: null, down: 2 });
  expect(neighbours(mixed, 6)).toBeNull();
});

test("an error leads to its line", () => {
  expect(lineOf("sweep.yaml:12:3: unknown key\n  fix: …")).toBe(12);
  expect(lineOf("the file: bad value on line 7")).toBe(7);
  expect(lineOf("no such data set: x:y")).toBeNull();
  expect(lineRange("a\nbcd\ne", 2)).toEqual({ start: 2, end: 5 });
  expect(lineRange("a", 9)).toEqual({ start: 1, end: 1 });
  expect(EXAMPLE).toContain("learning_rate");
});
