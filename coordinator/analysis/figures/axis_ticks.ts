/** Where an axis carries a number. */
import { plain } from "../labels.ts";

/** Multiples of a power of ten tried on a logarithmic axis, sparse to dense. */
const LOG_MULTIPLES: readonly (readonly number[])[] = [
  [1, 3],
  [1, 2, 5],
  [1, 2, 3, 5, 7],
];

/** Fewest ticks that still let a reader see that an axis is logarithmic. */
const ENOUGH = 4;

/**
 * Ticks in [low, high] (0 < low < high) for a logarithmic axis, ascending: the densest of 1, 1-3,
 * 1-2-5 and 1-2-3-5-7 a decade whose labels fit, or an even spacing where the axis is too short for
 * enough of those. `fits` says whether the labels of a list of ticks keep clear of each other.
 */
export function logTicks(
  low: number,
  high: number,
  fits: (ticks: readonly number[]) => boolean,
): number[] {
  const decades = decadeTicks(low, high, [1]);
  // Over very many decades not even one label a decade fits: then every second, third, …
  let stride = 1;
  while (!fits(everyNth(decades, stride))) stride++;
  let best = everyNth(decades, stride);
  for (const multiples of LOG_MULTIPLES) {
    const ticks = decadeTicks(low, high, multiples);
    if (ticks.length > best.length && fits(ticks)) best = ticks;
  }
  for (let wanted = 8; best.length < ENOUGH && wanted >= 2; wanted--) {
    const ticks = linearTicks(low, high, wanted).filter((tick) => tick > 0);
    if (ticks.length > best.length && fits(ticks)) best = ticks;
  }
  return best;
}

/** About `wanted` ticks in [low, high], at multiples of 1, 2 or 5 times a power of ten. */
export function linearTicks(low: number, high: number, wanted: number): number[] {
  const raw = (high - low) / wanted;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * ([1, 2, 5, 10].find((multiple) => multiple * power >= raw * 0.999) ?? 10);
  const ticks: number[] = [];
  const last = Math.floor(high / step + 1e-9);
  // Products of an integer keep the ticks evenly spaced; 12 digits drop the rounding of the product.
  for (let index = Math.ceil(low / step - 1e-9); index <= last; index++) {
    ticks.push(Number((index * step).toPrecision(12)));
  }
  return ticks;
}

/** Label of a tick: plain from 0.001 to 99,999, a power of ten with a Unicode exponent outside. */
export function tickLabel(tick: number): string {
  const magnitude = Math.abs(tick);
  if (tick === 0 || (magnitude >= 1e-3 && magnitude < 1e5)) return plain(tick);
  const exponent = Math.floor(Math.log10(magnitude) + 1e-9);
  const mantissa = plain(tick / 10 ** exponent);
  const power = `10${[...String(exponent)].map((digit) => SUPERSCRIPT[digit]).join("")}`;
  return mantissa === "1" ? power : `${mantissa}·${power}`;
}

const SUPERSCRIPT: Readonly<Record<string, string>> = {
  "-": "⁻",
  "0": "⁰",
  "1": "¹",
  "2": "²",
  "3": "³",
  "4": "⁴",
  "5": "⁵",
  "6": "⁶",
  "7": "⁷",
  "8": "⁸",
  "9": "⁹",
};

function everyNth(ticks: readonly number[], stride: number): number[] {
  return ticks.filter((_, index) => index % stride === 0);
}

function decadeTicks(low: number, high: number, multiples: readonly number[]): number[] {
  const ticks: number[] = [];
  for (let decade = Math.floor(Math.log10(low)); decade <= Math.ceil(Math.log10(high)); decade++) {
    for (const multiple of multiples) {
      const tick = Number(`${multiple}e${decade}`);
      if (tick >= low && tick <= high) ticks.push(tick);
    }
  }
  return ticks;
}
