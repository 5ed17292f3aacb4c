import { describe, expect, test } from "vitest";
import { criticalRate, outputOfLoss } from "../../../../coordinator/analysis/paper/degenerate.ts";
import {
  figure1Findings,
  type PredictorRun,
} from "../../../../coordinator/analysis/paper/figure1.ts";

/** Runs of exponential loss on Example 1 around a critical rate. */
function runs(critical: number, changes: Partial<PredictorRun> = {}): PredictorRun[] {
  return [0.5, 0.99999, 1.00001, 1.5].map((factor) => ({
    dataset: "example1",
    loss: "exponential",
    learning_rate: factor * critical,
    phase: factor < 1 ? "lazy" : "divergent",
    increases: factor < 1 ? 0 : 3,
    gradient_norm: 0,
    loss_initial: Math.cosh(1.061667),
    loss_final: 1,
    ...changes,
  }));
}

const verdict = (found: readonly PredictorRun[], claim: string) =>
  figure1Findings(found).find((finding) => finding.claim.includes(claim))?.agrees;

describe("figure1Findings", () => {
  test("a printed rate is held against the bracket of the rows", () => {
    expect(verdict(runs(1.66843), "1.66843")).toBe("yes");
    expect(verdict(runs(1.675), "1.66843")).toBe("in part");
    expect(verdict(runs(1.7), "1.66843")).toBe("no");
    expect(figure1Findings(runs(1.66843))[0]!.measured).toContain("Theorem 1 gives 1.6684");
  });

  test("without a run on either side nothing is said", () => {
    expect(verdict(runs(1.7).slice(0, 2), "critical learning rate")).toBeUndefined();
    expect(verdict(runs(1.7).slice(2), "critical learning rate")).toBeUndefined();
  });

  test("what does not explode above the critical rate is counted", () => {
    expect(verdict(runs(1.66843), "explodes")).toBe("yes");
    expect(verdict(runs(1.66843, { phase: "unsettled" }), "explodes")).toBe("no");
  });
});

describe("degenerate data", () => {
  test.each([0.001, 0.3, 2, 40, 700])("|x| = %d is read off its loss", (x) => {
    const logistic = 0.5 * (Math.log1p(Math.exp(-x)) + Math.log1p(Math.exp(x)));
    const large = x > 600 ? x / 2 : logistic;
    expect(outputOfLoss("logistic", large) / x).toBeCloseTo(1, 6);
    expect(outputOfLoss("exponential", Math.cosh(x)) / x).toBeCloseTo(1, 6);
    expect(outputOfLoss("squared", 0.5 * (x * x + 1)) / x).toBeCloseTo(1, 6);
  });

  test("critical rates of Theorem 1 as the paper prints them", () => {
    expect(criticalRate("exponential", 1.0616670375)).toBeCloseTo(1.66843, 5);
    expect(criticalRate("logistic", 0.85812706)).toBeCloseTo(8.485, 3);
  });
});
