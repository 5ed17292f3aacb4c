import type { ResultColumns, Trajectories } from "../../shared/result_columns.ts";
import type { Shape } from "../../shared/shape_group.ts";

/** Cells of one shape group: cell i has seed `seeds[i]` and learning rate `learning_rates[i]`. */
export interface Batch {
  readonly shape: Shape;
  readonly seeds: Float64Array;
  readonly learning_rates: Float64Array;
  /** Filled along the way where the shape asks for trajectories (allocateTrajectories). */
  readonly trajectories?: Trajectories;
}

/**
 * An engine trains a batch and returns one value a cell for each result column. A cell's numbers
 * depend on its shape, seed and learning rate alone: not on its place in the batch, on the batch's
 * size, or on the machine (within one numeric class).
 */
export interface Engine {
  readonly name: string;
  /** Cells with the same numeric class and identity have the same bits on every node. */
  readonly numeric_class: string;
  supports(shape: Shape): boolean;
  /** Cells that make a good batch of this shape, where that is not a matter of steps alone. */
  batchCells?(shape: Shape): number;
  /** Trains every cell of the batch. Throws only on a shape that `supports` refuses. */
  run(batch: Batch): ResultColumns | Promise<ResultColumns>;
}
