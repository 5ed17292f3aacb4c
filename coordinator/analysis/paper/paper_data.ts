import type { DuckDBConnection } from "@duckdb/node-api";
import type { RunsSource } from "../runs_source.ts";

/** What a figure of the paper is drawn from. */
export interface PaperData {
  readonly connection: DuckDBConnection;
  /** The rows that the sweep file asked for. */
  readonly source: RunsSource;
}
