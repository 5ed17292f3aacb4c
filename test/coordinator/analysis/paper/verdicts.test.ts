import { describe, expect, test } from "vitest";
import {
  roundingOf,
  verdictOfAll,
  verdictOfNumber,
} from "../../../../coordinator/analysis/paper/verdicts.ts";

describe("verdicts", () => {
  test.each([
    [10, 10, "yes"],
    [9, 10, "in part"],
    [5, 10, "in part"],
    [4, 10, "no"],
    [0, 1, "no"],
  ] as const)("%i of %i runs: %s", (held, total, verdict) => {
    expect(verdictOfAll(held, total)).toBe(verdict);
  });

  test.each([
    [1.5, "yes"],
    [1, "yes"],
    [0.995, "in part"],
    [2.01, "in part"],
    [0.98, "no"],
    [2.1, "no"],
  ] as const)("%d against [1, 2] with one percent: %s", (printed, verdict) => {
    expect(verdictOfNumber(printed, [1, 2], 0.01)).toBe(verdict);
  });

  test("the last printed digit says how a number was rounded", () => {
    expect(["0.895", "8", "1.66843"].map(roundingOf)).toEqual([0.0005, 0.5, 5e-6]);
  });
});
