import { separableDataOf } from "../../../shared/separable_data.ts";
import type { PlannedShape } from "../../../shared/shape_group.ts";

/** A number of a shape that may be the second axis of a map. */
export interface MapParameter {
  readonly key: "width" | "weight_variance" | "output_rate" | "output_ratio" | "margin";
  /** What it is called; `_x` is a subscript. */
  readonly words: string;
  /** undefined where a shape has no such number. */
  readonly valueOf: (shape: PlannedShape) => number | undefined;
  /** The shape without that number: equal for shapes that differ in nothing else. */
  readonly without: (shape: PlannedShape) => object;
}

export const MAP_PARAMETERS: readonly MapParameter[] = [
  {
    key: "width",
    words: "hidden width m",
    valueOf: ({ width }) => (typeof width === "number" ? width : undefined),
    without: (shape) => ({ ...named(shape), width: typeof shape.width }),
  },
  {
    key: "weight_variance",
    words: "variance σ_w² of the initial weights",
    valueOf: ({ weight_variance, initial_weights }) =>
      initial_weights === null ? weight_variance : undefined,
    without: (shape) => ({ ...named(shape), weight_variance: null }),
  },
  {
    key: "output_rate",
    words: "learning rate η_v of the output layer",
    valueOf: ({ output_learning_rate: rate }) => ("fixed" in rate ? rate.fixed : undefined),
    without: (shape) => ({
      ...named(shape),
      output_learning_rate: Object.keys(shape.output_learning_rate),
    }),
  },
  {
    key: "output_ratio",
    words: "ratio η_v/η of the output layer's learning rate",
    valueOf: ({ output_learning_rate: rate }) => ("ratio" in rate ? rate.ratio : undefined),
    without: (shape) => ({
      ...named(shape),
      output_learning_rate: Object.keys(shape.output_learning_rate),
    }),
  },
  {
    key: "margin",
    words: "margin γ of the data",
    valueOf: ({ dataset }) => separableDataOf(dataset.name)?.margin,
    without: (shape) => ({ ...named(shape), dataset: withoutMargin(shape.dataset.name) }),
  },
];

/** The name of the data set that all groups of a map have in common. */
export function datasetOfMap({ key }: MapParameter, { dataset }: PlannedShape): string {
  return key === "margin" ? withoutMargin(dataset.name) : dataset.name;
}

/** "separable-n8-d2-seed0", with label noise where there is some. */
function withoutMargin(name: string): string {
  return name.replace(/-margin\d[\d.]*(?:e[+-]\d+)?/, "");
}

/** Data sets are told apart by name within a sweep. */
function named(shape: PlannedShape): object {
  return { ...shape, dataset: shape.dataset.name };
}
