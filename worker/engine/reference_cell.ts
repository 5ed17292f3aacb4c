import { scheduleOf } from "../../shared/schedule.ts";
import { numericWidth, type Shape } from "../../shared/shape_group.ts";
import { drawWeights } from "./draw_weights.ts";
import { spanOf } from "./gram.ts";
import { DRAWN_WIDTH_MAX, initialState } from "./initial_state.ts";
import { ratesAt } from "./rates.ts";
import { type ReferenceRequest, type ReferenceTrace, traceReference } from "./reference.ts";
import type { NetLayout } from "./reference_net.ts";
import { flattenWeights, type NetWeights, weightsOfState } from "./reference_start.ts";

/** What of a run is wanted: steps 0 and T unless told. */
export type ReferenceLooks = Partial<
  Pick<ReferenceRequest, "snapshot_steps" | "snapshot_end" | "measure">
>;

/**
 * One cell of a sweep, of any depth, by the reference engine: the weights that all engines draw for
 * the seed, the cell's own horizon, and the learning rates of its layers.
 * @throws RangeError for the infinite width
 */
export function traceCell(
  shape: Shape,
  seed: number,
  learning_rate: number,
  looks: ReferenceLooks = {},
): ReferenceTrace {
  const { steps } = scheduleOf(shape, learning_rate);
  const layout = layoutOf(shape);
  return traceReference({
    dataset: shape.dataset,
    layout,
    loss: shape.loss,
    steps,
    learning_rate,
    ratesAt: (t) => ratesAt(shape, learning_rate, t),
    parameters: flattenWeights(weightsOf(shape, layout, seed)),
    snapshot_steps: [0, steps],
    ...looks,
  });
}

/**
 * The weights that a seed starts from. Above DRAWN_WIDTH_MAX a sweep draws the state of the net alone;
 * then they are weights that have it, all but r + 1 units zero.
 */
function weightsOf(shape: Shape, layout: NetLayout, seed: number): NetWeights {
  const { hidden_layers, weight_variance, dataset } = shape;
  if (hidden_layers === 1 && layout.width > DRAWN_WIDTH_MAX) {
    const span = spanOf(dataset);
    const drawn = { kind: "drawn", seed, weight_variance } as const;
    return weightsOfState(span, layout.width, initialState(span, layout.width, drawn));
  }
  const { W, w, biases } = drawWeights(shape, layout.inputs, seed);
  const rows = (matrix: Float64Array, columns: number) =>
    Array.from({ length: matrix.length / columns }, (_, i) =>
      Array.from(matrix.subarray(i * columns, (i + 1) * columns)),
    );
  return {
    W: W.map((matrix, l) => rows(matrix, l === 0 ? layout.inputs : layout.width)),
    w: Array.from(w),
    biases: biases === null ? null : { b: biases.b.map((b) => Array.from(b)), b_out: biases.b_out },
  };
}

/** How the explicit net of a shape is laid out. @throws RangeError for the infinite width */
export function layoutOf(shape: Shape): NetLayout {
  const { dataset, hidden_layers, bias_variance, input_scale } = shape;
  const width = numericWidth(shape);
  if (width === Number.POSITIVE_INFINITY) {
    throw new RangeError("explicit weights have no infinite width");
  }
  return {
    inputs: dataset.X[0]!.length,
    layers: hidden_layers,
    width: width ?? 1,
    bias: bias_variance !== undefined,
    inputScale: input_scale ?? 1,
  };
}
