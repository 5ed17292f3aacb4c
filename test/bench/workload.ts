import { BUILTIN_DATASETS, type Dataset } from "../../shared/datasets.ts";
import { fillNormals } from "../../shared/random.ts";
import { numericWidth, type Shape } from "../../shared/shape_group.ts";
import type { Batch } from "../../worker/engine/engine.ts";

const example4: Dataset = BUILTIN_DATASETS.find(({ name }) => name === "example4")!;

type FixedShape = Shape & { readonly steps: number };

/** A batch whose runs all have the same horizon. */
export type FixedBatch = Batch & { readonly shape: FixedShape };

/** The workload of every row: Example 4, logistic loss, one hidden layer, σ_w² = 1. */
export function shapeOf(width: number, steps: number): FixedShape {
  const model = { dataset: example4, hidden_layers: 1, width, weight_variance: 1 } as const;
  return {
    ...model,
    initial_weights: null,
    loss: "logistic",
    output_learning_rate: { ratio: 1 },
    steps,
    drop: null,
    trajectory_every: null,
    measure: [],
  };
}

/** Width m = 100 and horizon T = 100 steps. */
export const SHAPE: FixedShape = shapeOf(100, 100);

/** Between these all runs settle by T, so that nobody is spared a step or given further ones. */
export const LEARNING_RATES: readonly [number, number] = [2, 20];

/** `count` learning rates on the log grid. */
export function learningRates(count: number, [low, high] = LEARNING_RATES): number[] {
  return Array.from(
    { length: count },
    (_, i) => low * (high / low) ** (i / Math.max(1, count - 1)),
  );
}

/** Cells for `seeds` seeds (from `firstSeed` on) × `rates` learning rates, learning rate fastest. */
export function makeBatch(
  shape: FixedShape,
  firstSeed: number,
  seeds: number,
  rates: number,
  between = LEARNING_RATES,
): FixedBatch {
  const grid = learningRates(rates, between);
  const cells = { length: seeds * rates };
  return {
    shape,
    seeds: Float64Array.from(cells, (_, i) => firstSeed + Math.floor(i / rates)),
    learning_rates: Float64Array.from(cells, (_, i) => grid[i % rates]!),
  };
}

/** Explicit starting weights: W1 is m × d, w2 has m entries. */
export interface Weights {
  readonly W1: readonly (readonly number[])[];
  readonly w2: readonly number[];
}

/** The weights that the engine draws for a seed (tensors 1 and 2 of worker/engine/initial_state). */
export function drawnWeights(shape: Shape, seed: number): Weights {
  const width = numericWidth(shape)!;
  const dimension = shape.dataset.X[0]!.length;
  const deviation = Math.sqrt(shape.weight_variance);
  const W1 = new Float64Array(width * dimension);
  const w2 = new Float64Array(width);
  fillNormals(seed, width, 1, 0, W1);
  fillNormals(seed, width, 2, 0, w2);
  return {
    W1: Array.from({ length: width }, (_, i) =>
      Array.from(W1.subarray(i * dimension, (i + 1) * dimension), (value) => value * deviation),
    ),
    w2: Array.from(w2, (value) => value * deviation),
  };
}
