import type { Labelled } from "./labelled.ts";

/** How features are scaled. */
export const SCALES = ["unit", "standardize", "unit_norm", "none"] as const;

export type Scale = (typeof SCALES)[number];

const PIXEL_MAX = 255;

/** Features after pooling by k. */
export function pooledFeatures({ features }: Pick<Labelled, "features">, pool: number): number {
  return features / (pool * pool);
}

/**
 * Writes rows of a source one after another: as they are, or, where it holds images, averaged over
 * blocks of k × k pixels of a channel. out: rows × features
 */
export function copyRows(
  { values, features, image }: Labelled,
  rows: readonly number[],
  pool: number,
  out: Float64Array,
): void {
  const length = pooledFeatures({ features }, pool);
  for (const [i, row] of rows.entries()) {
    const from = row * features;
    const to = i * length;
    if (image === undefined || pool === 1) {
      for (let j = 0; j < features; j++) out[to + j] = values[from + j]!;
      continue;
    }
    const { channels, height, width } = image;
    let at = to;
    // Channels follow each other, so their lines are lines of one high image.
    for (let top = 0; top < channels * height; top += pool) {
      for (let left = 0; left < width; left += pool) {
        let sum = 0;
        for (let y = top; y < top + pool; y++) {
          for (let x = left; x < left + pool; x++) sum += values[from + y * width + x]!;
        }
        out[at++] = sum / (pool * pool);
      }
    }
  }
}

/**
 * Scales rows in place by what the training rows, which come first, are like.
 *
 * - `unit`: to [0, 1]: pixels over 255, other features by the least and the greatest of the training;
 * - `standardize`: each feature to mean 0 and variance 1 over the training; a constant one to 0;
 * - `unit_norm`: each sample to |x| = 1; a zero one stays.
 *
 * values: rows × features
 */
export function scaleFeatures(
  values: Float64Array,
  features: number,
  training: number,
  scale: Scale,
  isImage: boolean,
): void {
  const rows = values.length / features;
  if (scale === "none") return;
  if (scale === "unit" && isImage) {
    for (let i = 0; i < values.length; i++) values[i]! /= PIXEL_MAX;
    return;
  }
  if (scale === "unit_norm") {
    for (let i = 0; i < rows; i++) {
      const row = values.subarray(i * features, (i + 1) * features);
      let square = 0;
      for (const value of row) square += value * value;
      if (square > 0) for (let j = 0; j < features; j++) row[j]! /= Math.sqrt(square);
    }
    return;
  }
  for (let j = 0; j < features; j++) {
    const { shift, size } =
      scale === "unit"
        ? rangeOf(values, features, training, j)
        : spreadOf(values, features, training, j);
    for (let at = j; at < values.length; at += features) {
      values[at] = size > 0 ? (values[at]! - shift) / size : values[at]! - shift;
    }
  }
}

interface Affine {
  readonly shift: number;
  readonly size: number;
}

function rangeOf(values: Float64Array, features: number, training: number, j: number): Affine {
  let least = Number.POSITIVE_INFINITY;
  let greatest = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < training; i++) {
    const value = values[i * features + j]!;
    least = Math.min(least, value);
    greatest = Math.max(greatest, value);
  }
  return { shift: least, size: greatest - least };
}

/** Mean and standard deviation (over n) of a feature. */
function spreadOf(values: Float64Array, features: number, training: number, j: number): Affine {
  let sum = 0;
  for (let i = 0; i < training; i++) sum += values[i * features + j]!;
  const mean = sum / training;
  let squares = 0;
  for (let i = 0; i < training; i++) {
    const off = values[i * features + j]! - mean;
    squares += off * off;
  }
  return { shift: mean, size: Math.sqrt(squares / training) };
}
