import type { Phase } from "../../shared/phases.ts";
import type { PhaseOracle } from "./phase_oracle.ts";
import { between, PhaseSamples, type Side } from "./phase_samples.ts";

/**
 * The grid is η = scale · 10^(k/64): 129 points over two decades around the scale, which should be
 * near the boundaries (2/h at the start), extended at either end as far as it has to be.
 */
const POINTS_PER_DECADE = 64;
const GRID_LOW = -64;
const GRID_HIGH = 64;
const EXTENSION = 32;

/** How far the grid may be extended: to 1e-6 and 1e4 times the scale. */
const LOW_LIMIT = -6 * POINTS_PER_DECADE;
const HIGH_LIMIT = 4 * POINTS_PER_DECADE;
/** The largest learning rate that is ever tried, in units of the scale. */
export const LEARNING_RATE_LIMIT = 1e4;

/** An end of the grid is as expected when so many points are: a factor of 1.8 in η. */
const END_POINTS = 16;

/** Relative width to which a boundary is narrowed. */
const RESOLUTION = 1e-9;

/** Points of the scan of a band, before it is refined. */
const BAND_POINTS = 512;
/** The scan ends when its undecided intervals add up to so little in log η, or at the limit. */
const BAND_UNDECIDED = 2e-5;
const BAND_EVALUATIONS_MAX = 30_000;

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
  /** η_a · exp(∫ 1[not divergent] d log η) from the lowest η_a up: the edge by area. */
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

  if (hasEta1) {
    samples.narrow(isDivergent, "first", RESOLUTION);
    if (!samples.isSingleStep(isDivergent)) scanBand(samples);
  }
  // Last, because every sample counts for the smallest η that is not lazy.
  const eta0 = hasEta0 ? samples.narrow(isNotLazy, "first", RESOLUTION).high : null;
  const eta0_single_step = hasEta0 ? samples.isSingleStep(isNotLazy) : null;
  const { evaluations } = samples;
  if (!hasEta1) {
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
    eta1_area: samples.learning_rates[0]! * Math.exp(samples.logMeasureBelow(isDivergent)),
    evaluations,
  };
}

/** The grid, extended until its low end is lazy and its high end divergent, or to the limits. */
function layGrid(samples: PhaseSamples, scale: number): void {
  const lay = (first: number, last: number) =>
    samples.add(
      Array.from(
        { length: last - first + 1 },
        (_, i) => scale * 10 ** ((first + i) / POINTS_PER_DECADE),
      ),
    );
  let low = GRID_LOW;
  let high = GRID_HIGH;
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
 * Scans the stretch between the first and the last change of side, and halves every interval with a
 * change and its neighbours until little is undecided; then narrows both ends.
 */
function scanBand(samples: PhaseSamples): void {
  const changes = samples.changes(isDivergent);
  const step = 10 ** (1 / POINTS_PER_DECADE);
  const band = { low: changes[0]!.low / step, high: changes.at(-1)!.high * step };
  const known = new Set(samples.learning_rates);
  samples.add(between(band, BAND_POINTS).filter((point) => !known.has(point)));

  const limit = samples.evaluations + BAND_EVALUATIONS_MAX;
  while (samples.evaluations < limit && undecided(samples) > BAND_UNDECIDED) {
    samples.add(halvings(samples));
  }
  samples.narrow(isDivergent, "first", RESOLUTION);
  samples.narrow(isDivergent, "last", RESOLUTION);
}

/** Sum of the lengths, in log η, of the intervals with a change. */
function undecided(samples: PhaseSamples): number {
  let sum = 0;
  for (const { low, high } of samples.changes(isDivergent)) sum += Math.log(high / low);
  return sum;
}

/** The middles of all intervals with a change, and of neighbours that are no shorter. */
function halvings(samples: PhaseSamples): number[] {
  const { learning_rates, phases } = samples;
  const changes = (i: number) => isDivergent(phases[i]!) !== isDivergent(phases[i + 1]!);
  const length = (i: number) => learning_rates[i + 1]! / learning_rates[i]! - 1;
  const chosen = new Set<number>();
  for (let i = 0; i + 1 < phases.length; i++) {
    if (!changes(i)) continue;
    chosen.add(i);
    for (const j of [i - 1, i + 1]) {
      if (j >= 0 && j + 1 < phases.length && length(j) > 0.9 * length(i)) chosen.add(j);
    }
  }
  return [...chosen].flatMap((i) =>
    between({ low: learning_rates[i]!, high: learning_rates[i + 1]! }, 2),
  );
}
