import fc from "fast-check";
import { expect, test } from "vitest";
import {
  difference,
  intersection,
  interval,
  runsOf,
  setOfMask,
  sizeOf,
  union,
} from "../../coordinator/reuse/position_sets.ts";
import { positionReader, rankBelow, runOfRanks, runsSize } from "../../shared/runs.ts";

const POINTS = 60;

/** Masks of any kind, and of the kind that refined axes give. */
const mask = fc.oneof(
  fc.array(fc.integer({ min: 0, max: 1 }), { minLength: POINTS, maxLength: POINTS }),
  fc
    .record({ step: fc.integer({ min: 1, max: 9 }), width: fc.integer({ min: 0, max: 9 }) })
    .map(({ step, width }) => Array.from({ length: POINTS }, (_, i) => (i % step < width ? 1 : 0))),
);

const positionsOf = (bits: readonly number[]) => bits.flatMap((bit, i) => (bit ? [i] : []));

test("runs hold the positions of the set that they are made of, in ascending order", () => {
  fc.assert(
    fc.property(mask, (bits) => {
      const positions = positionsOf(bits);
      const runs = runsOf(setOfMask(Uint8Array.from(bits)));
      expect(runsSize(runs)).toBe(positions.length);
      const read = positionReader(runs);
      expect(positions.map((_, rank) => read(rank))).toEqual(positions);
      // Also when they are asked for in another order.
      const backwards = positions.map((_, i) => read(positions.length - 1 - i));
      expect(backwards).toEqual(positions.toReversed());
      for (let at = 0; at <= POINTS; at++) {
        expect(rankBelow(runs, at)).toBe(positions.filter((position) => position < at).length);
      }
    }),
  );
});

test("the run of some ranks is one that holds them all", () => {
  fc.assert(
    fc.property(mask, fc.nat(POINTS), fc.nat(POINTS), (bits, a, b) => {
      const positions = positionsOf(bits);
      const [low, end] = [Math.min(a, b), Math.min(Math.max(a, b) + 1, positions.length)];
      if (low >= end) return;
      const runs = runsOf(setOfMask(Uint8Array.from(bits)));
      const found = runOfRanks(runs, low, end);
      if (runs.length === 1) expect(found).toBeDefined();
      if (found === undefined) return;
      const { run, before } = found;
      for (let rank = low; rank < end; rank++) {
        const [block, within] = [
          Math.floor((rank - before) / run.width),
          (rank - before) % run.width,
        ];
        expect(run.first + block * run.step + within).toBe(positions[rank]);
      }
    }),
  );
});

test("every second point of an axis is one run, and so are three of every four", () => {
  const every = (step: number, width: number) =>
    runsOf(setOfMask(Uint8Array.from({ length: 100 }, (_, i) => (i % step < width ? 1 : 0))));
  expect(every(2, 1)).toEqual([{ first: 0, width: 1, step: 2, count: 50 }]);
  expect(every(4, 3)).toEqual([{ first: 0, width: 3, step: 4, count: 25 }]);
});

test("sets of positions are sets", () => {
  fc.assert(
    fc.property(mask, mask, (a, b) => {
      const [first, second] = [setOfMask(Uint8Array.from(a)), setOfMask(Uint8Array.from(b))];
      const of = (keep: (inA: boolean, inB: boolean) => boolean) =>
        setOfMask(Uint8Array.from(a, (bit, i) => (keep(bit === 1, b[i] === 1) ? 1 : 0)));
      expect(union(first, second)).toEqual(of((inA, inB) => inA || inB));
      expect(intersection(first, second)).toEqual(of((inA, inB) => inA && inB));
      expect(difference(first, second)).toEqual(of((inA, inB) => inA && !inB));
      expect(sizeOf(first)).toBe(positionsOf(a).length);
    }),
  );
  expect(sizeOf(interval(3, 1e15))).toBe(1e15 - 3);
  expect(interval(3, 3)).toHaveLength(0);
});
