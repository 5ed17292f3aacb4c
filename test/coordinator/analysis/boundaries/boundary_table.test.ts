import { describe, expect, test } from "vitest";
import {
  boundaryTableJson,
  formatBoundaryTable,
} from "../../../../coordinator/analysis/boundaries/boundary_table.ts";
import { boundaryRow, summary } from "../rows_fixture.ts";

const beyond = (side: "below" | "above", value: number) =>
  summary(null, {
    median_beyond: side,
    low: value,
    high: value,
    seeds_found: 0,
    [`seeds_${side}`]: 32,
    single_step: 0,
    bracket_step: null,
  });

describe("formatBoundaryTable", () => {
  test("a row that is clear in every respect has no footnote", () => {
    const lines = formatBoundaryTable([boundaryRow()]).split("\n");
    expect(lines[2]).toBe(
      "Example 3  m = 200  logistic   0.5  8.181 [8.099, 8.263]  43.32 [42.89, 43.75]  32/32, 32/32     2.8",
    );
    expect(lines.some((line) => line.startsWith("(1)"))).toBe(false);
    expect(lines.join("\n")).toContain("after 100 steps");
  });

  test("boundaries beyond the grid print as bounds, and a few seeds beyond as a footnote", () => {
    const all = formatBoundaryTable([
      boundaryRow(),
      boundaryRow({
        model: "linear_predictor",
        width: null,
        eta0: beyond("below", Number.NEGATIVE_INFINITY),
        eta1: beyond("above", Number.POSITIVE_INFINITY),
      }),
      boundaryRow({ width: null }),
    ]);
    expect(all).toMatch(/linear {3}logistic {3}0\.5 {2}< 0\.5000 +> 60\.00/m);
    expect(all).toMatch(/m = ∞ {4}logistic/m);
    expect(all).not.toContain("(1)");
    const eta0 = summary(8, { seeds_found: 29, seeds_below: 2, seeds_above: 1 });
    expect(formatBoundaryTable([boundaryRow({ eta0 })])).toContain(
      "(1) η0: 3 of 32 seeds without a boundary in the grid (2 below, 1 above).",
    );
  });

  test("few seeds have no interval of what is asked for, and one has none", () => {
    const one = formatBoundaryTable([boundaryRow({ seeds: 1 })]);
    expect(one).toMatch(/0\.5 +8\.181 +43\.32 /);
    expect(one).toContain("One seed has no interval");
    const five = formatBoundaryTable([boundaryRow(), boundaryRow({ seeds: 5 })]);
    expect(five).toContain(
      "No interval of 5 seeds is one of 95 %: from the smallest to the largest of them it is 94 %.",
    );
    expect(five).toContain("8.181 [8.099, 8.263]");
    for (const row of [{ seeds: 6 }, { seeds: 5, confidence: 0.9 }])
      expect(formatBoundaryTable([boundaryRow(row)])).not.toContain("interval of");
  });

  test("a verdict that is not a single step points to the area", () => {
    const eta1 = summary(40, {
      single_step: 20,
      not_single_step: 12,
      area_median: 43.3,
      high: Infinity,
    });
    const text = formatBoundaryTable([boundaryRow({ eta1 })]);
    expect(text).toContain("40.00 [39.60, above]  32/32, 20/32");
    expect(text).toContain("not a single step in 12 of 32 seeds; by area the median is 43.30.");
  });

  test("an uneven grid shows its finest step and its widest bracket", () => {
    const text = formatBoundaryTable([boundaryRow({ eta1: summary(40, { bracket_step: 0.12 }) })]);
    expect(text).toContain("2.8–12");
  });

  test("columns align, horizons show where they differ, and lines fit a terminal", () => {
    const lines = formatBoundaryTable([
      boundaryRow({ dataset: "example2_corrected", loss: "exponential", width: 1000 }),
      boundaryRow({ steps: 800 }),
    ]).split("\n");
    const starts = lines.slice(0, 4).map((line) => line.length);
    expect(lines[0]).toContain("  T  ");
    expect(new Set(starts).size).toBe(1);
    for (const line of lines) expect([...line].length).toBeLessThanOrEqual(120);
  });

  test("no rows", () => {
    expect(formatBoundaryTable([])).toBe("No cells: nothing to locate.");
  });
});

test("boundaryTableJson replaces what JSON lacks and keeps the rest", () => {
  const row = boundaryRow({
    eta1: summary(1, { low: -Infinity, high: Infinity, area_median: NaN }),
  });
  const [plain] = JSON.parse(JSON.stringify(boundaryTableJson([row])));
  expect(plain.eta1).toMatchObject({ low: "-Infinity", high: "Infinity", area_median: "NaN" });
  expect(plain.eta0).toEqual(row.eta0);
});
