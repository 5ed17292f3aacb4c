import fc from "fast-check";
import { expect, test } from "vitest";
import type { Change } from "../../../coordinator/analysis/boundaries/changes.ts";
import { cutInterval } from "../../../coordinator/rounds/cut_interval.ts";
import { sectionsOf } from "../../../coordinator/rounds/sections.ts";
import { axisPoints, learningRateAt } from "../../../shared/spec/axes.ts";

/** Changes of η1 between neighbouring points of a list, where `above` goes from 0 to 1 or back. */
function changesOf(etas: readonly number[], above: readonly number[]): Change[] {
  return etas.flatMap((high, i) =>
    i === 0 || above[i] === above[i - 1]
      ? []
      : [
          {
            low: etas[i - 1]!,
            high,
            below: etas[i - 2] ?? null,
            above: etas[i + 1] ?? null,
            eta0: false,
            eta1: true,
          },
        ],
  );
}

const grid = [1, 1.1, 1.2, 1.3, 1.4, 1.5];

test("one change is cut, and its neighbours halved, until it is short enough", () => {
  const changes = changesOf(grid, [0, 0, 0, 1, 1, 1]);
  expect(sectionsOf(changes, 1e-3)).toEqual([
    { low: 1.1, high: 1.2, parts: 2 },
    { low: 1.2, high: 1.3, parts: 8 },
  ]);
  expect(sectionsOf(changes, 0.03)).toMatchObject([{ low: 1.1 }, { low: 1.2, parts: 4 }]);
  expect(sectionsOf(changes, 0.09)).toEqual([]);
  expect(sectionsOf([], 1e-3)).toEqual([]);
});

test("of several changes the ends are cut first, and the others as far as the area wants", () => {
  const changes = changesOf(grid, [0, 1, 0, 1, 1, 1]);
  const cut = sectionsOf(changes, 0.12);
  // Each of the three is short enough, but together they leave the area open.
  expect(cut.map(({ low }) => low)).toEqual([1, 1.1, 1.2]);
  expect(sectionsOf(changes, 0.2)).toEqual([]);
});

test("an interval of the lattice is cut at points of the lattice, bit for bit", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: -400, max: 400 }),
      fc.integer({ min: 0, max: 12 }),
      fc.constantFrom(2, 4, 8),
      (index, depth, parts) => {
        const step = 2 ** -depth;
        const [low, high] = [index, index + 1].map((i) =>
          learningRateAt({ scale: "log", octaves_per_step: step, first: i, points: 1 }, 0),
        ) as [number, number];
        const axis = cutInterval(low, high, parts)!;
        const fine = {
          scale: "log",
          octaves_per_step: step / parts,
          first: index * parts,
          points: parts + 1,
        } as const;
        expect(axisPoints(axis)).toBe(parts - 1);
        for (let i = 0; i < parts - 1; i++) {
          expect(learningRateAt(axis, i)).toBe(learningRateAt(fine, i + 1));
        }
      },
    ),
  );
});

test("any other interval is cut into parts of equal length in log η, down to doubles", () => {
  fc.assert(
    fc.property(
      fc.double({ min: 1e-3, max: 1e3, noNaN: true }),
      fc.double({ min: 1e-12, max: 1, noNaN: true }),
      (low, width) => {
        const axis = cutInterval(low, low * (1 + width), 4);
        const points = axis === undefined ? 0 : axisPoints(axis);
        const values = Array.from({ length: points }, (_, i) => learningRateAt(axis!, i));
        for (const [i, value] of values.entries()) {
          expect(value).toBeGreaterThan(values[i - 1] ?? low);
          expect(value).toBeLessThan(low * (1 + width));
          const share = Math.log(value / low) / Math.log1p(width);
          if (width > 1e-6) expect(share).toBeCloseTo((i + 1) / 4, 5);
        }
      },
    ),
  );
  expect(cutInterval(1.1, 1.1 + 2 ** -52, 2)).toBeUndefined();
});
