/** A binary classification data set: X is n × d, y holds n labels that are −1 or +1. */
export interface Dataset {
  readonly name: string;
  readonly X: readonly (readonly number[])[];
  readonly y: readonly number[];
  /** Held-out samples, on which only the accuracy is measured. */
  readonly test?: { readonly X: readonly (readonly number[])[]; readonly y: readonly number[] };
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
