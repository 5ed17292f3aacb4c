import type { Dataset } from "./datasets.ts";
import { fillNormals } from "./random.ts";
import { turnLabels } from "./separable_data.ts";

/** Domain of these draws, apart from those of any network's weights and of separable data. */
const DATA_WIDTH = 0;
const DATA_TENSOR = 0xdadb;

export interface NonSeparableData {
  readonly samples: number;
  readonly features: number;
  /** Distance of the means of the two classes, along the first axis. */
  readonly distance: number;
  /** Share of the labels that are turned round. */
  readonly label_noise: number;
  readonly seed: number;
}

/**
 * Two overlapping classes: normal features of variance 1 with means ±distance/2 along the first
 * axis, labels +1, −1 in turn, some of them turned round. The last sample is what makes sure that
 * nothing separates them: with z_i = y_i x_i, it has z_n = −Σ_{i<n} z_i / √(n−1). A positive
 * combination of all z then is 0, and n − 1 ≥ d normal samples span the space, so for every w ≠ 0
 * some w·z_i is negative: the loss has a finite minimiser.
 */
export function nonSeparableDataset(data: NonSeparableData): Dataset {
  const { samples, features, distance, label_noise, seed } = data;
  const draws = new Float64Array((samples - 1) * features);
  fillNormals(seed, DATA_WIDTH, DATA_TENSOR, 0, draws);
  const means = Array.from({ length: samples }, (_, i) => (i % 2 === 0 ? 1 : -1));
  const y = turnLabels(means, label_noise, seed);
  const X: number[][] = [];
  const balance = new Array<number>(features).fill(0);
  for (let i = 0; i < samples - 1; i++) {
    const row = Array.from(draws.subarray(i * features, (i + 1) * features));
    row[0]! += (means[i]! * distance) / 2;
    for (let j = 0; j < features; j++) balance[j]! -= y[i]! * row[j]!;
    X.push(row);
  }
  const last = y[samples - 1]! / Math.sqrt(samples - 1);
  X.push(balance.map((sum) => last * sum));
  const noise = label_noise === 0 ? "" : `-noise${label_noise}`;
  const name = `non_separable-n${samples}-d${features}-distance${distance}${noise}-seed${seed}`;
  return { name, X, y };
}
