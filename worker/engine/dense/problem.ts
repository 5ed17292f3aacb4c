import { type Dataset, flatMatrix } from "../../../shared/datasets.ts";
import { whyNotGram } from "../../../shared/engine_choice.ts";
import type { Shape } from "../../../shared/shape_group.ts";
import { drawWeights, type Weights } from "../draw_weights.ts";
import { projectOnto, rowSpan, type Span } from "../span.ts";
import { type TensorLoss, tensorLoss } from "./losses.ts";
import { transposedCopy } from "./own_data.ts";
import type { Tensor, Tfjs } from "./tfjs.ts";

/** What all runs of a shape have in common, on the device. */
export interface Problem {
  readonly tf: Tfjs;
  /** H */
  readonly layers: number;
  /** m; 1 for the linear predictor, whose squared size is not divided. */
  readonly width: number;
  /** κ = m^{−1/2} */
  readonly scale: number;
  /** s_in */
  readonly inputScale: number;
  readonly biased: boolean;
  readonly inputs: number;
  readonly samples: number;
  readonly loss: TensorLoss;
  /** Rows of zeros make the number of samples a product, so that losses are added up in two stages. */
  readonly X: Tensor; // n' × d
  readonly transposedX: Tensor; // d × n'
  readonly y: Tensor; // 1 × n', 0 for padding
  /** 1/n, 0 for padding. */
  readonly weights: Tensor; // 1 × n'
  /** Rows and columns of the two stages: n' = stages[0] · stages[1]. */
  readonly stages: readonly [number, number];
  readonly test: { readonly transposedX: Tensor; readonly y: Tensor; samples: number } | null;
  /** The initial weights of a seed, in the coordinates of X. */
  draw(seed: number): Weights;
  dispose(): void;
}

/**
 * Puts a shape's data on the device. What the gram engine could train is reduced to the span of the
 * data as there: it trains the same, and weights that no sample sees count in neither engine.
 * `reduces` false leaves the data in their own coordinates.
 */
export function createProblem(tf: Tfjs, shape: Shape, { reduces = true } = {}): Problem {
  const { dataset, hidden_layers: layers } = shape;
  const dimension = dataset.X[0]!.length;
  const span = reduces && whyNotGram(shape) === null ? dataSpan(dataset) : null;
  const inputs = span === null ? dimension : span.rank;
  const samples = dataset.y.length;
  const columns = Math.ceil(Math.sqrt(samples));
  const stages = [Math.ceil(samples / columns), columns] as const;
  const padded = stages[0] * stages[1];
  const flat = new Float32Array(padded * inputs);
  const labels = new Float32Array(padded);
  const flatTest = new Float32Array((dataset.test?.y.length ?? 0) * inputs);
  if (span !== null) {
    flat.set(span.coordinates.subarray(0, samples * inputs));
    flatTest.set(span.coordinates.subarray(samples * inputs));
  } else {
    flat.set(flatMatrix(dataset));
    if (dataset.test !== undefined) flatTest.set(flatMatrix(dataset.test));
  }
  labels.set(dataset.y);
  const X = tf.tensor2d(flat, [padded, inputs]);
  const transposedX = transposedCopy(tf, X);
  const y = tf.tensor2d(labels, [1, padded]);
  const weights = tf.tensor2d(
    labels.map((_, i) => (i < samples ? 1 / samples : 0)),
    [1, padded],
  );
  const test = dataset.test === undefined ? null : testOf(tf, flatTest, dataset.test.y, inputs);
  return {
    tf,
    layers,
    width: layers === 0 ? 1 : (shape.width as number),
    scale: layers === 0 ? 1 : 1 / Math.sqrt(shape.width as number),
    inputScale: shape.input_scale ?? 1,
    biased: shape.bias_variance !== undefined,
    inputs,
    samples,
    loss: tensorLoss(tf, shape.loss),
    ...{ X, transposedX, y, weights, stages, test },
    draw(seed) {
      const drawn = drawWeights(shape, dimension, seed);
      return span === null ? drawn : inSpan(drawn, span);
    },
    dispose() {
      tf.dispose([
        X,
        transposedX,
        y,
        weights,
        ...(test === null ? [] : [test.transposedX, test.y]),
      ]);
    },
  };
}

function dataSpan({ X, test }: Dataset): Span {
  return rowSpan(test === undefined ? X : [...X, ...test.X]);
}

function testOf(tf: Tfjs, flat: Float32Array, labels: readonly number[], inputs: number) {
  const samples = labels.length;
  const X = tf.tensor2d(flat, [samples, inputs]);
  const transposedX = transposedCopy(tf, X);
  X.dispose();
  return { transposedX, y: tf.tensor2d(Float32Array.from(labels), [1, samples]), samples };
}

/** W_1 V, or Vᵀw of a linear predictor. */
function inSpan({ W, w, biases }: Weights, { rank, dimension, basis }: Span): Weights {
  const project = (rows: Float64Array) => {
    const count = rows.length / dimension;
    const out = new Float64Array(count * rank);
    for (let i = 0; i < count; i++) {
      const row = rows.subarray(i * dimension, (i + 1) * dimension);
      projectOnto(basis, dimension, rank, row, out.subarray(i * rank, (i + 1) * rank));
    }
    return out;
  };
  if (W.length === 0) return { W, w: project(w), biases };
  return { W: [project(W[0]!), ...W.slice(1)], w, biases };
}
