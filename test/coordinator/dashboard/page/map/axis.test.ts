import fc from "fast-check";
import { expect, test } from "vitest";
import {
  edgesAround,
  intervalAt,
  isLog,
  ticksOf,
} from "../../../../../coordinator/dashboard/page/map/axis.ts";
import { within, zoomed } from "../../../../../coordinator/dashboard/page/map/viewport.ts";

test("axes are logarithmic where values are not evenly spaced", () => {
  expect(isLog([1, 2, 4, 8])).toBe(true);
  expect(isLog([1, 2, 3, 4, 5, 6, 7, 8])).toBe(false);
  expect(isLog([0, 1, 4])).toBe(false);
  expect(isLog([2, 2.1, 4, 8, 8.01, 16])).toBe(true);
  expect(isLog([1, 1.1])).toBe(false);
  expect(isLog([])).toBe(false);
});

test("every position lies in its own interval", () => {
  const positions = fc
    .uniqueArray(fc.double({ min: -50, max: 50, noNaN: true }), { minLength: 1, maxLength: 40 })
    .map((values) => Float64Array.from(values).sort())
    .filter((values) => values.every((value, i) => i === 0 || value - values[i - 1]! > 1e-9));
  fc.assert(
    fc.property(positions, (values) => {
      const edges = edgesAround(values);
      for (const [i, value] of values.entries()) expect(intervalAt(edges, value)).toBe(i);
      expect(intervalAt(edges, edges[0]! - 1)).toBe(-1);
      expect(intervalAt(edges, edges[values.length]!)).toBe(values.length);
    }),
  );
});

test("ticks ascend, lie in the range, are round, and are no more than there is room for", () => {
  const ranges = fc.tuple(
    fc.double({ min: 1e-6, max: 1e6, noNaN: true }),
    fc.double({ min: 1.01, max: 1e6, noNaN: true }),
    fc.integer({ min: 2, max: 20 }),
    fc.boolean(),
  );
  fc.assert(
    fc.property(ranges, ([low, factor, wanted, is_log]) => {
      const high = low * factor;
      const ticks = ticksOf({ is_log }, low, high, wanted);
      expect(ticks.length).toBeLessThanOrEqual(2 * wanted + 1);
      for (const [i, tick] of ticks.entries()) {
        expect(tick).toBeGreaterThanOrEqual(low * (1 - 1e-9));
        expect(tick).toBeLessThanOrEqual(high * (1 + 1e-9));
        if (i > 0) expect(tick).toBeGreaterThan(ticks[i - 1]!);
      }
    }),
  );
  expect(ticksOf({ is_log: true }, 2, 128, 12)).toEqual([2, 3, 5, 7, 10, 20, 30, 50, 70, 100]);
});

test("a view is never outside of its map, nor closer than a few cells", () => {
  const whole = { x_low: 0, x_high: 8, y_low: -0.5, y_high: 99.5, columns: 64, rows: 100 };
  const steps = fc.array(
    fc.tuple(
      fc.double({ min: 0.2, max: 5, noNaN: true }),
      fc.double({ min: 0, max: 1, noNaN: true }),
    ),
  );
  fc.assert(
    fc.property(steps, (moves) => {
      let view = within(whole, whole);
      for (const [factor, at] of moves) {
        view = zoomed(view, whole, factor, at, 1 - at);
        expect(view.x_low).toBeGreaterThanOrEqual(whole.x_low);
        expect(view.x_high).toBeLessThanOrEqual(whole.x_high + 1e-9);
        expect(view.y_low).toBeGreaterThanOrEqual(whole.y_low);
        expect(view.y_high).toBeLessThanOrEqual(whole.y_high + 1e-9);
        expect(view.y_high - view.y_low).toBeGreaterThanOrEqual(3 - 1e-9);
      }
    }),
  );
});
