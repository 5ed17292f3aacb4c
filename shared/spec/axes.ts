import { exp2 } from "../elementary.ts";
import { positionReader, type Run, runsSize } from "../runs.ts";

/**
 * A learning-rate axis, resolved.
 *
 * A log axis lies on an absolute lattice in log2 η whose step is a power of two octaves:
 *   η_i = 2^((first + i) · octaves_per_step),  i = 0..points−1.
 * Two log axes therefore share every η that both contain, bit for bit, whatever their ends, and
 * halving the step keeps all earlier points.
 */
export type LearningRateAxis =
  | {
      readonly scale: "log";
      readonly octaves_per_step: number;
      readonly first: number;
      readonly points: number;
    }
  | {
      readonly scale: "linear";
      readonly from: number;
      readonly to: number;
      readonly points: number;
    }
  | { readonly scale: "list"; readonly values: readonly number[] }
  /** The points of another axis at the positions of the runs, in its order. */
  | {
      readonly scale: "subset";
      readonly of: LearningRateAxis;
      readonly runs: readonly Run[];
    };

export type SeedAxis =
  | { readonly from: number; readonly count: number }
  | { readonly values: readonly number[] }
  /** The seeds of another axis at the positions of the runs, in its order. */
  | { readonly of: SeedAxis; readonly runs: readonly Run[] };

/**
 * Snaps a log axis to the lattice: the step becomes the power of two octaves nearest (in log) to
 * the one asked for, and both ends move to the nearest lattice points.
 */
export function snapLogAxis(from: number, to: number, points: number): LearningRateAxis {
  const octaves = Math.log2(to / from) / (points - 1);
  const octaves_per_step = exp2(Math.round(Math.log2(octaves)));
  const first = Math.round(Math.log2(from) / octaves_per_step);
  const last = Math.max(first + 1, Math.round(Math.log2(to) / octaves_per_step));
  return { scale: "log", octaves_per_step, first, points: last - first + 1 };
}

export function axisPoints(axis: LearningRateAxis): number {
  if (axis.scale === "subset") return runsSize(axis.runs);
  return axis.scale === "list" ? axis.values.length : axis.points;
}

/** The learning rate at position `index` of the axis, 0 ≤ index < axisPoints(axis). */
export function learningRateAt(axis: LearningRateAxis, index: number): number {
  switch (axis.scale) {
    case "log":
      return exp2((axis.first + index) * axis.octaves_per_step);
    case "linear":
      return axis.from + ((axis.to - axis.from) * index) / (axis.points - 1);
    case "list":
      return axis.values[index]!;
    case "subset":
      return learningRateReader(axis)(index);
  }
}

/** learningRateAt for many positions of one axis, cheapest when they are asked for in order. */
export function learningRateReader(axis: LearningRateAxis): (index: number) => number {
  if (axis.scale !== "subset") return (index) => learningRateAt(axis, index);
  const position = positionReader(axis.runs);
  const whole = learningRateReader(axis.of);
  return (index) => whole(position(index));
}

export function seedCount(axis: SeedAxis): number {
  if ("of" in axis) return runsSize(axis.runs);
  return "values" in axis ? axis.values.length : axis.count;
}

/** A function from positions 0..seedCount(axis)−1 to seeds, cheapest when they come in order. */
export function seedReader(axis: SeedAxis): (index: number) => number {
  if ("values" in axis) return (index) => axis.values[index]!;
  if ("from" in axis) return (index) => axis.from + index;
  const position = positionReader(axis.runs);
  const whole = seedReader(axis.of);
  return (index) => whole(position(index));
}
