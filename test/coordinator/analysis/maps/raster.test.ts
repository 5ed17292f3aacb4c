import fc from "fast-check";
import { expect, test } from "vitest";
import { mapAxis, mapTicks } from "../../../../coordinator/analysis/figures/map_axes.ts";
import {
  EMPTY,
  evenSpans,
  phaseCounts,
  resample,
  SHADES,
} from "../../../../coordinator/analysis/maps/raster.ts";

const lazy = (shade: number) => shade;
const catapult = (shade: number) => SHADES + shade;

test("a pixel takes the commonest phase and the mean shade of its runs", () => {
  const entries = Uint8Array.from([
    ...[lazy(0), catapult(10), EMPTY, EMPTY],
    ...[catapult(20), lazy(4), EMPTY, catapult(7)],
    ...[catapult(30), lazy(9), EMPTY, EMPTY],
  ]);
  const source = { width: 4, height: 3, entries };
  const shown = resample(source, evenSpans(4, 2), [{ start: 0, end: 3 }]);
  expect(shown).toEqual({ width: 2, height: 1, entries: Uint8Array.from([lazy(4), catapult(7)]) });
  expect(resample(source, [{ start: 2, end: 3 }], evenSpans(3, 1)).entries).toEqual(
    Uint8Array.from([EMPTY, EMPTY, EMPTY]),
  );
  expect(phaseCounts(source)).toEqual([3, 4, 0, 0, 5]);
});

test("one to one, nothing changes", () => {
  const entries = Uint8Array.from({ length: 35 }, (_, i) => (i * 37) % (EMPTY + 1));
  const source = { width: 7, height: 5, entries };
  expect(resample(source, evenSpans(7, 1), evenSpans(5, 1))).toEqual(source);
});

test("an axis shows every value, in order, where it lies", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.integer({ min: 1, max: 5000 }), { minLength: 2, maxLength: 80 }),
      fc.integer({ min: 100, max: 400 }),
      (unsorted, pixels) => {
        const values = unsorted.toSorted((a, b) => a - b);
        const { spans, position, reach } = mapAxis(values, pixels);
        expect(spans.length).toBeLessThanOrEqual(pixels);
        for (const [i, { start, end }] of spans.entries()) {
          expect(end).toBeGreaterThan(start);
          expect(start).toBeGreaterThanOrEqual(spans[i - 1]?.start ?? 0);
          // The middle of a stretch is nearer to its values than two of the widest steps.
          const middle = ((i + 0.5) / spans.length) * reach;
          const steps = values.map((value, j) =>
            j === 0 ? 0 : position(value) - position(values[j - 1]!),
          );
          expect(Math.abs(position(values[start]!) - middle)).toBeLessThan(
            Math.max(...steps) + 1 / spans.length,
          );
        }
        expect(position(values[0]!)).toBeGreaterThan(0);
        expect(position(values.at(-1)!)).toBeLessThan(1);
      },
    ),
  );
});

test("an even axis keeps its pixels equal; one on the log scale is seen as such", () => {
  const log = mapAxis(
    Array.from({ length: 2049 }, (_, i) => 2 ** (i / 256)),
    1024,
  );
  expect(log.scale).toBe("log");
  expect(log.spans).toHaveLength(683);
  expect(log.reach).toBe(1);
  const linear = mapAxis(
    Array.from({ length: 11 }, (_, i) => 1 + i / 10),
    1024,
  );
  expect(linear.scale).toBe("linear");
  expect(linear.spans).toHaveLength(11);
});

test("ticks of a deep zoom are told apart by their labels", () => {
  const axis = mapAxis(
    Array.from({ length: 100 }, (_, i) => 12.3456789 + i * 1e-9),
    1024,
  );
  const ticks = mapTicks(axis, 700, "across");
  expect(ticks.length).toBeGreaterThan(2);
  expect(new Set(ticks.map(({ label }) => label)).size).toBe(ticks.length);
  for (const { value, label } of ticks) expect(Number(label)).toBeCloseTo(value, 11);
});
