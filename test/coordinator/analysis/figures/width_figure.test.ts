import { describe, expect, test } from "vitest";
import type { TheoryMedians } from "../../../../coordinator/analysis/boundaries/theory_medians.ts";
import { drawWidthFigure } from "../../../../coordinator/analysis/figures/width_figure.ts";
import type {
  WidthLaw,
  WidthPoint,
} from "../../../../coordinator/analysis/statistics/width_law.ts";
import { expectWellFormed } from "./svg_fixture.ts";

const WIDTHS = [50, 100, 200];

function point(
  width: number,
  median: number | null,
  changes: Partial<WidthPoint> = {},
): WidthPoint {
  return {
    width,
    shape_group: `m${width}`,
    seeds: 32,
    median,
    median_beyond: median === null ? "above" : null,
    low: median === null ? Infinity : 0.9 * median,
    high: median === null ? Infinity : 1.1 * median,
    error: 0.05,
    ...changes,
  };
}

function law(boundary: "eta0" | "eta1", changes: Partial<WidthLaw> = {}): WidthLaw {
  const a = boundary === "eta0" ? 2 : 4;
  return {
    boundary,
    form: "inverse_width",
    grid: 0,
    dataset: "example3",
    model: "one_hidden_layer",
    loss: "squared",
    weight_variance: 0.5,
    steps: 100,
    confidence: 0.95,
    points: WIDTHS.map((width) => point(width, a)),
    fit: {
      ...{
        a,
        a_error: 0.01,
        b: 1,
        b_error: 0.5,
        limit: a,
        limit_low: a - 0.1,
        limit_high: a + 0.1,
      },
      ...{ chi_squared: 1, degrees_of_freedom: 1, p_value: 0.3, from_width: 50, rejected: false },
    },
    infinite: null,
    ...changes,
  };
}

const NOTHING: TheoryMedians = {
  two_over_ntk: null,
  four_over_ntk: null,
  eight_over_ntk: null,
  root_eight_width: null,
};
const theory = new Map(
  WIDTHS.map((width) => [`m${width}`, { ...NOTHING, two_over_ntk: 2, four_over_ntk: 4 }]),
);

function draw(laws: readonly WidthLaw[], of: ReadonlyMap<string, TheoryMedians> = theory): string {
  const svg = drawWidthFigure(laws, of)!;
  expectWellFormed(svg);
  return svg;
}

const panels = (svg: string) => svg.split('<g class="panel"').length - 1;
const circles = (svg: string) => svg.split("<circle").length - 1;

describe("the width figure", () => {
  test("has a panel a family, with its laws, points and the lines of theory that there are", () => {
    const svg = draw([law("eta0"), law("eta1")]);
    expect(panels(svg)).toBe(1);
    expect(svg).toContain("= (2.000 ± 0.010) + (1.00 ± 0.50)/m, m ≥ 50, p = 0.3");
    // One a width and one in the legend.
    expect(circles(svg)).toBe(WIDTHS.length + 1);
    expect(svg).toContain("2/λ");
    expect(svg).toContain("4/λ");
    expect(svg).not.toContain("√(8m)</text>");
    expect(draw([law("eta0"), law("eta1")], new Map())).not.toContain("2/λ");
    expect(draw([law("eta0"), law("eta1")])).toBe(svg);
  });

  test("shows the infinite width beside the limit of the law", () => {
    const without = draw([law("eta0"), law("eta1")]);
    const infinite = point(Number.POSITIVE_INFINITY, 2);
    expect(circles(draw([law("eta0", { infinite }), law("eta1")]))).toBe(circles(without) + 1);
  });

  test("draws medians within the grid alone, and open ends up to the frame", () => {
    const points = [point(50, 2, { low: -Infinity }), point(100, null), point(200, 2)];
    const eta0 = law("eta0", { points, fit: { problem: "too few" } });
    const svg = draw([eta0, law("eta1")]);
    expect(circles(svg)).toBe(2 + 1);
    expect(svg).toContain("no law");
    expect(draw([{ ...eta0, model: "two_hidden_layers" }, law("eta1")])).toContain(
      "two hidden layers",
    );
    const nowhere = { points: WIDTHS.map((width) => point(width, null)), fit: { problem: "none" } };
    expect(panels(draw([law("eta0", nowhere), law("eta1", nowhere)], new Map()))).toBe(1);
  });

  test("a rejected law says so and has no limit", () => {
    const { fit, ...rest } = law("eta1");
    const rejected = { ...rest, fit: { ...fit, p_value: 1e-9, rejected: true } as WidthLaw["fit"] };
    const svg = draw([law("eta0"), rejected]);
    expect(svg).toContain("p &lt; 0.001: rejected");
  });

  test("keeps a name that is markup as text, and counts what it leaves out", () => {
    const name = '<script>"&';
    const many = Array.from({ length: 30 }, (_, grid) => [
      law("eta0", { grid, dataset: name }),
      law("eta1", { grid, dataset: name }),
    ]).flat();
    const svg = draw(many);
    expect(panels(svg)).toBe(24);
    expect(svg).toContain("Not");
    expect(svg).not.toContain("<script>");
    expect(drawWidthFigure([], theory)).toBeUndefined();
  });
});
