import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type Bracket,
  fitLogNormal,
  type LogNormalFit,
} from "../../../../coordinator/analysis/statistics/log_normal_fit.ts";
import { normalQuantile } from "../../../../shared/random.ts";
import { uniformStream } from "../uniform_stream.ts";

interface Golden {
  cases: {
    brackets: [number[], number[]];
    ic_lognormal: { mu: number; sigma: number; atol: number };
  }[];
}

const golden = JSON.parse(
  readFileSync(new URL("../../../golden/statistics.json", import.meta.url), "utf8"),
) as Golden;

function fit(brackets: readonly Bracket[]): LogNormalFit {
  const found = fitLogNormal(brackets, 0.95);
  if ("problem" in found) throw new Error(found.problem);
  return found;
}

/** Values of a log-normal law on a log grid of some step, in [from, to]. */
function sample(
  n: number,
  { mu, sigma, seed }: { mu: number; sigma: number; seed: number },
  { step, from, to }: { step: number; from: number; to: number },
): Bracket[] {
  const uniform = uniformStream(seed);
  return Array.from({ length: n }, () => {
    const x = mu + sigma * normalQuantile(uniform() || 0.5);
    const at = Math.floor((x - from) / step);
    const last = Math.floor((to - from) / step);
    if (at < 0) return { low: 0, high: Math.exp(from) };
    if (at >= last) return { low: Math.exp(from + last * step), high: Infinity };
    return { low: Math.exp(from + at * step), high: Math.exp(from + (at + 1) * step) };
  });
}

describe("the log-normal fit of brackets", () => {
  test.each(golden.cases.map((each, index) => ({ ...each, index })))(
    "golden case $index",
    ({ brackets: [lows, highs], ic_lognormal }) => {
      const { mu, sigma } = fit(lows.map((low, i) => ({ low, high: highs[i]! })));
      expect(Math.abs(mu - ic_lognormal.mu)).toBeLessThan(ic_lognormal.atol);
      expect(Math.abs(sigma - ic_lognormal.sigma)).toBeLessThan(ic_lognormal.atol);
    },
  );

  test("of narrow brackets is the mean and the deviation of the logarithms", () => {
    const logs = [0.1, 0.4, -0.2, 0.7, 0.25, 0.31];
    const brackets = logs.map((x) => ({ low: Math.exp(x - 1e-6), high: Math.exp(x + 1e-6) }));
    const { mu, sigma, mu_error, sigma_error, median } = fit(brackets);
    const mean = logs.reduce((a, b) => a + b) / logs.length;
    const deviation = Math.sqrt(logs.reduce((sum, x) => sum + (x - mean) ** 2, 0) / logs.length);
    expect(mu).toBeCloseTo(mean, 8);
    expect(sigma).toBeCloseTo(deviation, 8);
    expect(median).toBeCloseTo(Math.exp(mean), 8);
    // The information of complete data: n/σ² on μ, 2n/σ² on σ.
    expect(mu_error).toBeCloseTo(deviation / Math.sqrt(logs.length), 6);
    expect(sigma_error).toBeCloseTo(deviation / Math.sqrt(2 * logs.length), 6);
  });

  test("finds a known law behind a coarse grid that cuts off both ends", () => {
    const law = { mu: 1.2, sigma: 0.3 };
    const grid = { step: 0.2, from: 0.9, to: 1.5 };
    const deviations = Array.from({ length: 200 }, (_, seed) => {
      const found = fit(sample(100, { ...law, seed }, grid));
      return {
        mu: (found.mu - law.mu) / found.mu_error,
        sigma: (found.sigma - law.sigma) / found.sigma_error,
        covers: found.low < Math.exp(law.mu) && Math.exp(law.mu) < found.high,
      };
    });
    const mean = (of: (each: (typeof deviations)[number]) => number) =>
      deviations.reduce((sum, each) => sum + of(each), 0) / deviations.length;
    expect(Math.abs(mean(({ mu }) => mu))).toBeLessThan(0.25);
    expect(mean(({ mu }) => mu * mu)).toBeGreaterThan(0.75);
    expect(mean(({ mu }) => mu * mu)).toBeLessThan(1.3);
    expect(mean(({ sigma }) => sigma * sigma)).toBeLessThan(1.4);
    expect(mean(({ covers }) => Number(covers))).toBeGreaterThan(0.9);
  });

  test("moves with the unit, and does not depend on the order", () => {
    const rounds = fc.record({
      seed: fc.integer({ min: 0, max: 1e6 }),
      unit: fc.double({ min: 1e-6, max: 1e6, noNaN: true }),
      step: fc.double({ min: 0.01, max: 0.3, noNaN: true }),
    });
    fc.assert(
      fc.property(rounds, ({ seed, unit, step }) => {
        const grid = { step, from: -0.8, to: 0.8 };
        const brackets = sample(40, { mu: 0, sigma: 0.4, seed }, grid);
        const first = fit(brackets);
        const scaled = fit(
          brackets.map(({ low, high }) => ({ low: unit * low, high: unit * high })).reverse(),
        );
        expect(scaled.mu).toBeCloseTo(first.mu + Math.log(unit), 7);
        expect(scaled.sigma).toBeCloseTo(first.sigma, 7);
        expect(scaled.mu_error).toBeCloseTo(first.mu_error, 6);
      }),
      { numRuns: 60 },
    );
  });

  test("a far outlier and many equal seeds are no trouble", () => {
    const brackets = Array.from({ length: 10_000 }, () => ({ low: 1, high: 1.01 }));
    brackets.push({ low: 1.01, high: 1.02 }, { low: 50, high: 51 });
    const { mu, sigma } = fit(brackets);
    expect(mu).toBeGreaterThan(0);
    expect(mu).toBeLessThan(0.02);
    expect(sigma).toBeLessThan(0.1);
    expect(Number.isFinite(sigma) && sigma > 0).toBe(true);
  });

  test.each<[string, Bracket[], RegExp]>([
    ["all in one bracket", [1, 2, 3].map(() => ({ low: 1, high: 2 })), /too coarse/],
    [
      "in two neighbouring brackets",
      [
        { low: 1, high: 2 },
        { low: 2, high: 4 },
      ],
      /too coarse/,
    ],
    [
      "in one bracket and beyond it",
      [
        { low: 1, high: 2 },
        { low: 2, high: Infinity },
      ],
      /too coarse/,
    ],
    [
      "all beyond the grid",
      [
        { low: 0, high: 1 },
        { low: 4, high: Infinity },
      ],
      /beyond/,
    ],
  ])("says why it cannot be: %s", (_, brackets, problem) => {
    expect(fitLogNormal(brackets, 0.95)).toMatchObject({ problem: expect.stringMatching(problem) });
  });

  test("what is no bracket is refused", () => {
    expect(() => fitLogNormal([{ low: 2, high: 2 }], 0.95)).toThrow(RangeError);
    expect(() => fitLogNormal([{ low: Number.NaN, high: 2 }], 0.95)).toThrow(RangeError);
  });
});
