import type { GroupStarts, StartEngine } from "../coordinator/analysis/boundaries/start_engine.ts";
import { isReference } from "../shared/datasets.ts";
import { whyNotGram } from "../shared/engine_choice.ts";
import type { PlannedGroup } from "../shared/plan.ts";
import { numericWidth, type Shape } from "../shared/shape_group.ts";
import { curvatureBoundary, learningRateScale } from "../worker/engine/gradient_flow.ts";
import { scaledDataset, spanOf, startOf } from "../worker/engine/gram.ts";
import { DRAWN_WIDTH_MAX, initialState } from "../worker/engine/initial_state.ts";
import { LEARNING_RATE_LIMIT } from "../worker/engine/locate.ts";
import { createModel } from "../worker/engine/models.ts";
import { trainableShape } from "../worker/stored_datasets.ts";
import { storedDatasetPath } from "./stored_dataset_path.ts";

/**
 * The gram engine for the analysis of a results folder.
 */
export function startEngine(folder: string): StartEngine {
  return {
    open(group) {
      const shape = shapeAtHand(group, folder);
      return shape === null || whyNotGram(shape) !== null ? null : groupStarts(shape);
    },
  };
}

/** The shape with its data, or null where those are gone or damaged. */
function shapeAtHand({ shape }: PlannedGroup, folder: string): Shape | null {
  if (!isReference(shape.dataset)) return trainableShape(shape);
  const path = storedDatasetPath(folder, shape.dataset.digest);
  if (path === undefined) return null;
  try {
    return trainableShape(shape, path);
  } catch {
    return null;
  }
}

function groupStarts(shape: Shape): GroupStarts {
  const { loss, steps, drop, output_learning_rate: rate } = shape;
  const dataset = scaledDataset(shape);
  const width = numericWidth(shape);
  const span = spanOf(dataset);
  const model = createModel(dataset, loss, span, width);
  const features = dataset.X[0]!.length;
  const drawn = width !== null && width <= DRAWN_WIDTH_MAX;
  const isPlain = width === null || ("ratio" in rate && rate.ratio === 1);
  return {
    hidden_layers: shape.hidden_layers,
    draws: drawn ? width * (features + 1) : span.rank,
    rank: span.rank,
    measure(seed) {
      model.load(initialState(span, width, startOf(shape, seed)));
      model.evaluate();
      return { ntk: model.ntk(), hessian: model.hessian() };
    },
    ...(isPlain && drop === null && typeof steps === "number"
      ? {
          curvatureBoundary(seed) {
            const start = { dataset, width, loss, steps, initial: startOf(shape, seed) };
            return curvatureBoundary(start, learningRateScale(start) * LEARNING_RATE_LIMIT);
          },
        }
      : {}),
  };
}
