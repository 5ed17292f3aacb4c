import { PHASES } from "../../../shared/phases.ts";

/** Shades within a phase: 0 is its own tone, the last one the farthest from it. */
export const SHADES = 32;

/** What a pixel without any cell holds. */
export const EMPTY = PHASES.length * SHADES;

/**
 * A picture of phases: height × width entries phase · SHADES + shade (or EMPTY), row 0 at the top.
 * The phase is its position in PHASES.
 */
export interface Raster {
  readonly width: number;
  readonly height: number;
  readonly entries: Uint8Array;
}

/** The source columns (or rows) start, …, end − 1 that a column (or row) of a picture shows. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/**
 * The raster with the given columns and rows: each pixel takes the commonest phase of the entries
 * that it shows, and the mean shade of those. A tie goes to the phase that comes first in PHASES.
 */
export function resample(source: Raster, columns: readonly Span[], rows: readonly Span[]): Raster {
  const { width: stride, entries } = source;
  const result = new Uint8Array(columns.length * rows.length);
  const counts = new Uint32Array(PHASES.length + 1);
  const shades = new Uint32Array(PHASES.length + 1);
  let at = 0;
  for (const row of rows) {
    for (const column of columns) {
      counts.fill(0);
      shades.fill(0);
      for (let y = row.start; y < row.end; y++) {
        for (let i = y * stride + column.start; i < y * stride + column.end; i++) {
          const entry = entries[i]!;
          const phase = Math.floor(entry / SHADES);
          counts[phase]!++;
          shades[phase]! += entry - phase * SHADES;
        }
      }
      let best = EMPTY / SHADES;
      let most = 0;
      for (let phase = 0; phase < PHASES.length; phase++) {
        if (counts[phase]! > most) {
          best = phase;
          most = counts[phase]!;
        }
      }
      result[at++] = most === 0 ? EMPTY : best * SHADES + Math.floor(shades[best]! / most);
    }
  }
  return { width: columns.length, height: rows.length, entries: result };
}

/** `count` sources, `stride` of them a pixel (the last one may show fewer). */
export function evenSpans(count: number, stride: number): Span[] {
  return Array.from({ length: Math.ceil(count / stride) }, (_, i) => ({
    start: i * stride,
    end: Math.min((i + 1) * stride, count),
  }));
}

/** How often each phase occurs among the entries, by its position in PHASES. */
export function phaseCounts({ entries }: Raster): number[] {
  const counts = new Array<number>(PHASES.length + 1).fill(0);
  for (const entry of entries) counts[Math.floor(entry / SHADES)]!++;
  return counts;
}
