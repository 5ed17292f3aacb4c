/** The axes of a map: where values lie, which cells a pixel shows, and the ticks. */
import { evenSpans, type Span } from "../maps/raster.ts";
import { linearTicks, logTicks, tickLabel } from "./axis_ticks.ts";
import { AXIS_TEXT, type Scale } from "./panel_axes.ts";
import { textWidth } from "./svg_text.ts";

/** Departure of a step from the mean step, relative to it, below which an axis is even. */
const EVEN = 1e-6;

/** Ascending values along an axis: linear where they are evenly spaced, logarithmic otherwise. */
export interface MapAxis {
  readonly scale: "log" | "linear";
  /** Ends of the axis: half a step beyond the first and the last value. */
  readonly low: number;
  readonly high: number;
  /** From the low end (0) to the high end (1). */
  readonly position: Scale;
  /** The values that each of `spans.length` equal stretches of the axis shows. */
  readonly spans: readonly Span[];
  /** Where the last stretch ends: 1, or beyond where it has fewer values than the others. */
  readonly reach: number;
}

/** An axis through at least two values, shown in at most `pixelsMax` pixels. */
export function mapAxis(values: readonly number[], pixelsMax: number): MapAxis {
  const log = unevenness(values.map(Math.log));
  const linear = unevenness(values);
  const scale = linear < EVEN && linear < log ? "linear" : "log";
  const to = scale === "log" ? Math.log : (value: number) => value;
  const from = scale === "log" ? Math.exp : (value: number) => value;
  const places = values.map(to);
  const last = places.length - 1;
  const low = places[0]! - (places[1]! - places[0]!) / 2;
  const high = places[last]! + (places[last]! - places[last - 1]!) / 2;
  const isEven = Math.min(log, linear) < EVEN;
  const stride = Math.ceil(values.length / pixelsMax);
  return {
    scale,
    low: from(low),
    high: from(high),
    position: (value) => (to(value) - low) / (high - low),
    spans: isEven ? evenSpans(values.length, stride) : unevenSpans(places, low, high, pixelsMax),
    reach: isEven ? (Math.ceil(values.length / stride) * stride) / values.length : 1,
  };
}

/** Largest departure of a step from the mean step, relative to it. */
function unevenness(places: readonly number[]): number {
  const mean = (places.at(-1)! - places[0]!) / (places.length - 1);
  return places.reduce(
    (most, place, i) =>
      i === 0 ? most : Math.max(most, Math.abs(place - places[i - 1]! - mean) / mean),
    0,
  );
}

/** A stretch shows the places within it, or where there is none the one whose cell it lies in. */
function unevenSpans(places: readonly number[], low: number, high: number, count: number): Span[] {
  let start = 0;
  let cell = 0;
  return Array.from({ length: count }, (_, i) => {
    const upper = low + ((i + 1) * (high - low)) / count;
    let end = start;
    while (end < places.length && places[end]! < upper) end++;
    if (end > start) {
      const span = { start, end };
      start = end;
      return span;
    }
    const middle = low + ((i + 0.5) * (high - low)) / count;
    while (cell + 1 < places.length && (places[cell]! + places[cell + 1]!) / 2 < middle) cell++;
    return { start: cell, end: cell + 1 };
  });
}

/** Ticks of an axis `length` pixels long and their labels, which tell the ticks apart. */
export function mapTicks(
  { scale, low, high }: MapAxis,
  length: number,
  direction: "across" | "up",
): { value: number; label: string }[] {
  const room = (ticks: readonly number[]) => {
    const labels = labelsOf(ticks);
    return direction === "up"
      ? 28
      : 14 + Math.max(...labels.map((text) => textWidth([text], AXIS_TEXT)));
  };
  const place = scale === "log" ? Math.log : (value: number) => value;
  const perUnit = length / (place(high) - place(low));
  const fits = (ticks: readonly number[]) =>
    ticks.every(
      (tick, i) => i === 0 || (place(tick) - place(ticks[i - 1]!)) * perUnit >= room(ticks),
    );
  let ticks: readonly number[] = [];
  if (scale === "log") ticks = logTicks(low, high, fits);
  for (let wanted = 8; scale === "linear" && wanted >= 1; wanted--) {
    ticks = linearTicks(low, high, wanted);
    if (fits(ticks)) break;
  }
  const labels = labelsOf(ticks);
  return ticks.map((value, i) => ({ value, label: labels[i]! }));
}

/** With as many digits as tell them apart: those of a deep zoom share the first ones. */
function labelsOf(ticks: readonly number[]): string[] {
  const labels = ticks.map(tickLabel);
  for (let digits = 7; digits <= 15 && new Set(labels).size < labels.length; digits++) {
    for (const [i, tick] of ticks.entries()) labels[i] = String(Number(tick.toPrecision(digits)));
  }
  return labels;
}
