import { describe, expect, test } from "vitest";
import { LOSSES, type Loss } from "../../../shared/losses.ts";
import { EmpiricalLoss } from "../../../worker/engine/loss_functions.ts";

/** ℓ and ∂ℓ/∂f by the textbook formulas, for outputs of moderate size. */
function textbook(loss: Loss, y: number, f: number): [number, number] {
  if (loss === "exponential") return [Math.exp(-y * f), -y * Math.exp(-y * f)];
  if (loss === "squared") return [(f - y) ** 2 / 2, f - y];
  return [Math.log(1 + Math.exp(-y * f)), -y / (1 + Math.exp(y * f))];
}

describe("losses", () => {
  const at = (loss: Loss, y: number, f: number) => {
    const g = new Float64Array(1);
    const empirical = new EmpiricalLoss(Float64Array.of(1), [y], 1, loss);
    const value = empirical.evaluate(Float64Array.of(f), g);
    return { value, slope: g[0]!, curvature: empirical.curvatures()[0]! };
  };

  test("value, slope and curvature are derivatives of each other", () => {
    for (const loss of LOSSES) {
      for (const y of [-1, 1]) {
        for (const f of [-3, -0.4, 0, 0.9, 2.5]) {
          const h = 1e-5;
          const { value, slope, curvature } = at(loss, y, f);
          expect(value).toBeCloseTo(textbook(loss, y, f)[0], 13);
          expect(slope).toBeCloseTo(
            (at(loss, y, f + h).value - at(loss, y, f - h).value) / (2 * h),
            7,
          );
          expect(curvature).toBeCloseTo(
            (at(loss, y, f + h).slope - at(loss, y, f - h).slope) / (2 * h),
            7,
          );
        }
      }
    }
  });

  test("logistic loses nothing far out", () => {
    expect(at("logistic", 1, 700).value / Math.exp(-700)).toBeCloseTo(1, 12);
    expect(at("logistic", 1, 700).slope / -Math.exp(-700)).toBeCloseTo(1, 12);
    expect(at("logistic", 1, -1e5)).toEqual({ value: 1e5, slope: -1, curvature: 0 });
  });

  test("exponential overflows to Infinity", () => {
    expect(at("exponential", -1, 710)).toEqual({
      value: Number.POSITIVE_INFINITY,
      slope: Number.POSITIVE_INFINITY,
      curvature: Number.POSITIVE_INFINITY,
    });
  });
});
