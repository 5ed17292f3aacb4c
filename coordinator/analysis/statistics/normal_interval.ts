/**
 * What the likelihood of interval-censored normal data needs of one interval: its probability and
 * the densities at its ends, in forms that keep their digits in the tails and for narrow intervals.
 */
import { exp, log } from "../../../shared/elementary.ts";

const LOG_ROOT_TWO_PI = 0.9189385332046727;

/** From here on the continued fraction of Mills' ratio is used, below it the series of Φ − ½. */
const TAIL = 3;
/** Levels of the continued fraction: at z = 3 they leave an error below 1e−16. */
const LEVELS = 120;

/** Below this (times the slope of log φ), an interval's probability is expanded at its middle. */
const NARROW = 1e-3;

/** φ(z), the standard normal density. */
function density(z: number): number {
  return exp(-0.5 * z * z - LOG_ROOT_TWO_PI);
}

/** Mills' ratio (1 − Φ(z))/φ(z) for z ≥ 0, to a relative error of about 1e−13. */
function millsRatio(z: number): number {
  if (z === Number.POSITIVE_INFINITY) return 0;
  if (z < TAIL) {
    // Φ(z) − ½ = φ(z) Σ z^(2k+1) / (1·3·5 ⋯ (2k+1))
    let term = z;
    let sum = z;
    for (let k = 1; term > 1e-17 * sum; k++) {
      term *= (z * z) / (2 * k + 1);
      sum += term;
    }
    return 0.5 / density(z) - sum;
  }
  // 1/(z + 1/(z + 2/(z + 3/(z + …)))), from the inside out.
  let fraction = z;
  for (let k = LEVELS; k >= 1; k--) fraction = z + k / fraction;
  return 1 / fraction;
}

/** 1 − Φ(z), the probability above z; relative accuracy holds in the upper tail. */
export function upperTail(z: number): number {
  if (z === Number.POSITIVE_INFINITY) return 0;
  return z >= 0 ? density(z) * millsRatio(z) : 1 - density(z) * millsRatio(-z);
}

export interface NormalInterval {
  /** log(Φ(upper) − Φ(lower)) */
  readonly log_probability: number;
  /** φ(lower)/P and φ(upper)/P, P the probability; 0 at an infinite end. */
  readonly lower_density: number;
  readonly upper_density: number;
}

/** The interval (lower, upper] of a standard normal variable, lower < upper, ends may be infinite. */
export function normalInterval(lower: number, upper: number): NormalInterval {
  // Mirrored, so that the end nearer to 0 is the lower one wherever both are on one side.
  if (upper <= 0) {
    const { log_probability, lower_density, upper_density } = normalInterval(-upper, -lower);
    return { log_probability, lower_density: upper_density, upper_density: lower_density };
  }
  if (lower === Number.NEGATIVE_INFINITY) {
    const probability = 1 - upperTail(upper);
    return {
      log_probability: log(probability),
      lower_density: 0,
      upper_density: density(upper) / probability,
    };
  }
  // All relative to φ(lower), which may underflow: P = φ(lower) · relative.
  const length = upper - lower;
  const middle = 0.5 * (lower + upper);
  const fall = exp(-0.5 * length * (lower + upper)); // φ(upper)/φ(lower)
  let relative: number;
  if (length * Math.max(1, Math.abs(middle)) < NARROW) {
    // ∫ φ = φ(middle) length (1 + (middle² − 1) length²/24 + …)
    const rise = exp(0.5 * (lower * lower - middle * middle));
    relative = rise * length * (1 + ((middle * middle - 1) * length * length) / 24);
  } else if (lower >= 0) {
    relative = millsRatio(lower) - (fall === 0 ? 0 : fall * millsRatio(upper));
  } else {
    relative = (1 - upperTail(-lower) - upperTail(upper)) / density(lower);
    // Far below 0 the density underflows while the probability is near 1.
    if (!Number.isFinite(relative)) {
      const probability = 1 - upperTail(-lower) - upperTail(upper);
      const densityAbove = upper === Number.POSITIVE_INFINITY ? 0 : density(upper);
      return {
        log_probability: log(probability),
        lower_density: 0,
        upper_density: densityAbove / probability,
      };
    }
  }
  return {
    log_probability: -0.5 * lower * lower - LOG_ROOT_TWO_PI + log(relative),
    lower_density: 1 / relative,
    upper_density: upper === Number.POSITIVE_INFINITY ? 0 : fall / relative,
  };
}
