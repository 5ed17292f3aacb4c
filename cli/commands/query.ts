import { readFileSync } from "node:fs";
import { askResults, type QueryRows } from "../../coordinator/analysis/query.ts";
import { mergedResultsIn } from "../results_folder.ts";
import { csvText, jsonText, tableText } from "../text/query_text.ts";

export interface QueryOptions {
  readonly limit?: number;
  readonly json?: boolean;
  readonly csv?: boolean;
}

/** Rows of a table unless told: a screen of them. */
const TABLE_ROWS = 40;

/** Asks a results folder in SQL and prints the rows. @throws UsageError on what is no query */
export async function queryCommand(
  folder: string,
  sql: string,
  { limit, json, csv }: QueryOptions,
): Promise<void> {
  mergedResultsIn(folder);
  const text = sql === "-" ? readFileSync(0, "utf8") : sql;
  const rows_max = limit ?? (json || csv ? Number.POSITIVE_INFINITY : TABLE_ROWS);
  const format: (rows: QueryRows) => string = json ? jsonText : csv ? csvText : tableText;
  process.stdout.write(format(await askResults(folder, text, rows_max)));
}
