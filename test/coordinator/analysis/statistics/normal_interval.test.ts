import { describe, expect, test } from "vitest";
import {
  normalInterval,
  upperTail,
} from "../../../../coordinator/analysis/statistics/normal_interval.ts";
import { chiSquaredTail } from "../../../../coordinator/analysis/statistics/weighted_line.ts";
import { normalQuantile } from "../../../../shared/random.ts";

describe("the normal distribution", () => {
  test("upper tails undo the quantile, and have known values far out", () => {
    for (const p of [0.999, 0.7, 0.5, 0.1, 1e-3, 1e-8, 1e-15]) {
      expect(upperTail(-normalQuantile(p)) / p).toBeCloseTo(1, 12);
    }
    // Abramowitz and Stegun, table 26.2: −log10 Q(x) at x = 10 is 23.11805.
    expect(-Math.log10(upperTail(10))).toBeCloseTo(23.11805, 5);
    expect(upperTail(Infinity)).toBe(0);
  });

  test("an interval is the difference of its tails, where those have digits", () => {
    for (const [lower, upper] of [
      [-1, 2],
      [0.5, 0.6],
      [1, 3],
      [-4, -2],
      [-9, 1],
    ] as const) {
      const { log_probability, lower_density, upper_density } = normalInterval(lower, upper);
      const probability = upperTail(lower) - upperTail(upper);
      expect(Math.exp(log_probability) / probability).toBeCloseTo(1, 11);
      const density = (z: number) => Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
      expect(lower_density).toBeCloseTo(density(lower) / probability, 10);
      expect(upper_density).toBeCloseTo(density(upper) / probability, 10);
    }
  });

  test("the expansion of narrow intervals meets the form of wide ones", () => {
    // Across the length at which the form changes, the probability a length goes on smoothly.
    for (const z of [-6, -1, 0, 0.3, 2.9, 5, 20]) {
      const at = (length: number) =>
        normalInterval(z, z + length).log_probability - Math.log(length);
      const edge = 1e-3 / Math.max(1, Math.abs(z));
      expect(at(0.9 * edge) - at(1.1 * edge)).toBeCloseTo(0.1 * edge * z, 6);
    }
  });

  test("far tails and open ends stay finite", () => {
    expect(normalInterval(50, Infinity).log_probability).toBeCloseTo(
      -1250 - Math.log(50 * Math.sqrt(2 * Math.PI)),
      2,
    );
    expect(normalInterval(-Infinity, -50).log_probability).toBe(
      normalInterval(50, Infinity).log_probability,
    );
    expect(normalInterval(-60, 3).log_probability).toBeCloseTo(Math.log1p(-upperTail(3)), 12);
    expect(normalInterval(-Infinity, 0).log_probability).toBeCloseTo(Math.log(0.5), 14);
  });
});

test.each([
  // Upper 5 % and 1 % points of χ².
  [1, 3.841459, 0.05],
  [2, 5.991465, 0.05],
  [3, 7.814728, 0.05],
  [4, 9.487729, 0.05],
  [5, 15.086272, 0.01],
  [10, 23.209251, 0.01],
])("χ² of %i degrees exceeds %f with probability %f", (degrees, x, p) => {
  expect(chiSquaredTail(x, degrees)).toBeCloseTo(p, 7);
  expect(chiSquaredTail(0, degrees)).toBeCloseTo(1, 14);
});
