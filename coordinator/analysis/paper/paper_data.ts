import type { DuckDBConnection } from "@duckdb/node-api";
import type { AccuracyGroup } from "../accuracy.ts";
import type { BoundaryRow } from "../boundaries/boundaries.ts";
import type { RunsSource } from "../runs_source.ts";

/** What a figure of the paper is drawn from. */
export interface PaperData {
  readonly connection: DuckDBConnection;
  /** Path of the merged results file. */
  readonly results: string;
  /** The rows that the sweep file asked for. */
  readonly source: RunsSource;
  /** The boundaries of every group. */
  readonly rows: readonly BoundaryRow[];
  /** The test accuracies of the groups that have test samples. */
  readonly accuracy: readonly AccuracyGroup[];
  /** The pictures of phases and of accuracies, where there is something to draw. */
  readonly phase_svg: string | undefined;
  readonly accuracy_svg: string | undefined;
}
