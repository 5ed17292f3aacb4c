/**
 * Median of a sample and its bootstrap uncertainty.
 *
 * A sample may hold −Infinity and Infinity: they stand for values known only to lie below or above
 * every finite one (a learning-rate boundary outside its grid), which an order statistic handles
 * exactly as long as it does not itself fall on one of them. NaN is no value and is refused.
 */
import { log } from "../../../shared/elementary.ts";
import { normalQuantile } from "../../../shared/random.ts";

/** Percentile interval and standard error of the median, in the unit of the sample. */
interface MedianBootstrap {
  /** Lower end; −Infinity or Infinity when it falls beyond the finite values. */
  readonly low: number;
  /** Upper end, likewise. */
  readonly high: number;
  /**
   * Standard deviation (n − 1) of the resampled medians; null when any of them is not finite, and of
   * a single value.
   */
  readonly standard_error: number | null;
}

export interface BootstrapOptions {
  /** Number of resamples B, at least 2. */
  readonly resamples: number;
  /** Coverage of the interval, in (0, 1), e.g. 0.95. */
  readonly confidence: number;
  /** Source of independent uniforms on [0, 1); its state decides the result entirely. */
  readonly uniform: () => number;
}

/**
 * Median of a non-empty sample: the mean of the two middle values when its size is even. Infinite
 * when a middle value is; NaN when the two are −Infinity and Infinity, between which nothing is known.
 *
 * @throws RangeError on an empty sample or a NaN.
 */
export function median(values: readonly number[]): number {
  return medianOfSorted(sorted(values));
}

/**
 * Bootstrap of the median (Efron 1979): B resamples of the same size with replacement, the interval
 * between the (1 ∓ confidence)/2 percentiles of their medians (linear between order statistics).
 * The resampled medians are drawn as such (resampledMedian), so the time is O(B) whatever n.
 *
 * @throws RangeError on an empty sample, a NaN, or options outside their range.
 */
export function bootstrapMedian(
  values: readonly number[],
  options: BootstrapOptions,
): MedianBootstrap {
  const { resamples, confidence, uniform } = options;
  if (!Number.isInteger(resamples) || resamples < 2) {
    throw new RangeError(`The bootstrap needs at least 2 resamples, not ${resamples}.`);
  }
  if (!(confidence > 0 && confidence < 1)) {
    throw new RangeError(`A confidence lies strictly between 0 and 1, unlike ${confidence}.`);
  }
  const sample = sorted(values);
  const [lowest, highest] = [sample[0]!, sample.at(-1)!];
  if (lowest === highest) {
    // Every resample has the same median: nothing to draw, which matters with a seed a group. Of a
    // single value that says nothing about its error.
    const isKnown = Number.isFinite(lowest) && sample.length > 1;
    return { low: lowest, high: highest, standard_error: isKnown ? 0 : null };
  }
  const medians = new Float64Array(resamples);
  for (let b = 0; b < resamples; b++) medians[b] = resampledMedian(sample, uniform);
  // A resample split evenly between −Infinity and Infinity has no median, and says nothing about
  // either end: the interval then is unknown rather than made of the remaining resamples.
  if (medians.some(Number.isNaN)) {
    return { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY, standard_error: null };
  }
  medians.sort();
  const tail = (1 - confidence) / 2;
  return {
    low: quantileOfSorted(medians, tail),
    high: quantileOfSorted(medians, 1 - tail),
    standard_error: medians.every(Number.isFinite) ? standardDeviation(medians) : null,
  };
}

/**
 * Median of one resample of a sorted sample. A resample is ⌊n u_i⌋ of n uniforms u_i, and the order
 * statistics of uniforms have a known joint law: with independent gamma variables of whole shapes,
 *   u_(k) = G_k / (G_k + G_{n+1−k}),   u_(k), u_(k+1) = G_k / S, (G_k + G_1) / S
 * where S = G_k + G_1 + G_{n−k}. So the middle of a resample is drawn without the rest of it.
 */
function resampledMedian(sample: Float64Array, uniform: () => number): number {
  const n = sample.length;
  const at = (u: number) => sample[Math.min(n - 1, Math.floor(n * u))]!;
  const half = Math.floor(n / 2);
  if (n % 2 === 1) {
    const below = gamma(half + 1, uniform);
    return at(below / (below + gamma(half + 1, uniform)));
  }
  const below = gamma(half, uniform);
  const upper = below - log(1 - uniform());
  const sum = upper + gamma(half, uniform);
  return midpoint(at(below / sum), at(upper / sum));
}

/** One gamma variable of a shape of at least 1 and scale 1 (Marsaglia, Tsang 2000). */
function gamma(shape: number, uniform: () => number): number {
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = normalQuantile(uniform());
    const root = 1 + c * x;
    const v = root * root * root;
    if (v > 0 && log(uniform()) < 0.5 * x * x + d * (1 - v + log(v))) return d * v;
  }
}

/** Quantile of a sorted sample, p ∈ [0, 1], linear between the order statistics (Hyndman–Fan 7). */
function quantileOfSorted(sample: Float64Array, p: number): number {
  const position = p * (sample.length - 1);
  const index = Math.floor(position);
  const fraction = position - index;
  const lower = sample[index]!;
  // Exact hits return early: 0 · Infinity would make a NaN of a known value.
  if (fraction === 0 || lower === sample[index + 1]) return lower;
  const upper = sample[index + 1]!;
  if (!Number.isFinite(lower)) return lower;
  return lower + fraction * (upper - lower);
}

/** Unbiased (n − 1) standard deviation, by two passes to keep the digits of close values. */
function standardDeviation(sample: Float64Array): number {
  const mean = sample.reduce((sum, value) => sum + value, 0) / sample.length;
  const squares = sample.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return Math.sqrt(squares / (sample.length - 1));
}

function medianOfSorted(sample: Float64Array): number {
  const n = sample.length;
  return midpoint(sample[Math.floor((n - 1) / 2)]!, sample[Math.floor(n / 2)]!);
}

/** Mean of two values; equal ones come back untouched, so it is exact for odd samples. */
function midpoint(lower: number, upper: number): number {
  return lower === upper ? lower : (lower + upper) / 2;
}

function sorted(values: readonly number[]): Float64Array {
  if (values.length === 0) throw new RangeError("An empty sample has no median.");
  if (values.some(Number.isNaN)) throw new RangeError("A sample with a NaN has no median.");
  return Float64Array.from(values).sort();
}
