/** Samples of a binary classification: X is n × d, y holds n labels that are −1 or +1. */
export interface Samples {
  readonly X: readonly Row[];
  readonly y: readonly number[];
  /**
   * The rows of X one after another, n·d numbers, where the samples come from a stored data set
   * (shared/dataset_object.ts); the rows of X are views of it.
   */
  readonly flat?: FlatNumbers;
}

export type FlatNumbers = Float32Array | Float64Array;

/** The d features of a sample. */
export type Row = readonly number[] | FlatNumbers;

/** A data set that can be trained on. */
export interface Dataset extends Samples {
  readonly name: string;
  /** Held-out samples, on which only the accuracy is measured. */
  readonly test?: Samples;
  /** sha256 of the stored data set, where it comes from one. */
  readonly digest?: string;
}

/** What a plan knows of a stored data set, whose numbers travel apart from it, by their digest. */
export interface DatasetReference {
  readonly name: string;
  /** sha256 of the stored data set. */
  readonly digest: string;
  /** Bytes of the stored data set. */
  readonly bytes: number;
  /** Samples n, features d. */
  readonly samples: number;
  readonly features: number;
  readonly test_samples: number;
}

/** What a digest looks like: it becomes the name of a file. */
export const DATASET_DIGEST = /^[0-9a-f]{64}$/;

/** A data set as it stands in a plan: written out, or a reference to a stored one. */
export type PlannedDataset = Dataset | DatasetReference;

export function isReference(dataset: PlannedDataset): dataset is DatasetReference {
  return !("X" in dataset);
}

/** Samples n, features d and held-out samples, whether the numbers are here or not. */
export function datasetSize(
  dataset: PlannedDataset,
): Pick<DatasetReference, "samples" | "features" | "test_samples"> {
  if (isReference(dataset)) return dataset;
  const { X, y, test } = dataset;
  return { samples: y.length, features: X[0]!.length, test_samples: test?.y.length ?? 0 };
}

/** X in one array, n × d row-major: the samples' own where they have one, otherwise a copy. */
export function flatMatrix({ X, flat }: Pick<Samples, "X" | "flat">): FlatNumbers {
  if (flat !== undefined) return flat;
  const features = X[0]?.length ?? 0;
  const copy = new Float64Array(X.length * features);
  for (const [i, row] of X.entries()) copy.set(row, i * features);
  return copy;
}

/**
 * The toy data of Huang et al. 2020, plus two variants that its text calls for.
 *
 * `example2` is as printed; its third label contradicts the learning rates printed in Figure 1
 * (0.895 and 4.65), which `example2_corrected` (third label −1) reproduces. Example 4 is weakly
 * separable along (−1, −1); `example4_strict` adds ([1, 1], +1), which makes it non-separable in
 * the strict sense.
 */
export const BUILTIN_DATASETS: readonly Dataset[] = [
  { name: "example1", X: [[1], [1]], y: [1, -1] },
  { name: "example2", X: [[1], [2], [-1]], y: [1, -1, 1] },
  { name: "example2_corrected", X: [[1], [2], [-1]], y: [1, -1, -1] },
  {
    name: "example3",
    X: [
      [1, 0],
      [1, 0],
    ],
    y: [1, -1],
  },
  {
    name: "example4",
    X: [
      [1, 1],
      [1, -1],
      [-1, -2],
      [-1, 1],
    ],
    y: [-1, 1, 1, 1],
  },
  {
    name: "example4_strict",
    X: [
      [1, 1],
      [1, -1],
      [-1, -2],
      [-1, 1],
      [1, 1],
    ],
    y: [-1, 1, 1, 1, 1],
  },
];
