/** Rows of d features with labels as they stand in files, before two classes are chosen. */
export interface Labelled {
  /** What the rows were read from, for errors. */
  readonly source: string;
  /** What the labels were read from, where that is another file. */
  readonly labels_source?: string;
  /** n × d, row-major */
  readonly values: ArrayLike<number>;
  readonly features: number;
  /** n */
  readonly labels: ArrayLike<Label>;
  /** How the d features of an image are laid out: channel by channel, row by row. */
  readonly image?: ImageSize;
}

/** Numbers, or text in CSV. */
export type Label = number | string;

export interface ImageSize {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}
