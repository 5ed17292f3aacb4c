import { datasetSize, isReference } from "./datasets.ts";
import { DENSE_WIDTH_MAX, GRAM_RANK_MAX } from "./limits.ts";
import { type Backend, FLOAT64_EXACT, float32Class, type Precision } from "./numeric_class.ts";
import type { PlannedShape } from "./shape_group.ts";

/** The engines that a sweep file may ask for; `auto` is gram wherever that can hold the shape. */
export const ENGINE_CHOICES = ["auto", "gram", "dense"] as const;

export interface EngineWish {
  readonly engine: (typeof ENGINE_CHOICES)[number];
  /** Undefined: what the engine computes in. */
  readonly precision: Precision | undefined;
}

/** What computes in float32 for each engine; a machine with several backends has the choice. */
export interface FloatBackends {
  readonly gram: Backend;
  readonly dense: Backend;
}

/** What computes a shape, or why nothing does. */
export type EngineChoice =
  | { readonly shape: PlannedShape; readonly numeric_class: string }
  | { readonly problem: string; readonly fix: string };

/**
 * Chooses the engine of a shape, and with it the numeric class: gram for what it can hold, in float64
 * (exact) or as the same recurrence in float32 on any backend, and dense (float32 on a backend of
 * tfjs) for the rest and for whatever is asked of it.
 */
export function chooseEngine(
  shape: PlannedShape,
  { engine, precision }: EngineWish,
  backends: FloatBackends,
): EngineChoice {
  const beyondGram = whyNotGram(shape);
  if (engine === "gram" && beyondGram !== null) {
    return {
      problem: `the gram engine takes no ${beyondGram}`,
      fix: "write `engine: dense`, or `engine: auto`",
    };
  }
  const dense = engine === "dense" || beyondGram !== null;
  if (!dense && !isFloat32(precision)) return { shape, numeric_class: FLOAT64_EXACT };
  if (!dense) return { shape, numeric_class: float32Class(backends.gram) };
  if (precision === "verify" && beyondGram !== null) {
    return {
      problem: `float64 is what the gram engine computes in, and that takes no ${beyondGram}`,
      fix: "write `precision: float32`, or leave it out",
    };
  }
  if (precision === "float64") {
    return {
      problem: `float64 is what the gram engine computes in, and ${
        beyondGram === null ? "the sweep asks for dense" : `that takes no ${beyondGram}`
      }`,
      fix: "write `precision: float32`, or leave it out",
    };
  }
  if (shape.width === "infinite") {
    return {
      problem: "only the gram engine has the infinite width",
      fix: "give a number as width, or what gram takes: one hidden layer, no biases",
    };
  }
  if (shape.width !== null && shape.width > DENSE_WIDTH_MAX) {
    return {
      problem: `width ${shape.width} is over the limit of ${DENSE_WIDTH_MAX} of the dense engine (DENSE_WIDTH_MAX)`,
      fix: "take a smaller width",
    };
  }
  return {
    shape: beyondGram === null ? { ...shape, engine: "dense" } : shape,
    numeric_class: float32Class(backends.dense),
  };
}

function isFloat32(precision: Precision | undefined): boolean {
  return precision === "float32" || precision === "verify";
}

/** What the gram engine cannot hold of a shape, or null. */
export function whyNotGram(shape: PlannedShape): string | null {
  if (shape.hidden_layers > 1) return `${shape.hidden_layers} hidden layers`;
  if (shape.bias_variance !== undefined) return "biases";
  const rank = rankBound(shape);
  return rank > GRAM_RANK_MAX ? `data of rank ${rank} (GRAM_RANK_MAX is ${GRAM_RANK_MAX})` : null;
}

/**
 * An upper bound of the rank of the data, test samples included: distinct rows, or used columns. Of
 * a stored data set its size, the same whether its numbers are here or not.
 */
function rankBound({ dataset }: PlannedShape): number {
  if (isReference(dataset) || dataset.digest !== undefined) {
    const { samples, features, test_samples } = datasetSize(dataset);
    return Math.min(features, samples + test_samples);
  }
  const { X, test } = dataset;
  const rows = [...X, ...(test?.X ?? [])];
  const used = new Set<number>();
  for (const row of rows) {
    for (const [j, value] of row.entries()) if (value !== 0) used.add(j);
    if (used.size === row.length) break;
  }
  if (used.size <= GRAM_RANK_MAX || rows.length <= GRAM_RANK_MAX) {
    return Math.min(used.size, rows.length);
  }
  return Math.min(used.size, new Set(rows.map((row) => row.join())).size);
}
