import { type PlannedShape, trajectoryPoints } from "./shape_group.ts";

/**
 * The columns that an engine fills for each cell, in the order in which a part carries them.
 *
 * Every column is a Float64Array while it travels through an engine; `type` is what the Parquet
 * file stores. A negative value in a nullable column means "never happened" and becomes null.
 */
export interface ResultColumn {
  readonly name: string;
  readonly type: "DOUBLE" | "INT32";
  readonly nullable: boolean;
}

const COLUMNS = [
  /** Index into PHASES (shared/phases.ts), decided at `horizon_steps`. */
  { name: "phase", type: "INT32", nullable: false },
  /** Horizon at which the phase was decided: T, 8T or 64T. */
  { name: "horizon_steps", type: "INT32", nullable: false },
  /** L(0). */
  { name: "loss_initial", type: "DOUBLE", nullable: false },
  /** L at step T, or at the step where the run diverged if that came first. */
  { name: "loss_final", type: "DOUBLE", nullable: false },
  /** max L(t) over the steps t ≤ T that were reached; NaN losses are passed over. */
  { name: "loss_max", type: "DOUBLE", nullable: false },
  { name: "loss_max_step", type: "INT32", nullable: false },
  /** Number of steps t < T with L(t+1) − L(t) > 1e−12 L(t) + 1e−24 L(0); float32: 2e−6, 1e−12. */
  { name: "increases", type: "INT32", nullable: false },
  /** The t + 1 of the last such step. */
  { name: "last_increase_step", type: "INT32", nullable: true },
  /** First step whose state failed the test; may exceed T when the horizon was extended. */
  { name: "diverged_at", type: "INT32", nullable: true },
  /** |∂L/∂θ| at step min(T, diverged_at). */
  { name: "gradient_norm", type: "DOUBLE", nullable: false },
  /**
   * |θ|/√m, or |w|, at the same step. For what the gram engine can train, in either engine, it is
   * √(tr S + q): over the weights that the data see.
   */
  { name: "weight_norm", type: "DOUBLE", nullable: false },
  /** Share of the test samples classified right at that step; NaN without test data. */
  { name: "test_accuracy", type: "DOUBLE", nullable: false },
  /** Largest eigenvalue of the NTK, eq (6), at step 0 and at step min(T, diverged_at). */
  { name: "ntk_initial", type: "DOUBLE", nullable: false },
  { name: "ntk_final", type: "DOUBLE", nullable: false },
  /** Largest eigenvalue of the Hessian of L, at the same two steps. */
  { name: "hessian_initial", type: "DOUBLE", nullable: false },
  { name: "hessian_final", type: "DOUBLE", nullable: false },
] as const satisfies readonly ResultColumn[];

export type ResultColumnName = (typeof COLUMNS)[number]["name"];

export const RESULT_COLUMNS: readonly (ResultColumn & { readonly name: ResultColumnName })[] =
  COLUMNS;

/** One Float64Array of `rows` values for each result column. A measure not asked for stays NaN. */
export type ResultColumns = { readonly [name in ResultColumnName]: Float64Array };

export function allocateResultColumns(rows: number): ResultColumns {
  const columns: Partial<Record<ResultColumnName, Float64Array>> = {};
  for (const column of COLUMNS) columns[column.name] = new Float64Array(rows).fill(Number.NaN);
  return columns as ResultColumns;
}

/**
 * Recorded trajectories of a batch. Point j of row i is at i · points + j; a run that diverged has
 * only its first `counts[i]` points. A measure that was not asked for is missing.
 */
export interface Trajectories {
  readonly points: number;
  readonly counts: Int32Array;
  readonly loss: Float64Array;
  readonly ntk?: Float64Array;
  readonly hessian?: Float64Array;
}

/** Room for the trajectories of `rows` cells, or undefined where the shape asks for none. */
export function allocateTrajectories(shape: PlannedShape, rows: number): Trajectories | undefined {
  const points = trajectoryPoints(shape);
  if (points === 0) return undefined;
  const numbers = () => new Float64Array(rows * points);
  return {
    points,
    counts: new Int32Array(rows),
    loss: numbers(),
    ...(shape.measure.includes("ntk") ? { ntk: numbers() } : {}),
    ...(shape.measure.includes("hessian") ? { hessian: numbers() } : {}),
  };
}
