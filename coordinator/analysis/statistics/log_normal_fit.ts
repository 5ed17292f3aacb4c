/**
 * A log-normal law fitted to values of which only brackets (lo, hi] are known (numerics section 3,
 * "Across seeds"), by maximum likelihood. A value beyond the grid is a bracket with an open end.
 *
 * With z = (log η − μ)/σ = a log η − b, the log-likelihood Σ log(Φ(a log hi − b) − Φ(a log lo − b))
 * is concave in a = 1/σ and b = μ/σ (Burridge 1981), so Newton's method with halved steps finds its
 * only maximum from anywhere.
 */
import { exp, log } from "../../../shared/elementary.ts";
import { normalQuantile } from "../../../shared/random.ts";
import { normalInterval } from "./normal_interval.ts";

/** A value known to lie in (low, high], 0 ≤ low < high ≤ ∞, in some unit. */
export interface Bracket {
  readonly low: number;
  readonly high: number;
}

/** log η ~ N(μ, σ²) over seeds. Errors are standard errors from the observed information. */
export interface LogNormalFit {
  /** exp(μ), in the unit of the brackets, with its interval exp(μ ± z · mu_error). */
  readonly median: number;
  readonly low: number;
  readonly high: number;
  readonly mu: number;
  readonly mu_error: number;
  readonly sigma: number;
  readonly sigma_error: number;
}

/** Why there is no fit. */
export interface NoFit {
  readonly problem: string;
}

/** Newton's steps: it takes about ten. */
const STEPS_MAX = 200;
/** Halvings of a step that does not raise the likelihood. */
const HALVINGS_MAX = 60;

/** Equal brackets counted together, in logarithms. */
interface Cell {
  readonly low: number;
  readonly high: number;
  readonly count: number;
}

/** Fits brackets; `confidence` is the coverage of the median's interval, in (0, 1). */
export function fitLogNormal(
  brackets: readonly Bracket[],
  confidence: number,
): LogNormalFit | NoFit {
  const cells = counted(brackets);
  const problem = whyNot(cells);
  if (problem !== null) return { problem };
  let [a, b] = startOf(cells);
  let at = likelihood(cells, a, b);
  for (let step = 0; step < STEPS_MAX; step++) {
    const [da, db] = solve(at, at.da, at.db);
    // Newton's decrement: twice the gain that is left, to second order.
    if (!(da * at.da + db * at.db > 1e-18 * brackets.length)) break;
    let factor = 1;
    let next = at;
    for (let halving = 0; halving < HALVINGS_MAX; halving++, factor /= 2) {
      if (a + factor * da <= 0) continue;
      next = likelihood(cells, a + factor * da, b + factor * db);
      if (next.value > at.value) break;
    }
    if (!(next.value > at.value)) break;
    a += factor * da;
    b += factor * db;
    at = next;
  }
  return estimates(a, b, at, confidence);
}

/** Why the likelihood of some brackets has no maximum, or null. */
function whyNot(cells: readonly Cell[]): string | null {
  const isOpen = ({ low, high }: Cell) => !Number.isFinite(low) || !Number.isFinite(high);
  if (cells.every(isOpen)) return "every seed's boundary lies beyond its grid";
  const highestLow = cells.reduce((most, { low }) => Math.max(most, low), Number.NEGATIVE_INFINITY);
  const lowestHigh = cells.reduce(
    (least, { high }) => Math.min(least, high),
    Number.POSITIVE_INFINITY,
  );
  if (highestLow < lowestHigh) {
    return "one learning rate fits the brackets of all seeds: the grid is too coarse to see a spread";
  }
  // Two neighbours: the likelihood rises up to σ = 0 on the edge between them.
  if (highestLow === lowestHigh) {
    return "the brackets of all seeds meet in one learning rate: the grid is too coarse to see a spread";
  }
  return null;
}

function counted(brackets: readonly Bracket[]): Cell[] {
  const counts = new Map<number, Map<number, number>>();
  for (const { low, high } of brackets) {
    if (!(low >= 0 && low < high)) throw new RangeError(`(${low}, ${high}] is no bracket.`);
    const ends = counts.get(low) ?? new Map<number, number>();
    ends.set(high, (ends.get(high) ?? 0) + 1);
    counts.set(low, ends);
  }
  return [...counts].flatMap(([low, ends]) =>
    [...ends].map(([high, count]) => ({ low: log(low), high: log(high), count })),
  );
}

/** Mean and deviation of the brackets' middles, or of the end of an open one: near enough. */
function startOf(cells: readonly Cell[]): [number, number] {
  const places = cells.map(({ low, high, count }) => ({
    place: !Number.isFinite(low) ? high : !Number.isFinite(high) ? low : 0.5 * (low + high),
    count,
  }));
  const total = places.reduce((sum, { count }) => sum + count, 0);
  const mean = places.reduce((sum, { place, count }) => sum + count * place, 0) / total;
  const variance =
    places.reduce((sum, { place, count }) => sum + count * (place - mean) ** 2, 0) / total;
  // Not all are equal, or whyNot had spoken; but their middles may be.
  const a = 1 / Math.sqrt(variance > 0 ? variance : 1e-4);
  return [a, a * mean];
}

/** The log-likelihood with its gradient and the negative of its second derivatives. */
interface Likelihood {
  readonly value: number;
  readonly da: number;
  readonly db: number;
  readonly aa: number;
  readonly ab: number;
  readonly bb: number;
}

function likelihood(cells: readonly Cell[], a: number, b: number): Likelihood {
  let [value, da, db, aa, ab, bb] = [0, 0, 0, 0, 0, 0];
  for (const { low, high, count } of cells) {
    const lower = a * low - b;
    const upper = a * high - b;
    const { log_probability, lower_density, upper_density } = normalInterval(lower, upper);
    // An infinite end moves with neither a nor b.
    const u = Number.isFinite(high) ? high : 0;
    const l = Number.isFinite(low) ? low : 0;
    const slopeU = upper_density * (Number.isFinite(upper) ? -upper : 0); // φ'(upper)/P
    const slopeL = lower_density * (Number.isFinite(lower) ? -lower : 0);
    const first = u * upper_density - l * lower_density; // ∂ log P/∂a
    const second = lower_density - upper_density; // ∂ log P/∂b
    value += count * log_probability;
    da += count * first;
    db += count * second;
    aa += count * (first * first - (u * u * slopeU - l * l * slopeL));
    ab += count * (first * second + (u * slopeU - l * slopeL));
    bb += count * (second * second - (slopeU - slopeL));
  }
  return { value, da, db, aa, ab, bb };
}

/** x of [[aa, ab], [ab, bb]] x = [p, q] */
function solve({ aa, ab, bb }: Likelihood, p: number, q: number): [number, number] {
  const determinant = aa * bb - ab * ab;
  return [(bb * p - ab * q) / determinant, (aa * q - ab * p) / determinant];
}

/** μ = b/a and σ = 1/a, their errors by dμ = (db − μ da)/a and dσ = −σ² da. */
function estimates(a: number, b: number, at: Likelihood, confidence: number): LogNormalFit {
  const [varianceA, covariance] = solve(at, 1, 0);
  const [, varianceB] = solve(at, 0, 1);
  const mu = b / a;
  const sigma = 1 / a;
  const mu_error =
    sigma * Math.sqrt(Math.max(0, varianceB - 2 * mu * covariance + mu * mu * varianceA));
  const sigma_error = sigma * sigma * Math.sqrt(varianceA);
  const reach = normalQuantile(0.5 + confidence / 2) * mu_error;
  return {
    median: exp(mu),
    low: exp(mu - reach),
    high: exp(mu + reach),
    mu,
    mu_error,
    sigma,
    sigma_error,
  };
}
