import type { Phase } from "../../shared/phases.ts";
import type { PhaseOracle } from "./phase_oracle.ts";
import { type Bracket, between, PhaseSamples, type Side } from "./phase_samples.ts";

/**
 * The grid is η = 120^(k/128): 129 points from 1 to 120, 3.8 % apart, and the same lattice beyond.
 * 129 of them around the scale are laid first, then the grid is extended at either end as far as it
 * has to be. An absolute lattice, like that of the sweep files, lets starts share learning rates.
 *
 * Where the verdict is fractal (logistic loss), the first change that a grid sees depends on its
 * points. These are the points with which the scanned bands agree with the reference values.
 */
const GRID_STEP = Math.log(120) / 128;
const GRID_REACH = 64;
const EXTENSION = 32;

/** How far the grid is extended: from 1e-6 to 1e4 times the scale. */
const LOW_LIMIT = Math.ceil(Math.log(1e-6) / GRID_STEP);
const HIGH_LIMIT = Math.floor(Math.log(1e4) / GRID_STEP);
/** The largest learning rate that is ever tried, in units of the scale. */
export const LEARNING_RATE_LIMIT = 1e4;

/** An end of the grid is as expected when so many points are: a factor of 1.8 in η. */
const END_POINTS = 16;

/** Relative width to which a boundary is narrowed. */
const RESOLUTION = 1e-9;

/** Points of the scan of a band, before it is refined. */
const BAND_POINTS = 2048;
/** The scan ends when its undecided intervals add up to so little in log η, or at the limit. */
const BAND_UNDECIDED = 2e-5;
const BAND_EVALUATIONS_MAX = 12_000;

/** The boundaries of one start; null where one does not exist in the range of the grid. */
export interface Boundaries {
  /** Smallest η that is not lazy. */
  readonly eta0: number | null;
  /** Smallest η that is divergent. */
  readonly eta1: number | null;
  /** Whether no lazy η was seen above η0; null with it. */
  readonly eta0_single_step: boolean | null;
  /** Whether only divergent η were seen above η1; null with it. */
  readonly eta1_single_step: boolean | null;
  /** [first divergent, last not divergent]; the first exceeds the second at a single step. */
  readonly eta1_band: readonly [number, number] | null;
  /**
   * The edge by area, η_a · exp(∫ 1[not divergent] d log η) over the grid's cell [η_a, η_b] of the
   * first change; what is not divergent beyond that cell is left out.
   */
  readonly eta1_area: number | null;
  /** Training runs that this took. */
  readonly evaluations: number;
}

const isNotLazy: Side = (phase) => phase !== "lazy";
const isDivergent: Side = (phase) => phase === "divergent";

/**
 * Finds η0 and η1 (Huang et al. 2020, section 1) of one start from nothing but its phases: a log
 * grid that both ends of must be as expected, then k-section of the first change to relative 1e-9.
 * Where any grid shows more than a single step into divergence, the band is scanned, and refined
 * around every change, which gives its two ends and η1 by area.
 *
 * scale: a learning rate near the boundaries, for which 2/h at the start serves.
 * Errors: RangeError for a scale that is not positive and finite.
 */
export function locateBoundaries(phasesOf: PhaseOracle, scale: number): Boundaries {
  if (!(scale > 0 && scale < Number.POSITIVE_INFINITY)) {
    throw new RangeError(`The scale of the learning rates must be positive, not ${scale}.`);
  }
  const samples = new PhaseSamples(phasesOf);
  layGrid(samples, scale);
  const { phases } = samples;
  const hasEta0 = phases[0] === "lazy" && phases.some(isNotLazy);
  const hasEta1 = phases[0] !== "divergent" && phases.at(-1) === "divergent";

  const cell = hasEta1 ? samples.rises(isDivergent)[0]! : null;
  if (cell !== null) {
    samples.narrow(isDivergent, "first", RESOLUTION);
    if (!samples.isSingleStep(isDivergent)) scanBand(samples, cell);
  }
  // Last, because every sample counts for the smallest η that is not lazy.
  const eta0 = hasEta0 ? samples.narrow(isNotLazy, "first", RESOLUTION).high : null;
  const eta0_single_step = hasEta0 ? samples.isSingleStep(isNotLazy) : null;
  const { evaluations } = samples;
  if (cell === null) {
    return {
      eta0,
      eta0_single_step,
      eta1: null,
      eta1_single_step: null,
      eta1_band: null,
      eta1_area: null,
      evaluations,
    };
  }
  const rises = samples.rises(isDivergent);
  const eta1 = rises[0]!.high;
  return {
    eta0,
    eta0_single_step,
    eta1,
    eta1_single_step: samples.isSingleStep(isDivergent),
    eta1_band: [eta1, rises.at(-1)!.low],
    eta1_area: cell.low * Math.exp(samples.logMeasureBelow(isDivergent, cell)),
    evaluations,
  };
}

/** The grid, extended until its low end is lazy and its high end divergent, or to the limits. */
function layGrid(samples: PhaseSamples, scale: number): void {
  const center = Math.round(Math.log(scale) / GRID_STEP);
  const lay = (first: number, last: number) =>
    samples.add(
      Array.from({ length: last - first + 1 }, (_, i) =>
        Math.exp((center + first + i) * GRID_STEP),
      ),
    );
  let low = -GRID_REACH;
  let high = GRID_REACH;
  lay(low, high);
  const all = (phases: readonly Phase[], phase: Phase) => phases.every((p) => p === phase);
  while (low > LOW_LIMIT && !all(samples.phases.slice(0, END_POINTS), "lazy")) {
    lay(low - EXTENSION, low - 1);
    low -= EXTENSION;
  }
  while (high < HIGH_LIMIT && !all(samples.phases.slice(-END_POINTS), "divergent")) {
    lay(high + 1, high + EXTENSION);
    high += EXTENSION;
  }
}

/**
 * Scans the grid's cell of the first change, and halves every interval with a change and its
 * neighbours until little is undecided; then narrows the first and the last rise that were seen.
 */
function scanBand(samples: PhaseSamples, cell: Bracket): void {
  const known = new Set(samples.learning_rates);
  samples.add(between(cell, BAND_POINTS).filter((point) => !known.has(point)));

  const limit = samples.evaluations + BAND_EVALUATIONS_MAX;
  while (samples.evaluations < limit && undecided(samples, cell) > BAND_UNDECIDED) {
    samples.add(halvings(samples, cell));
  }
  samples.narrow(isDivergent, "first", RESOLUTION);
  samples.narrow(isDivergent, "last", RESOLUTION);
}

/** Sum of the lengths, in log η, of the intervals of the cell with a change. */
function undecided(samples: PhaseSamples, cell: Bracket): number {
  let sum = 0;
  for (const { low, high } of samples.changes(isDivergent)) {
    if (high <= cell.high) sum += Math.log(high / low);
  }
  return sum;
}

/** The middles of the intervals of the cell with a change, and of neighbours that are no shorter. */
function halvings(samples: PhaseSamples, cell: Bracket): number[] {
  const { learning_rates, phases } = samples;
  const changes = (i: number) => isDivergent(phases[i]!) !== isDivergent(phases[i + 1]!);
  const length = (i: number) => learning_rates[i + 1]! / learning_rates[i]! - 1;
  const chosen = new Set<number>();
  for (let i = 0; i + 1 < phases.length; i++) {
    if (learning_rates[i + 1]! > cell.high || !changes(i)) continue;
    chosen.add(i);
    for (const j of [i - 1, i + 1]) {
      if (j >= 0 && j + 1 < phases.length && length(j) > 0.9 * length(i)) chosen.add(j);
    }
  }
  return [...chosen].flatMap((i) =>
    between({ low: learning_rates[i]!, high: learning_rates[i + 1]! }, 2),
  );
}
