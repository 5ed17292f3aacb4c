import type { Dataset } from "./datasets.ts";
import { fillNormals } from "./random.ts";

/** Domain of these draws, apart from those of any network's weights. */
const DATA_WIDTH = 0;
const DATA_TENSOR = 0xdada;

export interface SeparableData {
  readonly samples: number;
  readonly features: number;
  /** Smallest y_i w·x_i over the samples, w the first axis; exact up to rounding. */
  readonly margin: number;
  readonly seed: number;
}

/**
 * Linearly separable data: standard normal features, labels +1, −1 in turn, each sample moved along
 * the first axis to the side of its label, so that the smallest margin is γ.
 */
export function separableDataset({ samples, features, margin, seed }: SeparableData): Dataset {
  const draws = new Float64Array(samples * features);
  fillNormals(seed, DATA_WIDTH, DATA_TENSOR, 0, draws);
  let nearest = Number.POSITIVE_INFINITY;
  for (let i = 0; i < samples; i++) nearest = Math.min(nearest, Math.abs(draws[i * features]!));
  const y = Array.from({ length: samples }, (_, i) => (i % 2 === 0 ? 1 : -1));
  const X = y.map((label, i) => {
    const row = Array.from(draws.subarray(i * features, (i + 1) * features));
    row[0] = label * (margin + Math.abs(row[0]!) - nearest);
    return row;
  });
  const name = `separable-n${samples}-d${features}-margin${margin}-seed${seed}`;
  return { name, X, y };
}
