/**
 * exp, log and log1p built from + − × ÷ and scaling by powers of two alone.
 *
 * IEEE 754 fixes those operations to the last bit, while Math.exp and Math.log are only as good as
 * each engine's library. So these return the same bits on every machine, which is what lets two
 * nodes be compared by equality. The order of operations is part of the definition: a vectorised
 * port must keep it. Error: at most 1 ulp or so, never above 2 ulp.
 */

/** ln 2 cut to 32 bits, so that k · LN2_HIGH is exact for every exponent k, and the rest of it. */
const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;
const LN2 = LN2_HIGH + LN2_LOW;
const INVERSE_LN2 = 1 / LN2;

/** Adding and subtracting 1.5 · 2^52 rounds a small number to the nearest integer, ties to even. */
const ROUND_TO_INTEGER = 6755399441055744;

/** POWERS[j + 545] = 2^j for −545 ≤ j ≤ 520: half of any exponent that exp or exp2 scales by. */
const SMALLEST_POWER = -545;
const POWERS = new Float64Array(1066);
POWERS[-SMALLEST_POWER] = 1;
for (let j = 1; j <= 520; j++) POWERS[j - SMALLEST_POWER] = POWERS[j - 1 - SMALLEST_POWER]! * 2;
for (let j = -1; j >= SMALLEST_POWER; j--) {
  POWERS[j - SMALLEST_POWER] = POWERS[j + 1 - SMALLEST_POWER]! / 2;
}

/** value · 2^k, in two factors so that neither overflows before the product does. */
function scaleByPower(value: number, k: number): number {
  const half = k >> 1;
  return value * POWERS[half - SMALLEST_POWER]! * POWERS[k - half - SMALLEST_POWER]!;
}

/**
 * exp(r), r = high − low, |r| ≤ ½ ln 2.
 *
 * R = r coth(r/2) = Σ 2 B_2n r^2n / (2n)! is even in r, and exp(r) = (R + r) / (R − r). With
 * c = r − (R − 2) this is 1 + r + r c / (2 − c), whose last term is small, so its rounding is too.
 */
function expOfReduced(high: number, low: number): number {
  const r = high - low;
  const z = r * r;
  const tail = -1 / 604800 + z * (1 / 23950080 + z * (-691 / 653837184000));
  const c = r - z * (1 / 6 + z * (-1 / 360 + z * (1 / 15120 + z * tail)));
  return 1 + (high - (low - (r * c) / (2 - c)));
}

/** e^x; overflows to Infinity above 709.78, underflows gradually below −708.4, NaN for NaN. */
export function exp(x: number): number {
  if (Number.isNaN(x)) return Number.NaN;
  // Beyond these bounds the result is Infinity or 0 already.
  const bounded = Math.max(Math.min(x, 710), -746);
  const k = bounded * INVERSE_LN2 + ROUND_TO_INTEGER - ROUND_TO_INTEGER;
  return scaleByPower(expOfReduced(bounded - k * LN2_HIGH, k * LN2_LOW), k);
}

/** 2^x; exact when x is an integer. Overflow, underflow and NaN as in `exp`. */
export function exp2(x: number): number {
  if (Number.isNaN(x)) return Number.NaN;
  const bounded = Math.max(Math.min(x, 1025), -1080);
  const k = bounded + ROUND_TO_INTEGER - ROUND_TO_INTEGER;
  return scaleByPower(expOfReduced((bounded - k) * LN2, 0), k);
}

const DOUBLE = new Float64Array(1);
const WORDS = new Uint32Array(DOUBLE.buffer);
DOUBLE[0] = 1;
/** Which of the two words holds sign and exponent; 1 on a little-endian machine. */
const HIGH_WORD = WORDS[1] === 0x3ff00000 ? 1 : 0;
const HIGH_WORD_OF_ONE = 0x3ff00000;
const HIGH_WORD_OF_SQRT_HALF = 0x3fe6a09e;

/**
 * log(u) + correction for a correction far below 1.
 *
 * u = 2^k m with m in [√½, √2), f = m − 1, s = f / (2 + f), z = s²:
 * log(1 + f) = 2 artanh(s) = f − f²/2 + s (f²/2 + R),  R = Σ_{n≥1} 2 z^n / (2n + 1).
 */
function logPlus(u: number, correction: number): number {
  if (!(u > 0)) return u === 0 ? Number.NEGATIVE_INFINITY : Number.NaN;
  if (u === Number.POSITIVE_INFINITY) return u;
  const subnormal = u < 2.2250738585072014e-308;
  DOUBLE[0] = subnormal ? u * 18014398509481984 : u;
  const offset = WORDS[HIGH_WORD]! + (HIGH_WORD_OF_ONE - HIGH_WORD_OF_SQRT_HALF);
  const k = (offset >>> 20) - 1023 - (subnormal ? 54 : 0);
  WORDS[HIGH_WORD] = (offset & 0xfffff) + HIGH_WORD_OF_SQRT_HALF;
  const f = DOUBLE[0]! - 1;

  const s = f / (2 + f);
  const z = s * s;
  const w = z * z;
  const odd = 2 / 3 + w * (2 / 7 + w * (2 / 11 + w * (2 / 15 + w * (2 / 19))));
  const even = 2 / 5 + w * (2 / 9 + w * (2 / 13 + w * (2 / 17 + w * (2 / 21))));
  const R = z * odd + w * even;
  const half = 0.5 * f * f;
  return k * LN2_HIGH + (f - (half - (s * (half + R) + (k * LN2_LOW + correction))));
}

/** Natural logarithm; −Infinity at 0, NaN below 0 and for NaN. */
export function log(x: number): number {
  return logPlus(x, 0);
}

/** log(1 + x), to full relative accuracy near 0; −Infinity at −1, NaN below and for NaN. */
export function log1p(x: number): number {
  const u = 1 + x;
  if (!(u > 0 && u < Number.POSITIVE_INFINITY)) return logPlus(u, 0);
  // Knuth's two-sum: 1 + x = u + lost exactly, and log(u + lost) = log u + lost / u.
  const added = u - 1;
  const lost = 1 - (u - added) + (x - added);
  return logPlus(u, lost / u);
}
