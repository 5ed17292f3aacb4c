import { exp2 } from "../elementary.ts";

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
  | { readonly scale: "list"; readonly values: readonly number[] };

export type SeedAxis =
  | { readonly from: number; readonly count: number }
  | { readonly values: readonly number[] };

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
  }
}

export function seedCount(axis: SeedAxis): number {
  return "values" in axis ? axis.values.length : axis.count;
}

/** The seed at position `index` of the axis, 0 ≤ index < seedCount(axis). */
export function seedAt(axis: SeedAxis, index: number): number {
  return "values" in axis ? axis.values[index]! : axis.from + index;
}
