import { datasetSize } from "../../../shared/datasets.ts";
import { messageOf } from "../../../shared/errors.ts";
import type { Shape } from "../../../shared/shape_group.ts";
import { DRIFT_STEPS_MAX } from "./drifting_matrix.ts";

/** Vectors of n numbers and of the sum of all widths that a step has at a time, roughly. */
const STEP_VECTORS = 12;
/** Vectors that a measure keeps, and what appending to them copies. */
const MEASURE_VECTORS = 200;
/** A matrix of a lane's own, its transpose, and what a backend packs of both. */
const MATRIX_COPIES = 4;

interface Sizes {
  /** Rows and columns of the weight matrices. */
  readonly matrices: readonly (readonly [number, number])[];
  readonly inputs: number;
  readonly samples: number;
}

function sizesOf({ dataset, hidden_layers, width }: Shape): Sizes {
  const { features: inputs, samples } = datasetSize(dataset);
  const m = hidden_layers === 0 ? 0 : (width as number);
  const matrices = Array.from(
    { length: hidden_layers },
    (_, l) => [m, l === 0 ? inputs : m] as const,
  );
  return { matrices, inputs, samples };
}

/** About how many bytes one run takes on the device, at its most. */
export function laneBytes(shape: Shape): number {
  const { matrices, inputs, samples } = sizesOf(shape);
  const steps = typeof shape.steps === "number" ? shape.steps : Number.POSITIVE_INFINITY;
  const edges = matrices.reduce((sum, [rows, columns]) => sum + rows + columns, inputs);
  const drift = 2 * Math.min(steps, DRIFT_STEPS_MAX) * edges;
  const own =
    steps < DRIFT_STEPS_MAX
      ? 0
      : MATRIX_COPIES * matrices.reduce((sum, [rows, columns]) => sum + rows * columns, 0);
  const vectors = STEP_VECTORS * (samples + edges);
  const measured = shape.measure.length > 0 ? MEASURE_VECTORS * (samples + edges) : 0;
  return 4 * (drift + own + vectors + measured);
}

/** About how many bytes the initial matrices of a seed take, which its runs share. */
export function seedBytes(shape: Shape): number {
  const { matrices } = sizesOf(shape);
  return 4 * MATRIX_COPIES * matrices.reduce((sum, [rows, columns]) => sum + rows * columns, 0);
}

/** Operations of a step of one run: 6 a weight, as 4 nd for the data (numerics section 2). */
export function laneFlops(shape: Shape): number {
  const { matrices, inputs, samples } = sizesOf(shape);
  const weights = matrices.reduce((sum, [rows, columns]) => sum + rows * columns, 0);
  return 6 * weights + 4 * samples * inputs;
}

const OUT_OF_MEMORY =
  /out of memory|\bOOM\b|RESOURCE_EXHAUSTED|memory access out of bounds|allocation failed|cannot enlarge memory/i;

/** Whether what a backend threw says that the device holds no more. */
export function isOutOfMemory(thrown: unknown): boolean {
  return OUT_OF_MEMORY.test(messageOf(thrown));
}
