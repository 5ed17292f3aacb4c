import { GRAM_RANK_MAX } from "../../shared/limits.ts";
import { PHASES } from "../../shared/phases.ts";
import { allocateResultColumns, type ResultColumns } from "../../shared/result_columns.ts";
import { numericWidth, type Shape } from "../../shared/shape_group.ts";
import type { Batch, Engine } from "./engine.ts";
import { spanOf } from "./gram.ts";
import { finiteOrNaN } from "./measured.ts";
import { ReferenceModel, type ReferenceTrace } from "./reference.ts";
import { layoutOf, traceCell } from "./reference_cell.ts";
import { norm } from "./symmetric.ts";

/** Explicit weights of one network, some hundred MB with what a step needs. */
export const REFERENCE_WEIGHTS_MAX = 2 ** 22;

/** Weights and biases of a shape's network. */
export function weightCount({ dataset, hidden_layers: H, width, ...shape }: Shape): number {
  const inputs = dataset.X[0]!.length;
  const m = numericWidth({ width }) ?? 0;
  const biases = shape.bias_variance === undefined ? 0 : H * m + 1;
  return H === 0 ? inputs + biases : m * inputs + (H - 1) * m * m + m + biases;
}

/**
 * Every weight spelled out, in plain float64, at O(n · weights) a step. Its numbers are another
 * class's than those of sweeps: no plan names it, results are held against it.
 */
export const referenceEngine = {
  name: "reference",
  numeric_class: "float64-reference",
  supports: (shape) => weightCount(shape) <= REFERENCE_WEIGHTS_MAX,
  run,
} satisfies Engine;

function run({ shape, seeds, learning_rates, trajectories }: Batch): ResultColumns {
  const columns = allocateResultColumns(seeds.length);
  const every = trajectories === undefined ? null : shape.trajectory_every;
  const isMeasured = shape.measure.length > 0;
  for (const [cell, seed] of seeds.entries()) {
    const eta = learning_rates[cell]!;
    const recorded = Array.from({ length: trajectories?.points ?? 0 }, (_, j) => j * every!);
    const trace = traceCell(shape, seed, eta, {
      snapshot_steps: isMeasured ? [0, ...recorded] : [0],
      snapshot_end: true,
      measure: shape.measure,
    });
    fillColumns(columns, cell, shape, trace);
    if (trajectories === undefined) continue;
    const { points, counts, loss, ntk, hessian } = trajectories;
    const at = (step: number) => cell * points + step / every!;
    for (const t of recorded) {
      if (t >= trace.losses.length) break;
      loss[at(t)] = trace.losses[t]!;
      counts[cell]!++;
    }
    for (const snapshot of trace.snapshots) {
      if (snapshot.step % every! !== 0) continue;
      if (ntk !== undefined) ntk[at(snapshot.step)] = snapshot.ntk;
      if (hessian !== undefined) hessian[at(snapshot.step)] = snapshot.hessian;
    }
  }
  return columns;
}

function fillColumns(columns: ResultColumns, cell: number, shape: Shape, trace: ReferenceTrace) {
  const { losses, snapshots } = trace;
  const [start, end] = [snapshots[0]!, snapshots.at(-1)!];
  let largest = -1;
  for (const [t, loss] of losses.entries()) {
    if (largest < 0 ? !Number.isNaN(loss) : loss > losses[largest]!) largest = t;
  }
  const model = new ReferenceModel(shape.dataset, layoutOf(shape), shape.loss);
  const theta = Float64Array.from(end.parameters);
  columns.phase[cell] = PHASES.indexOf(trace.phase);
  columns.horizon_steps[cell] = trace.horizon_steps;
  columns.loss_initial[cell] = losses[0]!;
  columns.loss_final[cell] = losses.at(-1)!;
  columns.loss_max[cell] = losses[largest] ?? Number.NaN;
  columns.loss_max_step[cell] = Math.max(0, largest);
  columns.increases[cell] = trace.increases;
  columns.last_increase_step[cell] = trace.last_increase_step ?? -1;
  columns.diverged_at[cell] = trace.diverged_at ?? -1;
  columns.gradient_norm[cell] = norm(model.gradient(theta, end.outputs));
  columns.weight_norm[cell] = seenNorm(shape, theta);
  columns.test_accuracy[cell] = end.testAccuracy;
  columns.ntk_initial[cell] = finiteOrNaN(start.ntk);
  columns.ntk_final[cell] = finiteOrNaN(end.ntk);
  columns.hessian_initial[cell] = finiteOrNaN(start.hessian);
  columns.hessian_final[cell] = finiteOrNaN(end.hessian);
}

/**
 * |θ|/√m, or |w|. Where the gram engine can train the shape, over the weights that the data see:
 * rows of W1, or w, projected onto their span.
 */
function seenNorm(shape: Shape, theta: Float64Array): number {
  const { hidden_layers, bias_variance, dataset } = shape;
  const width = numericWidth(shape) ?? 1;
  const span = hidden_layers > 1 || bias_variance !== undefined ? null : spanOf(dataset);
  if (span === null || span.rank > GRAM_RANK_MAX) return norm(theta) / Math.sqrt(width);
  const { dimension, rank, basis } = span;
  const rows = hidden_layers === 0 ? 1 : width;
  let sum = 0;
  for (let i = 0; i < rows; i++) {
    for (let k = 0; k < rank; k++) {
      let along = 0;
      for (let j = 0; j < dimension; j++) {
        along += theta[i * dimension + j]! * basis[j * rank + k]!;
      }
      sum += along * along;
    }
  }
  for (let p = rows * dimension; p < theta.length; p++) sum += theta[p]! * theta[p]!;
  return Math.sqrt(sum / width);
}
