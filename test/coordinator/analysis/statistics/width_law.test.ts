import { describe, expect, test } from "vitest";
import type { BoundaryRow } from "../../../../coordinator/analysis/boundaries/boundaries.ts";
import { fitWeightedLine } from "../../../../coordinator/analysis/statistics/weighted_line.ts";
import {
  lawAt,
  type WidthFit,
  type WidthLaw,
  widthLaws,
} from "../../../../coordinator/analysis/statistics/width_law.ts";
import type { Plan } from "../../../../shared/plan.ts";
import { normalQuantile } from "../../../../shared/random.ts";
import { buildPlan } from "../../../../shared/spec/build_plan.ts";
import { parseSweep } from "../../../../shared/spec/load.ts";
import { boundaryRow, summary } from "../rows_fixture.ts";
import { uniformStream } from "../uniform_stream.ts";

const WIDTHS = [50, 100, 200, 400, 800, "infinite"];

function planOf(changes: object = {}): Plan {
  const sweep = {
    name: "widths",
    dataset: "example3",
    loss: ["squared", "logistic"],
    model: { hidden_layers: 1, width: WIDTHS, weight_variance: 0.5 },
    learning_rate: { from: 1, to: 100, points: 33 },
    seeds: 64,
    training: { steps: 100 },
    ...changes,
  };
  return buildPlan(parseSweep(JSON.stringify(sweep), "sweep.yaml"));
}

/** Rows whose medians follow from the width, with a standard error of their own. */
function rowsOf(
  plan: Plan,
  medians: (loss: string, width: number) => { eta0: number; eta1: number; error: number },
): BoundaryRow[] {
  return plan.groups.map(({ shape, shape_group }) => {
    const width = shape.width === "infinite" ? Infinity : (shape.width as number);
    const { eta0, eta1, error } = medians(shape.loss, width);
    const known = { standard_error: error, bracket_step: 0 };
    return boundaryRow({
      shape_group,
      loss: shape.loss,
      width: Number.isFinite(width) ? width : null,
      seeds: 64,
      eta0: summary(eta0, known),
      eta1: Number.isFinite(eta1)
        ? summary(eta1, known)
        : summary(null, { median_beyond: "above" }),
    });
  });
}

const exact = (loss: string, width: number) => ({
  eta0: 2 + 7 / width,
  eta1: loss === "logistic" ? Math.sqrt(8 * width) + 3 : 4 - 5 / width,
  error: 0.01,
});

function fitOf(laws: readonly WidthLaw[], loss: string, boundary: string): WidthFit {
  const { fit } = laws.find((law) => law.loss === loss && law.boundary === boundary)!;
  if ("problem" in fit) throw new Error(fit.problem);
  return fit;
}

describe("weighted lines", () => {
  test("go through exact data, with errors that follow from those of the data", () => {
    const line = fitWeightedLine([0, 1, 2, 3].map((x) => ({ x, y: 1 - 2 * x, error: 0.5 })));
    expect(line).toMatchObject({ degrees_of_freedom: 2 });
    expect(line.intercept).toBeCloseTo(1, 12);
    expect(line.slope).toBeCloseTo(-2, 12);
    expect(line.chi_squared).toBeCloseTo(0, 12);
    expect(line.p_value).toBeCloseTo(1, 12);
    // Var(slope) = σ²/Σ(x − x̄)² = 0.25/5, Var(intercept) = σ²(1/4 + x̄²/5).
    expect(line.slope_error).toBeCloseTo(Math.sqrt(0.05), 12);
    expect(line.intercept_error).toBeCloseTo(0.5 * Math.sqrt(0.7), 12);
  });

  test("cover the truth and give uniform p for data with the errors they claim", () => {
    const uniform = uniformStream(5);
    const rounds = Array.from({ length: 1000 }, () => {
      const data = [1, 2, 3, 5, 8, 13].map((x, i) => {
        const error = 0.1 * (1 + i);
        return { x, y: 3 + 0.7 * x + error * normalQuantile(uniform() || 0.5), error };
      });
      return fitWeightedLine(data);
    });
    const share = (of: (line: (typeof rounds)[number]) => boolean) =>
      rounds.filter(of).length / rounds.length;
    const covered = share((line) => Math.abs(line.intercept - 3) < 1.96 * line.intercept_error);
    expect(covered).toBeGreaterThan(0.93);
    expect(covered).toBeLessThan(0.97);
    for (const p of [0.05, 0.25, 0.5, 0.9]) {
      expect(Math.abs(share((line) => line.p_value < p) - p)).toBeLessThan(0.05);
    }
  });

  test("need three measurements at different places, each with an error", () => {
    const at = (x: number, error = 1) => ({ x, y: 0, error });
    expect(() => fitWeightedLine([at(1), at(2)])).toThrow(RangeError);
    expect(() => fitWeightedLine([at(1), at(1), at(1)])).toThrow(RangeError);
    expect(() => fitWeightedLine([at(1), at(2), at(3, 0)])).toThrow(RangeError);
  });
});

describe("laws in width", () => {
  test("come out of exact medians, each loss with its own, ∞ beside them", () => {
    const plan = planOf();
    const laws = widthLaws(plan, rowsOf(plan, exact));
    expect(laws.map(({ loss, boundary, form }) => `${loss} ${boundary} ${form}`)).toEqual([
      "squared eta0 inverse_width",
      "squared eta1 inverse_width",
      "logistic eta0 inverse_width",
      "logistic eta1 root_width",
    ]);
    const eta0 = fitOf(laws, "squared", "eta0");
    expect(eta0.a).toBeCloseTo(2, 9);
    expect(eta0.b).toBeCloseTo(7, 6);
    expect(eta0).toMatchObject({ from_width: 50, rejected: false, degrees_of_freedom: 3 });
    expect(lawAt(eta0, "inverse_width", 100)).toBeCloseTo(2.07, 9);
    const eta1 = fitOf(laws, "logistic", "eta1");
    expect(eta1.a).toBeCloseTo(Math.sqrt(8), 9);
    expect(eta1.b).toBeCloseTo(3, 6);
    expect(eta1.limit).toBeCloseTo(1, 9);
    expect(eta1.limit_low).toBeLessThan(1);
    expect(eta1.limit_high).toBeGreaterThan(1);
    expect(lawAt(eta1, "root_width", 200)).toBeCloseTo(43, 9);
    expect(laws[0]!.infinite).toMatchObject({ width: Infinity, median: 2 });
    expect(laws[3]!.infinite).toMatchObject({ median: null, median_beyond: "above" });
  });

  test("start at the width from which on they hold", () => {
    const plan = planOf();
    const bent = (loss: string, width: number) => {
      const { eta0, eta1, error } = exact(loss, width);
      return { eta0: width === 50 ? eta0 + 1 : eta0, eta1: eta1 + (width % 3) / 4, error };
    };
    const laws = widthLaws(plan, rowsOf(plan, bent));
    expect(fitOf(laws, "squared", "eta0")).toMatchObject({ from_width: 100, rejected: false });
    // 50, 100, … mod 3 are 2, 1, 2, 1, 2: no three neighbours lie on a line.
    expect(fitOf(laws, "squared", "eta1")).toMatchObject({ from_width: 50, rejected: true });
  });

  test("weigh by the error of the median and by the step of the grid", () => {
    const plan = planOf({ loss: "squared" });
    const rows = rowsOf(plan, exact).map((row) => ({
      ...row,
      eta0: { ...row.eta0, standard_error: 0, bracket_step: 0.01 },
    }));
    const [law] = widthLaws(plan, rows);
    for (const { error, median } of law!.points) {
      expect(error).toBeCloseTo((0.01 * median!) / Math.sqrt(12), 12);
    }
  });

  test("say why there is none", () => {
    const plan = planOf({ loss: "squared" });
    const above = (_: string, width: number) => ({
      eta0: 2,
      eta1: width > 150 ? Infinity : 4,
      error: 0.01,
    });
    const [, eta1] = widthLaws(plan, rowsOf(plan, above));
    expect(eta1!.fit).toEqual({ problem: expect.stringContaining("only 2 of 5 widths") });
    const few = rowsOf(plan, exact).map((row) => ({ ...row, seeds: 7 }));
    expect(widthLaws(plan, few)[0]!.fit).toEqual({ problem: expect.stringContaining("only 0") });
  });

  test("do not claim the logistic law of one hidden layer for deeper nets", () => {
    const plan = planOf({
      loss: "logistic",
      model: { hidden_layers: 2, width: [50, 100, 200], weight_variance: 0.5 },
    });
    const rows = rowsOf(plan, exact).map((row) => ({ ...row, model: "two_hidden_layers" }));
    const [eta0, eta1] = widthLaws(plan, rows);
    expect(fitOf([eta0!], "logistic", "eta0").a).toBeCloseTo(2, 9);
    expect(eta1!.fit).toEqual({ problem: expect.stringContaining("one hidden layer only") });
  });

  test("take groups of one block that differ in the width alone, three or more", () => {
    const model = { hidden_layers: 1, weight_variance: 0.5 };
    const two = planOf({ model: { ...model, width: [50, 100, "infinite"] } });
    expect(widthLaws(two, rowsOf(two, exact))).toEqual([]);
    const apart = planOf({
      loss: "squared",
      grids: [50, 100, 200].map((width) => ({ model: { ...model, width } })),
    });
    expect(widthLaws(apart, rowsOf(apart, exact))).toEqual([]);
    const variances = planOf({ model: { ...model, weight_variance: [0.5, 1], width: WIDTHS } });
    expect(widthLaws(variances, rowsOf(variances, exact))).toHaveLength(8);
    const predictor = planOf({ model: { hidden_layers: 0 } });
    expect(widthLaws(predictor, rowsOf(predictor, exact))).toEqual([]);
  });
});
