import { existsSync } from "node:fs";
import { join } from "node:path";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { RESULTS_FILE } from "../coordinator/results/merge.ts";
import { UsageError } from "../shared/errors.ts";

/** The merged results in a folder. @throws UsageError if there are none */
export function mergedResultsIn(folder: string): string {
  const path = join(folder, RESULTS_FILE);
  if (existsSync(path)) return path;
  throw new UsageError({
    place: folder,
    problem: `there is no ${RESULTS_FILE} in it`,
    fix: "give the results folder of a finished sweep, for example results/figure3",
  });
}

/** Does something with a DuckDB of its own. */
export async function withDuckDb<T>(act: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  try {
    return await act(connection);
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
