import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Choice, chooseSamples } from "../../../shared/data/choose.ts";
import type { Labelled } from "../../../shared/data/labelled.ts";

function labelled(labels: number[], source = "source"): Labelled {
  return { source, values: labels.map((_, i) => i), features: 1, labels };
}

const CHOICE: Choice = {
  classes: [3, 8],
  train: undefined,
  test: undefined,
  seed: 0,
  place: (key) => `sweep.yaml ${key}`,
};
const source = labelled(Array.from({ length: 90 }, (_, i) => [3, 8, 5][i % 3]!));
const other = labelled(
  Array.from({ length: 30 }, (_, i) => [8, 3][i % 2]!),
  "other",
);

describe("chosen samples", () => {
  test("are all of both classes, in the order of the source, unless numbers are given", () => {
    const { train, test: held } = chooseSamples(source, undefined, CHOICE);
    expect(train.rows.slice(0, 4)).toEqual([0, 1, 3, 4]);
    expect(train.y.slice(0, 4)).toEqual([-1, 1, -1, 1]);
    expect(train.rows).toHaveLength(60);
    expect(held.rows).toEqual([]);
    expect(chooseSamples(source, other, CHOICE).test.rows).toHaveLength(30);
    expect(chooseSamples(source, other, { ...CHOICE, test: 0 }).test.rows).toEqual([]);
  });

  test("are half of each class, disjoint, and a function of the seed", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 30 }),
        fc.integer({ min: 0, max: 30 }),
        fc.nat(),
        (train, held, seed) => {
          const choice = { ...CHOICE, train, test: held, seed };
          const found = chooseSamples(source, undefined, choice);
          expect(found).toEqual(chooseSamples(source, undefined, choice));
          const both = [...found.train.rows, ...found.test.rows];
          expect(new Set(both).size).toBe(train + held);
          for (const [{ rows, y }, count] of [
            [found.train, train],
            [found.test, held],
          ] as const) {
            expect(rows.filter((row) => source.labels[row] === 3)).toHaveLength(
              Math.ceil(count / 2),
            );
            expect(y).toEqual(rows.map((row) => (source.labels[row] === 3 ? -1 : 1)));
            expect(rows).toEqual([...rows].sort((a, b) => a - b));
          }
        },
      ),
    );
    const seeds = [0, 1, 2].map((seed) =>
      chooseSamples(source, undefined, { ...CHOICE, train: 20, seed }).train.rows.join(),
    );
    expect(new Set(seeds).size).toBe(3);
  });

  test("to train on are what is not held out where only that number is given", () => {
    const { train, test: held } = chooseSamples(source, undefined, { ...CHOICE, test: 10 });
    expect([train.rows.length, held.rows.length]).toEqual([50, 10]);
    expect(new Set([...train.rows, ...held.rows]).size).toBe(60);
  });

  test.each([
    [{ train: 62 }, "asks for 31 samples of class 3, but there are 30"],
    [{ train: 40, test: 22 }, "asks for 11 samples of class 3, but there are 10"],
    [{ test: 60 }, "asks for 30 samples of class 3, but there are 29"],
    [{ classes: [3, 9] as const }, "no sample has label 9; there are 3, 5, 8"],
  ])("%j is more than there is", (more, words) => {
    expect(() => chooseSamples(source, undefined, { ...CHOICE, ...more })).toThrow(words);
  });
});
