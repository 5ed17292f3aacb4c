import type { Dataset } from "./datasets.ts";
import { fillNormals, uniformStream } from "./random.ts";

/** Domain of these draws, apart from those of any network's weights. */
const DATA_WIDTH = 0;
const DATA_TENSOR = 0xdada;
/** The stream that chooses labels to be turned round. */
const NOISE_STREAM = 0xda7a0020;

export interface SeparableData {
  readonly samples: number;
  readonly features: number;
  /** Smallest y_i w·x_i over the samples, w the first axis, before noise; exact up to rounding. */
  readonly margin: number;
  /** Share of the labels that are turned round. */
  readonly label_noise?: number;
  readonly seed: number;
}

/**
 * Linearly separable data: standard normal features, labels +1, −1 in turn, each sample moved along
 * the first axis to the side of its label, so that the smallest margin is γ. Noise then turns labels
 * round, and where it does, the margin is negative.
 */
export function separableDataset(data: SeparableData): Dataset {
  const { samples, features, margin, label_noise = 0, seed } = data;
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
  const noise = label_noise === 0 ? "" : `-noise${label_noise}`;
  const name = `separable-n${samples}-d${features}-margin${margin}${noise}-seed${seed}`;
  return { name, X, y: turnLabels(y, label_noise, seed) };
}

const SEPARABLE_NAME =
  /^separable-n(\d+)-d(\d+)-margin(\d[\d.]*(?:e[+-]\d+)?)(?:-noise(\d[\d.]*(?:e-\d+)?))?-seed(\d+)$/;

/** What the name of separable data says; undefined for the names of other data. */
export function separableDataOf(name: string): Required<SeparableData> | undefined {
  const found = SEPARABLE_NAME.exec(name);
  if (found === null) return undefined;
  const [samples, features, margin, label_noise = 0, seed] = found
    .slice(1)
    .map((text) => (text === undefined ? undefined : Number(text)));
  return { samples: samples!, features: features!, margin: margin!, label_noise, seed: seed! };
}

/** Labels of which round(share · n) are turned round; which ones is a function of the seed. */
export function turnLabels(labels: readonly number[], share: number, seed: number): number[] {
  const turned = [...labels];
  const left = labels.map((_, i) => i);
  const uniform = uniformStream(seed, NOISE_STREAM);
  for (let count = Math.round(share * labels.length); count > 0; count--) {
    const [i] = left.splice(Math.floor(uniform() * left.length), 1);
    turned[i!] = -turned[i!]!;
  }
  return turned;
}
