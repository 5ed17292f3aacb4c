import type { Verdict } from "./finding.ts";

/** A claim about every run: borne out by all, by at least half of them, or by fewer. */
export function verdictOfAll(held: number, total: number): Verdict {
  if (held === total) return "yes";
  return 2 * held >= total ? "in part" : "no";
}

/**
 * A printed number against an interval in which the measured one lies: inside, outside by at most
 * `tolerance` (relative to the printed number), or further away.
 */
export function verdictOfNumber(
  printed: number,
  [low, high]: readonly [number, number],
  tolerance: number,
): Verdict {
  if (low <= printed && printed <= high) return "yes";
  const distance = printed < low ? low - printed : printed - high;
  return distance <= tolerance * Math.abs(printed) ? "in part" : "no";
}

/** Half a unit of the last digit of a number as it is printed: 0.0005 for "0.895". */
export function roundingOf(printed: string): number {
  const decimals = printed.includes(".") ? printed.length - printed.indexOf(".") - 1 : 0;
  return Number(`5e-${decimals + 1}`);
}

/** "12 of 16", with separators. */
export function ofText(held: number, total: number): string {
  return `${held.toLocaleString("en-US")} of ${total.toLocaleString("en-US")}`;
}
