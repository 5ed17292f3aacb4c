import type { DuckDBConnection } from "@duckdb/node-api";
import { FailureError, messageOf } from "../../shared/errors.ts";
import { type Plan, parsePlan } from "../../shared/plan.ts";
import { quote } from "./sql_text.ts";

/** Keys in the metadata of results.parquet. */
export const METADATA = {
  sweep: "phasesweep.sweep",
  plan_digest: "phasesweep.plan_digest",
  plan: "phasesweep.plan",
  work: "phasesweep.work",
} as const;

/** The metadata of a merged file, by key. */
export async function readMetadata(
  connection: DuckDBConnection,
  path: string,
): Promise<ReadonlyMap<string, string>> {
  const reader = await connection.runAndReadAll(
    `SELECT decode(key), decode(value) FROM parquet_kv_metadata(${quote(path)})
     WHERE decode(key) LIKE 'phasesweep.%'`,
  );
  return new Map(reader.getRows() as [string, string][]);
}

/** The plan of a merged file. @throws FailureError if it has none that this release can read */
export async function readPlan(connection: DuckDBConnection, path: string): Promise<Plan> {
  try {
    const text = (await readMetadata(connection, path)).get(METADATA.plan);
    if (text === undefined) throw new Error("it was not merged by phasesweep: it has no plan");
    return parsePlan(text);
  } catch (error) {
    throw new FailureError({
      place: path,
      problem: `its plan cannot be read: ${messageOf(error).split("\n")[0]}`,
      fix: "restore the file from a copy, read it with the release that wrote it, or run its sweep file into another folder",
    });
  }
}
