import type { Find } from "./answers.ts";

/** The numbers of a sweep. Ends are powers of two, so that no value is moved when axes are snapped. */
export interface Design {
  /** Learning rates η: points, both ends included. */
  readonly from: number;
  readonly to: number;
  readonly points: number;
  readonly seeds: number;
  /** The variances of the weights of a map. */
  readonly rows?: { readonly from: number; readonly to: number; readonly points: number };
  /** Cells; where they are added on the way, at most. */
  readonly cells: number;
}

/** Points of a learning-rate axis beyond which seeds say more than finer steps. */
const POINTS_MAX = 4_097;
const SEEDS_GRID = 32;
/** Of these, medians have an interval (analysis/boundaries/missing.ts). */
const SEEDS_MIN = 8;
const VARIANCES = { from: 1 / 32, to: 8, octaves: 8 };
/** Points of an octave, as a power of two. */
const FINENESS_MAX = 10;
/** The share of the cells with which a search for boundaries begins. */
const COARSE_SHARE = 0.25;

/** The finest sweep of about so many cells over the learning rates from `low` to `high`. */
export function designSweep(find: Find, low: number, high: number, cells: number): Design {
  const from = 2 ** Math.floor(Math.log2(low));
  const to = 2 ** Math.ceil(Math.log2(high));
  const octaves = Math.log2(to / from);
  const points = (fineness: number) => Math.round(octaves * 2 ** fineness) + 1;
  if (find === "map") {
    const rows = (fineness: number) => VARIANCES.octaves * 2 ** fineness + 1;
    const fineness = finest(1, (k) => points(k) * rows(k) <= cells);
    return {
      ...{ from, to, points: points(fineness), seeds: 1 },
      rows: { from: VARIANCES.from, to: VARIANCES.to, points: rows(fineness) },
      cells: points(fineness) * rows(fineness),
    };
  }
  if (find === "boundaries") {
    const coarse = COARSE_SHARE * cells;
    const fineness = finest(1, (k) => k <= 3 && points(k) * SEEDS_MIN <= coarse);
    const seeds = clamp(Math.floor(coarse / points(fineness)), SEEDS_MIN, SEEDS_GRID);
    return { from, to, points: points(fineness), seeds, cells };
  }
  const fineness = finest(2, (k) => points(k) <= POINTS_MAX && points(k) * SEEDS_GRID <= cells);
  const seeds = Math.max(SEEDS_MIN, Math.floor(cells / points(fineness)));
  return { from, to, points: points(fineness), seeds, cells: points(fineness) * seeds };
}

/** The largest k from `least` on for which `fits` holds. */
function finest(least: number, fits: (k: number) => boolean): number {
  let k = least;
  while (k < FINENESS_MAX && fits(k + 1)) k++;
  return k;
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
