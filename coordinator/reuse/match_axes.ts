import { canonicalJson } from "../../shared/canonical.ts";
import { MATCHED_POINTS_MAX } from "../../shared/limits.ts";
import {
  axisPoints,
  type LearningRateAxis,
  learningRateReader,
  type SeedAxis,
  seedCount,
  seedReader,
} from "../../shared/spec/axes.ts";
import { interval, type PositionSet, setOfMask } from "./position_sets.ts";

/**
 * The positions of `axis` whose learning rate is on the earlier axis too, as the same double. Of
 * axes with more than MATCHED_POINTS_MAX points only an equal one counts.
 */
export function commonLearningRates(
  axis: LearningRateAxis,
  earlier: LearningRateAxis,
): PositionSet {
  const points = axisPoints(axis);
  if (canonicalJson(axis) === canonicalJson(earlier)) return interval(0, points);
  if (Math.max(points, axisPoints(earlier)) > MATCHED_POINTS_MAX) return interval(0, 0);
  const ours = ascending(axis);
  const theirs = ascending(earlier);
  // Rounds add thousands of groups with a few learning rates: most pairs of axes do not even meet.
  if (ours.rates.at(-1)! < theirs.rates[0]! || theirs.rates.at(-1)! < ours.rates[0]!) {
    return interval(0, 0);
  }
  const mask = new Uint8Array(points);
  let j = 0;
  for (let i = 0; i < points; i++) {
    while (j < theirs.rates.length && theirs.rates[j]! < ours.rates[i]!) j++;
    if (theirs.rates[j] === ours.rates[i]) mask[ours.position(i)] = 1;
  }
  return setOfMask(mask);
}

/** The learning rates of an axis in ascending order, and at which position each stands. */
function ascending(axis: LearningRateAxis): {
  readonly rates: Float64Array;
  readonly position: (i: number) => number;
} {
  const points = axisPoints(axis);
  const read = learningRateReader(axis);
  const rates = new Float64Array(points);
  let isAscending = true;
  for (let i = 0; i < points; i++) {
    rates[i] = read(i);
    if (i > 0 && rates[i]! < rates[i - 1]!) isAscending = false;
  }
  if (isAscending) return { rates, position: (i) => i };
  const order = Int32Array.from(rates, (_, i) => i).sort((a, b) => rates[a]! - rates[b]!);
  return {
    rates: Float64Array.from(order, (position) => rates[position]!),
    position: (i) => order[i]!,
  };
}

/** The positions of `axis` whose seed is on the earlier axis too. */
export function commonSeeds(axis: SeedAxis, earlier: SeedAxis): PositionSet {
  const count = seedCount(axis);
  if (canonicalJson(axis) === canonicalJson(earlier)) return interval(0, count);
  if ("from" in axis && "from" in earlier) {
    const first = Math.max(axis.from, earlier.from);
    const end = Math.min(axis.from + axis.count, earlier.from + earlier.count);
    return interval(first - axis.from, end - axis.from);
  }
  if ("from" in axis) {
    if (seedCount(earlier) > MATCHED_POINTS_MAX) return interval(0, 0);
    const positions = Float64Array.from(seedsOf(earlier), (seed) => seed - axis.from)
      .filter((position) => position >= 0 && position < count)
      .sort();
    return joined(positions);
  }
  if (count > MATCHED_POINTS_MAX) return interval(0, 0);
  const isThere = membership(earlier);
  return setOfMask(Uint8Array.from(seedsOf(axis), (seed) => (isThere(seed) ? 1 : 0)));
}

function seedsOf(axis: SeedAxis): number[] {
  const read = seedReader(axis);
  return Array.from({ length: seedCount(axis) }, (_, i) => read(i));
}

function membership(axis: SeedAxis): (seed: number) => boolean {
  if ("from" in axis) return (seed) => seed >= axis.from && seed < axis.from + axis.count;
  if (seedCount(axis) > MATCHED_POINTS_MAX) return () => false;
  const seeds = new Set(seedsOf(axis));
  return (seed) => seeds.has(seed);
}

/** Single positions, ascending, as a set. */
function joined(positions: Float64Array): PositionSet {
  const boundaries: number[] = [];
  for (const position of positions) {
    if (boundaries.at(-1) === position) boundaries[boundaries.length - 1] = position + 1;
    else boundaries.push(position, position + 1);
  }
  return Float64Array.from(boundaries);
}
