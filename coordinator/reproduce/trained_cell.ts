import type { ResultColumnName } from "../../shared/result_columns.ts";

/** The recorded quantities of a cell by their column (`loss_trajectory`); one number a point. */
export type RecordedLists = Readonly<Record<string, readonly number[]>>;

/** The numbers of one cell as results.parquet has them; the phase is its code (shared/phases.ts). */
export interface TrainedCell {
  /** Null: never happened, or nobody asked for it. */
  readonly values: Readonly<Record<ResultColumnName, number | null>>;
  readonly lists: RecordedLists;
}
