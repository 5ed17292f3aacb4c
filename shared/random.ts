import { log } from "./elementary.ts";

/**
 * Counter-based random numbers: a draw is a pure function of its address, so any machine can make
 * any draw without making those before it.
 *
 * The generator is Philox4x32-10 (Salmon, Moraes, Dror, Shaw 2011, "Parallel random numbers: as
 * easy as 1, 2, 3"). The key is a 64-bit seed; the counter is the address.
 */

const MULTIPLIER_0 = 0xd2511f53;
const MULTIPLIER_1 = 0xcd9e8d57;
/** Weyl increments of the key: the golden ratio and √3 − 1, times 2^32. */
const WEYL_0 = 0x9e3779b9;
const WEYL_1 = 0xbb67ae85;
const ROUNDS = 10;

/** The counter's last word in `uniformStream`; no width is large enough to reach it. */
const STREAM_DOMAIN = 0xffffffff;

/** Upper 32 bits of the 64-bit product of two unsigned 32-bit numbers. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = aHigh * bLow + ((aLow * bLow) >>> 16);
  const carry = aLow * bHigh + (middle & 0xffff);
  return aHigh * bHigh + (middle >>> 16) + (carry >>> 16);
}

/** One Philox block: encrypts `counter` (4 words) under `key` (2 words) into `block` (4 words). */
export function philox4x32(counter: Uint32Array, key: Uint32Array, block: Uint32Array): void {
  let c0 = counter[0]!;
  let c1 = counter[1]!;
  let c2 = counter[2]!;
  let c3 = counter[3]!;
  let k0 = key[0]!;
  let k1 = key[1]!;
  for (let round = 0; round < ROUNDS; round++) {
    const high0 = multiplyHigh(MULTIPLIER_0, c0);
    const low0 = Math.imul(MULTIPLIER_0, c0);
    const high1 = multiplyHigh(MULTIPLIER_1, c2);
    const low1 = Math.imul(MULTIPLIER_1, c2);
    c0 = (high1 ^ c1 ^ k0) >>> 0;
    c1 = low1 >>> 0;
    c2 = (high0 ^ c3 ^ k1) >>> 0;
    c3 = low0 >>> 0;
    k0 = (k0 + WEYL_0) >>> 0;
    k1 = (k1 + WEYL_1) >>> 0;
  }
  block[0] = c0;
  block[1] = c1;
  block[2] = c2;
  block[3] = c3;
}

/** (k + ½) 2^−52 with k the top 20 bits of `high` above all of `low`: never 0, never 1. */
function uniformFromWords(high: number, low: number): number {
  return ((high >>> 12) * 4294967296 + low + 0.5) / 4503599627370496;
}

/** A polynomial of degree 7, coefficients from the highest power down. */
function polynomial7(c: readonly number[], x: number): number {
  let sum = c[0]!;
  for (let i = 1; i < 8; i++) sum = sum * x + c[i]!;
  return sum;
}

// AS241's rational fits, highest power first: the centre |p − ½| ≤ 0.425, then the tail in
// t = √(−log min(p, 1 − p)) up to t = 5, then beyond.
const CENTRE_TOP = [
  2509.0809287301227, 33430.57558358813, 67265.7709270087, 45921.95393154987, 13731.69376550946,
  1971.5909503065513, 133.14166789178438, 3.3871328727963665,
];
const CENTRE_BOTTOM = [
  5226.495278852854, 28729.085735721943, 39307.89580009271, 21213.794301586597, 5394.196021424751,
  687.1870074920579, 42.31333070160091, 1,
];
const TAIL_TOP = [
  0.0007745450142783414, 0.022723844989269184, 0.2417807251774506, 1.2704582524523684,
  3.6478483247632045, 5.769497221460691, 4.630337846156546, 1.4234371107496835,
];
const TAIL_BOTTOM = [
  1.0507500716444169e-9, 0.0005475938084995345, 0.015198666563616457, 0.14810397642748008,
  0.6897673349851, 1.6763848301838038, 2.053191626637759, 1,
];
const FAR_TOP = [
  2.0103343992922881e-7, 2.7115555687434876e-5, 0.0012426609473880784, 0.026532189526576124,
  0.29656057182850487, 1.7848265399172913, 5.463784911164114, 6.657904643501103,
];
const FAR_BOTTOM = [
  2.0442631033899397e-15, 1.421511758316446e-7, 1.8463183175100548e-5, 0.0007868691311456133,
  0.014875361290850615, 0.1369298809227358, 0.599832206555888, 1,
];

/**
 * The standard normal quantile of 0 < p < 1, relative error about 1e−16 (algorithm AS241, PPND16:
 * Wichura 1988, Applied Statistics 37, 477–484).
 */
export function normalQuantile(p: number): number {
  const q = p - 0.5;
  if (Math.abs(q) <= 0.425) {
    const r = 0.180625 - q * q;
    return (q * polynomial7(CENTRE_TOP, r)) / polynomial7(CENTRE_BOTTOM, r);
  }
  const t = Math.sqrt(-log(q < 0 ? p : 1 - p));
  const size =
    t <= 5
      ? polynomial7(TAIL_TOP, t - 1.6) / polynomial7(TAIL_BOTTOM, t - 1.6)
      : polynomial7(FAR_TOP, t - 5) / polynomial7(FAR_BOTTOM, t - 5);
  return q < 0 ? -size : size;
}

const counter = new Uint32Array(4);
const key = new Uint32Array(2);
const block = new Uint32Array(4);

function setKey(seed: number): void {
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new RangeError(`A seed must be a non-negative safe integer, not ${seed}.`);
  }
  key[0] = seed;
  key[1] = Math.floor(seed / 4294967296);
}

/**
 * Fills `out` with the standard normal draws start, start + 1, … of one tensor.
 *
 * The address of a draw is (seed, width, tensor, index), nothing else: cells that differ only in
 * learning rate, loss or data of the same dimension share their initial weights.
 */
export function fillNormals(
  seed: number,
  width: number,
  tensor: number,
  start: number,
  out: Float64Array,
): void {
  setKey(seed);
  counter[1] = tensor;
  counter[2] = width;
  counter[3] = Math.floor(width / 4294967296);
  // A block holds draws 2b and 2b + 1.
  let current = -1;
  for (let i = 0; i < out.length; i++) {
    const index = start + i;
    const wanted = Math.floor(index / 2);
    if (wanted !== current) {
      current = wanted;
      counter[0] = wanted;
      philox4x32(counter, key, block);
    }
    out[i] = normalQuantile(
      index % 2 === 0
        ? uniformFromWords(block[0]!, block[1]!)
        : uniformFromWords(block[2]!, block[3]!),
    );
  }
}

/**
 * One χ² draw with `freedom` ≥ 3 degrees, at the address (seed, width, tensor): twice a gamma draw of
 * shape freedom/2 by Marsaglia and Tsang's rejection (2000, ACM TOMS 26, 363–372). Attempt k
 * takes block k of the address: its first number is the proposal, its second the uniform.
 */
export function drawChiSquared(
  seed: number,
  width: number,
  tensor: number,
  freedom: number,
): number {
  const d = freedom / 2 - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  const pair = new Float64Array(2);
  for (let attempt = 0; ; attempt++) {
    fillNormals(seed, width, tensor, 2 * attempt, pair);
    const x = pair[0]!;
    const root = 1 + c * x;
    if (root <= 0) continue;
    const v = root * root * root;
    // The second number of the block as a uniform: fillNormals made a normal of it, but the block
    // itself is still here.
    const u = uniformFromWords(block[2]!, block[3]!);
    if (log(u) < 0.5 * x * x + d * (1 - v + log(v))) return 2 * d * v;
  }
}

/**
 * A sequence of uniforms in (0, 1) for resampling and shuffling. Streams of one seed, numbered by
 * an unsigned 32-bit `stream`, are independent of each other and of every weight.
 */
export function uniformStream(seed: number, stream: number): () => number {
  let drawn = 0;
  return () => {
    const index = Math.floor(drawn / 2);
    setKey(seed);
    counter[0] = index;
    counter[1] = Math.floor(index / 4294967296);
    counter[2] = stream;
    counter[3] = STREAM_DOMAIN;
    philox4x32(counter, key, block);
    const odd = drawn % 2 === 1;
    drawn += 1;
    return odd ? uniformFromWords(block[2]!, block[3]!) : uniformFromWords(block[0]!, block[1]!);
  };
}
