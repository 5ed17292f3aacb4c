import { existsSync } from "node:fs";
import type { DuckDBConnection } from "@duckdb/node-api";
import { quote } from "../results/sql_text.ts";

/** What one worker brought in, of all that is in the results. */
export interface ProvenanceRow {
  readonly worker: string;
  readonly host: string;
  readonly version: string;
  readonly slots: number;
  readonly parts: number;
  readonly cells: number;
  /** Over all slots. */
  readonly compute_ms: number;
  /** UTC, "2026-11-25 23:15:48". */
  readonly first_started: string;
  readonly last_committed: string;
}

/** Workers in the order of their first start; empty where the folder has no provenance. */
export async function readProvenance(
  connection: DuckDBConnection,
  path: string,
): Promise<ProvenanceRow[]> {
  if (!existsSync(path)) return [];
  const reader = await connection.runAndReadAll(`
    SELECT worker, host, version, count(DISTINCT slot)::DOUBLE AS slots, count(*)::DOUBLE AS parts,
      sum(cell_count)::DOUBLE AS cells, sum(compute_ms) AS compute_ms,
      strftime(min(started_at), '%Y-%m-%d %H:%M:%S') AS first_started,
      strftime(max(committed_at), '%Y-%m-%d %H:%M:%S') AS last_committed
    FROM read_parquet(${quote(path)})
    GROUP BY worker, host, version ORDER BY min(started_at), worker, version`);
  return reader.getRowObjectsJS() as unknown as ProvenanceRow[];
}
