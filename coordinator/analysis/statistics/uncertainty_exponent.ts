/**
 * The uncertainty exponent of a boundary along the learning rate (Grebogi, McDonald, Ott, Yorke
 * 1983): f(ε) is the share of learning rates η for which the verdict at η e^ε or at η e^(−ε) differs
 * from that at η. Where f ~ ε^α for small ε, the boundary has the box dimension D = 1 − α along the
 * axis: a single step has f = 2ε over the length of the axis, so α = 1 and D = 0.
 *
 * On a uniform log axis the shifts are whole steps of its lattice, so every f is a count.
 */
import { log } from "../../../shared/elementary.ts";

/**
 * Scales ε in the fit, each twice the one before, from one step of the axis on. α is about ε → 0: as
 * soon as ε is wider than the band in which the verdict goes to and fro, f only sees a single step.
 */
const SCALES_MIN = 6;
/** Scales go up to this share of the axis, beyond which its ends are felt. */
const WIDEST_SHARE = 1 / 32;

/** Fewest points of an axis that has so many scales. */
export const POINTS_MIN = 2 ** (SCALES_MIN - 1) / WIDEST_SHARE;

/** The verdicts of one seed: 1 on the high side of the boundary, 0 on the low side. */
export type Sides = Uint8Array;

export interface ExponentFit {
  readonly alpha: number;
  /** Jackknife standard error over seeds; null with a single one. */
  readonly alpha_error: number | null;
  /** D = 1 − α. */
  readonly dimension: number;
  /** f(ε), the mean over seeds, for ε in log η, ascending; the first `fitted` of them are in the fit. */
  readonly fitted: number;
  readonly scales: readonly { readonly epsilon: number; readonly share: number }[];
  /** Largest difference of log f from the line in the fit: large where f is no power of ε. */
  readonly misfit: number;
  /** Seeds that count: those whose boundary lies far enough within the axis for all scales. */
  readonly seeds: number;
  readonly seeds_left_out: number;
}

/**
 * α of some seeds on one log axis with a step of `log_step` in log η. The fit is a straight line
 * through log f against log ε at the finest scales, ε = 1, 2, 4, … 32 steps, unweighted. f is the mean over seeds, so that
 * seeds with a wide boundary count by how uncertain their verdicts are.
 *
 * Beyond the axis the verdict of its end is taken to go on. So a seed counts only if, up to the
 * widest scale from either end, its verdicts are low below and high above; the scales are cut to
 * where at least half of the seeds do.
 */
export function fitExponent(
  seeds: readonly Sides[],
  log_step: number,
): ExponentFit | { readonly problem: string } {
  const points = seeds[0]?.length ?? 0;
  const margins = seeds.map(constantEnds).sort((one, other) => other - one);
  const common = margins[Math.floor((seeds.length - 1) / 2)] ?? 0;
  const widest = Math.min(common, Math.floor(points * WIDEST_SHARE));
  const scales = widest < 1 ? 0 : Math.floor(Math.log2(widest)) + 1;
  if (scales < SCALES_MIN) return { problem: tooFew(points, common, scales) };
  const shifts = Array.from({ length: scales }, (_, i) => 2 ** i);
  const counted = seeds.filter((sides) => constantEnds(sides) >= shifts.at(-1)!);
  const counts = counted.map((sides) => shifts.map((shift) => uncertain(sides, shift)));
  const sums = shifts.map((_, i) => counts.reduce((sum, each) => sum + each[i]!, 0));
  const x = shifts.slice(0, SCALES_MIN).map((shift) => log(shift));
  const { slope, misfit } = line(x, sums.slice(0, SCALES_MIN).map(log));
  // Every seed has a change, so f stays above 0 without any one of them.
  const leftOut =
    counts.length < 2
      ? []
      : counts.map(
          (each) =>
            line(
              x,
              sums.map((sum, i) => log(sum - each[i]!)),
            ).slope,
        );
  return {
    alpha: slope,
    alpha_error: leftOut.length === 0 ? null : jackknifeError(leftOut),
    dimension: 1 - slope,
    fitted: SCALES_MIN,
    scales: shifts.map((shift, i) => ({
      epsilon: shift * log_step,
      share: sums[i]! / (counted.length * points),
    })),
    misfit,
    seeds: counted.length,
    seeds_left_out: seeds.length - counted.length,
  };
}

function tooFew(points: number, common: number, scales: number): string {
  if (points < POINTS_MIN) {
    return `${points} learning rates are too few for ${SCALES_MIN} scales: it takes ${POINTS_MIN}`;
  }
  return common === 0
    ? "most seeds have no boundary within the axis"
    : `most boundaries lie within ${common} steps of an end of the axis, which leaves ${scales} of ${SCALES_MIN} scales: the axis has to reach further`;
}

/** Steps from either end over which the verdict is low below and high above; 0: none, no boundary. */
function constantEnds(sides: Sides): number {
  const first = sides.indexOf(1);
  const last = sides.lastIndexOf(0);
  if (first < 0 || last < 0) return 0;
  return Math.min(first, sides.length - 1 - last);
}

/** How many points have another verdict `shift` steps above or below. */
function uncertain(sides: Sides, shift: number): number {
  const last = sides.length - 1;
  let count = 0;
  for (let i = 0; i <= last; i++) {
    const side = sides[i];
    if (side !== sides[Math.max(0, i - shift)] || side !== sides[Math.min(last, i + shift)]) {
      count++;
    }
  }
  return count;
}

/** Least squares: slope and largest residual. */
function line(x: readonly number[], y: readonly number[]): { slope: number; misfit: number } {
  const mean = (values: readonly number[]) =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  const [centre, height] = [mean(x), mean(y)];
  const slope =
    x.reduce((sum, value, i) => sum + (value - centre) * (y[i]! - height), 0) /
    x.reduce((sum, value) => sum + (value - centre) ** 2, 0);
  const residuals = x.map((value, i) => Math.abs(y[i]! - height - slope * (value - centre)));
  return { slope, misfit: residuals.reduce((most, each) => Math.max(most, each)) };
}

/** √((n − 1)/n Σ (α_−i − mean)²) of the values without one seed each. */
function jackknifeError(leftOut: readonly number[]): number {
  const n = leftOut.length;
  const mean = leftOut.reduce((sum, value) => sum + value, 0) / n;
  return Math.sqrt(((n - 1) / n) * leftOut.reduce((sum, value) => sum + (value - mean) ** 2, 0));
}
