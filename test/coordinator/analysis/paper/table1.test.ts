import { describe, expect, test } from "vitest";
import {
  type CatapultCount,
  table1Findings,
} from "../../../../coordinator/analysis/paper/table1.ts";

function count(dataset: string, loss: CatapultCount["loss"], seeds_with_catapult: number) {
  return { dataset, loss, seeds: 16, seeds_with_catapult, runs: 160, catapult_runs: 20 };
}

function verdicts(...counts: readonly CatapultCount[]): string[] {
  return table1Findings(counts).map(({ agrees }) => agrees);
}

describe("table1Findings", () => {
  test.each([
    [16, "yes"],
    [5, "in part"],
    [0, "no"],
  ])("a tick with a catapult in %i of 16 seeds: %s", (seeds, verdict) => {
    expect(verdicts(count("example3", "logistic", seeds))).toEqual([verdict]);
    expect(verdicts(count("separable-a", "squared", seeds))).toEqual([verdict]);
  });

  test.each([
    [[0, 0], "yes"],
    [[0, 3], "in part"],
    [[1, 3], "no"],
  ] as const)("a cross with a catapult in %o of 16 seeds: %s", ([first, second], verdict) => {
    const counts = [
      count("separable-a", "logistic", first),
      count("separable-b", "logistic", second),
    ];
    expect(verdicts(...counts)).toEqual([verdict]);
    expect(table1Findings(counts)[0]!.measured).toContain("0 of 16 seeds".replace("0", `${first}`));
  });

  test("one finding a cell of the table that has data", () => {
    const counts = ["example3", "example4_strict", "separable-a"].flatMap((dataset) =>
      (["exponential", "logistic", "squared"] as const).map((loss) => count(dataset, loss, 16)),
    );
    expect(table1Findings(counts)).toHaveLength(9);
    expect(table1Findings(counts.slice(0, 2))).toHaveLength(2);
  });
});
