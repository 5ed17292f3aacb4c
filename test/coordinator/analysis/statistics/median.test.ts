import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { bootstrapMedian, median } from "../../../../coordinator/analysis/statistics/median.ts";
import { uniformStream } from "../uniform_stream.ts";

interface Golden {
  cases: { values: number[]; median: number; boot_ci95: [number, number]; boot_ci_tol: number }[];
}

const golden = JSON.parse(
  readFileSync(new URL("../../../golden/statistics.json", import.meta.url), "utf8"),
) as Golden;

function options(seed: number, resamples = 10_000) {
  return { resamples, confidence: 0.95, uniform: uniformStream(seed) };
}

describe("median and its bootstrap", () => {
  test.each(golden.cases.map((each, index) => ({ ...each, index })))(
    "golden case $index",
    (each) => {
      expect(median(each.values)).toBeCloseTo(each.median, 12);
      const { low, high } = bootstrapMedian(each.values, options(each.index));
      expect(Math.abs(low - each.boot_ci95[0])).toBeLessThanOrEqual(each.boot_ci_tol);
      expect(Math.abs(high - each.boot_ci95[1])).toBeLessThanOrEqual(each.boot_ci_tol);
    },
  );

  test("the standard error of a normal sample's median is near √(π/2) σ/√n", () => {
    const uniform = uniformStream(3);
    const normal = Array.from({ length: 2001 }, () =>
      Array.from({ length: 12 }, uniform).reduce((sum, value) => sum + value, -6),
    );
    const { standard_error } = bootstrapMedian(normal, options(4, 2000));
    expect(standard_error! / Math.sqrt(Math.PI / 2 / 2001)).toBeGreaterThan(0.75);
    expect(standard_error! / Math.sqrt(Math.PI / 2 / 2001)).toBeLessThan(1.3);
  });

  test("the same uniforms give the same interval", () => {
    const { values } = golden.cases[0]!;
    expect(bootstrapMedian(values, options(9))).toEqual(bootstrapMedian(values, options(9)));
  });

  test("infinite values order as beyond all others", () => {
    expect(median([1, Infinity, 2])).toBe(2);
    expect(median([1, Infinity])).toBe(Infinity);
    expect(median([-Infinity, Infinity])).toBeNaN();
    const mostlyIn = bootstrapMedian([1, 2, 3, 4, Infinity], options(1));
    expect(mostlyIn.low).toBeGreaterThanOrEqual(1);
    expect(mostlyIn.high).toBe(Infinity);
    expect(mostlyIn.standard_error).toBeNull();
    expect(bootstrapMedian([Infinity, Infinity], options(1))).toMatchObject({ low: Infinity });
    expect(bootstrapMedian([-Infinity, Infinity], options(1))).toEqual({
      low: -Infinity,
      high: Infinity,
      standard_error: null,
    });
  });

  test("a sample of one is its own median, of which no error is known", () => {
    expect(bootstrapMedian([3], options(1))).toEqual({ low: 3, high: 3, standard_error: null });
  });

  test("what has no median is refused", () => {
    expect(() => median([])).toThrow(RangeError);
    expect(() => median([1, Number.NaN])).toThrow(RangeError);
    expect(() => bootstrapMedian([1], { ...options(1), confidence: 1 })).toThrow(RangeError);
    expect(() => bootstrapMedian([1], options(1, 1))).toThrow(RangeError);
  });
});

describe("resampled medians, drawn without their resamples", () => {
  test.each([2, 3, 4, 7, 10])("have the spread of those of whole resamples, n = %i", (n) => {
    const values = Array.from({ length: n }, (_, i) => i * i);
    const uniform = uniformStream(21);
    const medians = Array.from({ length: 20_000 }, () =>
      median(values.map(() => values[Math.floor(uniform() * n)]!)),
    );
    const mean = medians.reduce((sum, value) => sum + value, 0) / medians.length;
    const variance =
      medians.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (medians.length - 1);
    for (const [confidence, tail] of [
      [0.5, 0.25],
      [0.8, 0.1],
    ] as const) {
      const drawn = bootstrapMedian(values, { ...options(5, 20_000), confidence });
      expect(drawn.standard_error! / Math.sqrt(variance)).toBeCloseTo(1, 1);
      // An end lies on an atom of the law, unless the tail just meets the edge between two of them.
      const share = (limit: number) => medians.filter((m) => m < limit).length / medians.length;
      expect(share(drawn.low)).toBeLessThan(tail + 0.02);
      expect(share(drawn.high + 1e-9)).toBeGreaterThan(1 - tail - 0.02);
    }
  });
});
