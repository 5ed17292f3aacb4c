import { exp } from "../../../shared/elementary.ts";
import { upperTail } from "./normal_interval.ts";

/** One measurement y ± error at x. */
export interface Measurement {
  readonly x: number;
  readonly y: number;
  /** Standard deviation of y, above 0. */
  readonly error: number;
}

/** y = intercept + slope x by weighted least squares. */
export interface WeightedLine {
  readonly intercept: number;
  readonly slope: number;
  /** Standard deviations that follow from the errors of the measurements. */
  readonly intercept_error: number;
  readonly slope_error: number;
  /** Σ ((y − line)/error)², and how many measurements more than parameters there are. */
  readonly chi_squared: number;
  readonly degrees_of_freedom: number;
  /** Probability of so large a χ² where the line holds and the errors are right. */
  readonly p_value: number;
}

/**
 * The line through measurements with independent errors, weights 1/error².
 * @throws RangeError on fewer than 3 measurements, on equal x alone, or an error that is not above 0
 */
export function fitWeightedLine(measurements: readonly Measurement[]): WeightedLine {
  if (measurements.length < 3) throw new RangeError("A line with a test needs 3 measurements.");
  if (measurements.some(({ error }) => !(error > 0))) {
    throw new RangeError("The error of a measurement must be above 0.");
  }
  // About the weighted mean of x the two parameters are uncorrelated.
  const weight = measurements.map(({ error }) => 1 / (error * error));
  const total = weight.reduce((sum, w) => sum + w, 0);
  const mean = (of: (m: Measurement) => number) =>
    measurements.reduce((sum, m, i) => sum + weight[i]! * of(m), 0) / total;
  const centre = mean(({ x }) => x);
  const height = mean(({ y }) => y);
  const spread = total * mean(({ x }) => (x - centre) ** 2);
  if (!(spread > 0)) throw new RangeError("A line needs measurements at different x.");
  const slope = (total * mean(({ x, y }) => (x - centre) * (y - height))) / spread;
  const residual = (m: Measurement) => (m.y - height - slope * (m.x - centre)) / m.error;
  const chi_squared = measurements.reduce((sum, m) => sum + residual(m) ** 2, 0);
  const degrees_of_freedom = measurements.length - 2;
  return {
    intercept: height - slope * centre,
    slope,
    intercept_error: Math.sqrt(1 / total + (centre * centre) / spread),
    slope_error: Math.sqrt(1 / spread),
    chi_squared,
    degrees_of_freedom,
    p_value: chiSquaredTail(chi_squared, degrees_of_freedom),
  };
}

/**
 * P(χ² > x) for a whole number of degrees of freedom ν ≥ 1, by
 *   Q_1 = 2(1 − Φ(√x)),   Q_2 = e^(−x/2),   Q_(ν+2) = Q_ν + (x/2)^(ν/2) e^(−x/2) / Γ(ν/2 + 1)
 */
export function chiSquaredTail(x: number, degrees: number): number {
  const odd = degrees % 2 === 1;
  let tail = odd ? 2 * upperTail(Math.sqrt(x)) : exp(-x / 2);
  // (x/2)^(ν/2) e^(−x/2) / Γ(ν/2 + 1) from ν to ν + 2 gains a factor x/(ν + 2).
  let term = odd ? Math.sqrt((2 * x) / Math.PI) * exp(-x / 2) : (x / 2) * exp(-x / 2);
  for (let nu = odd ? 1 : 2; nu < degrees; nu += 2) {
    tail += term;
    term *= x / (nu + 2);
  }
  return Math.min(1, tail);
}
