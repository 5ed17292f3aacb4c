import { expect, test } from "vitest";
import { seedEstimates } from "../../../../coordinator/dashboard/views/seed_boundaries.ts";

const CODES: Readonly<Record<string, number>> = { "?": 0, l: 1, c: 2, d: 3, u: 4, x: 5 };

/** Estimates of cells at 1, 2, 4, … whose states are letters; ? is open and x failed. */
function estimates(letters: string) {
  const rates = Float64Array.from(letters, (_, i) => 2 ** i);
  const codes = Uint8Array.from(letters, (letter) => CODES[letter]!);
  return seedEstimates(letters.length, rates, codes);
}

const SQRT2 = Math.sqrt(1) * Math.sqrt(2);

test.each([
  ["lcdd", SQRT2, Math.sqrt(2) * Math.sqrt(4)],
  // The bracket is known, whatever comes above it.
  ["lc?d", SQRT2, null],
  ["ld??", SQRT2, SQRT2],
  // What is below is not.
  ["?cdd", null, null],
  ["l?cd", null, null],
  // Unsettled is neither lazy nor divergent.
  ["luud", SQRT2, Math.sqrt(4) * Math.sqrt(8)],
  // Beyond the grid.
  ["llll", Infinity, Infinity],
  ["lll?", null, null],
  ["cccc", -Infinity, Infinity],
  ["d???", -Infinity, -Infinity],
  // To and fro: the first change counts.
  ["lclcdlcd", SQRT2, Math.sqrt(8) * Math.sqrt(16)],
  // A cell that could not be computed is as good as not sampled.
  ["lxcd", Math.sqrt(1) * Math.sqrt(4), Math.sqrt(4) * Math.sqrt(8)],
  ["xcdd", -Infinity, Math.sqrt(2) * Math.sqrt(4)],
  ["lxxx", Infinity, Infinity],
] as const)("%s", (letters, eta0, eta1) => {
  expect(estimates(letters)).toEqual({ eta0, eta1, is_sampled: true });
});

test("a seed without a cell is not there", () => {
  expect(estimates("xxx")).toEqual({ eta0: null, eta1: null, is_sampled: false });
});

test("of two cells with one learning rate the lower neighbour is the one below both", () => {
  const rates = Float64Array.of(1, 2, 2, 4);
  expect(seedEstimates(4, rates, Uint8Array.of(1, 2, 2, 3)).eta0).toBe(SQRT2);
  expect(seedEstimates(4, rates, Uint8Array.of(1, 1, 1, 3)).eta0).toBe(Math.sqrt(2) * 2);
});
