import { scheduleOf } from "../../shared/schedule.ts";
import type { Shape } from "../../shared/shape_group.ts";
import { drawWeights } from "./draw_weights.ts";
import { ratesAt } from "./rates.ts";
import { type ReferenceTrace, traceReference } from "./reference.ts";
import type { NetLayout } from "./reference_net.ts";
import { flattenWeights } from "./reference_start.ts";

/**
 * One cell of a sweep, of any depth, by the reference engine: the weights that all engines draw for
 * the seed, the cell's own horizon, and the learning rates of its layers. Its snapshots are those of
 * steps 0 and min(T, diverged_at) where that is T. @throws RangeError for the infinite width
 */
export function traceCell(shape: Shape, seed: number, learning_rate: number): ReferenceTrace {
  const layout = layoutOf(shape);
  const { W, w, biases } = drawWeights(shape, layout.inputs, seed);
  const rows = (matrix: Float64Array, columns: number) =>
    Array.from({ length: matrix.length / columns }, (_, i) =>
      Array.from(matrix.subarray(i * columns, (i + 1) * columns)),
    );
  const parameters = flattenWeights({
    W: W.map((matrix, l) => rows(matrix, l === 0 ? layout.inputs : layout.width)),
    w: Array.from(w),
    biases: biases === null ? null : { b: biases.b.map((b) => Array.from(b)), b_out: biases.b_out },
  });
  const { steps } = scheduleOf(shape, learning_rate);
  return traceReference({
    dataset: shape.dataset,
    layout,
    loss: shape.loss,
    steps,
    learning_rate,
    ratesAt: (t) => ratesAt(shape, learning_rate, t),
    parameters,
    snapshot_steps: [0, steps],
  });
}

function layoutOf({ dataset, hidden_layers, width, bias_variance, input_scale }: Shape): NetLayout {
  if (width === "infinite") throw new RangeError("explicit weights have no infinite width");
  return {
    inputs: dataset.X[0]!.length,
    layers: hidden_layers,
    width: width ?? 1,
    bias: bias_variance !== undefined,
    inputScale: input_scale ?? 1,
  };
}
