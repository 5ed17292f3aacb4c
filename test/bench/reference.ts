import type { Dataset } from "../../shared/datasets.ts";
import type { Weights } from "./workload.ts";

/**
 * Losses to 70 decimal digits, in fixed-point integers: the truth that every contender's losses
 * are compared with. Values are integers in units of 2^−256.
 */
const BITS = 256n;
const ONE = 1n << BITS;

const multiply = (a: bigint, b: bigint): bigint => (a * b) >> BITS;
const divide = (a: bigint, b: bigint): bigint => (a << BITS) / b;

/** Exact, for numbers that are multiples of 2^−256. */
function fromNumber(x: number): bigint {
  let whole = x;
  let halvings = 0n;
  for (; !Number.isInteger(whole); whole *= 2) halvings += 1n;
  return (BigInt(whole) << BITS) >> halvings;
}

const toNumber = (a: bigint): number => Number(a) / 2 ** Number(BITS);

/** Newton from above. value ≥ 0 */
function squareRoot(value: bigint): bigint {
  const target = value << BITS;
  let root = target + ONE;
  for (;;) {
    const next = (root + target / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

/** e^−x, x ≥ 0: the Taylor series of e^(−x/2^40), squared 40 times. */
function expOfMinus(x: bigint): bigint {
  const halvings = 40n;
  let term = ONE;
  let sum = ONE;
  for (let k = 1n; term !== 0n; k++) {
    term = (term * x) / (-k * (ONE << halvings));
    sum += term;
  }
  for (let k = 0n; k < halvings; k++) sum = multiply(sum, sum);
  return sum;
}

/** log(1 + t) = 2 artanh(t / (2 + t)), 0 ≤ t ≤ 1. */
function logOfOnePlus(t: bigint): bigint {
  const ratio = divide(t, 2n * ONE + t);
  const square = multiply(ratio, ratio);
  let power = ratio;
  let sum = 0n;
  for (let k = 1n; power !== 0n; k += 2n) {
    sum += power / k;
    power = multiply(power, square);
  }
  return 2n * sum;
}

/**
 * L(t), t = 0 … steps, of the one-hidden-layer net with logistic loss from given weights, by the
 * recurrence in S = W1ᵀW1/m, β = m^{−1/2} W1ᵀw2 and q = |w2|²/m:
 *
 *     S' = S − (η/m)(β gᵀ + g βᵀ) + (η²/m) q g gᵀ     β' = β − η (S + qI) g + (η²/m)(β·g) g
 *     q' = q − (2η/m) β·g + (η²/m) gᵀSg
 *
 * which in float64 loses digits, and here has them to spare.
 */
export function referenceLosses(
  dataset: Dataset,
  { W1, w2 }: Weights,
  learningRate: number,
  steps: number,
): number[] {
  const width = BigInt(w2.length);
  const samples = BigInt(dataset.y.length);
  const rate = fromNumber(learningRate);
  const axes = [...dataset.X[0]!.keys()];
  const X = dataset.X.map((row) => Array.from(row, fromNumber));
  const rows = W1.map((row) => row.map(fromNumber));
  const output = w2.map(fromNumber);
  const dot = (a: readonly bigint[], b: readonly bigint[]): bigint =>
    a.reduce((sum, value, i) => sum + multiply(value, b[i]!), 0n);

  const columns = axes.map((j) => rows.map((row) => row[j]!));
  const rootWidth = squareRoot(width * ONE);
  let S = columns.map((a) => columns.map((b) => dot(a, b) / width));
  let beta = columns.map((a) => divide(dot(a, output), rootWidth));
  let q = dot(output, output) / width;

  const losses: number[] = [];
  for (let t = 0; ; t++) {
    let loss = 0n;
    const g = axes.map(() => 0n);
    X.forEach((x, i) => {
      const label = BigInt(dataset.y[i]!);
      const u = label * dot(x, beta);
      const e = expOfMinus(u < 0n ? -u : u);
      loss += logOfOnePlus(e) + (u < 0n ? -u : 0n);
      const slope = -label * divide(u < 0n ? ONE : e, ONE + e);
      for (const j of axes) g[j]! += multiply(slope, x[j]!) / samples;
    });
    losses.push(toNumber(loss / samples));
    if (t === steps) return losses;

    const Sg = S.map((row) => dot(row, g));
    const along = dot(beta, g);
    const size = dot(g, Sg);
    const narrow = rate / width;
    const squared = multiply(rate, narrow);
    S = S.map((row, i) =>
      row.map((value, j) => {
        const cross = multiply(beta[i]!, g[j]!) + multiply(g[i]!, beta[j]!);
        const square = multiply(q, multiply(g[i]!, g[j]!));
        return value - multiply(narrow, cross) + multiply(squared, square);
      }),
    );
    beta = beta.map((value, i) => {
      const linear = multiply(rate, Sg[i]! + multiply(q, g[i]!));
      return value - linear + multiply(squared, multiply(along, g[i]!));
    });
    q += multiply(squared, size) - 2n * multiply(narrow, along);
  }
}
