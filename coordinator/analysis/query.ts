/** SQL over a results folder, which can read its three tables and nothing else, and write nothing. */
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import {
  type DuckDBConnection,
  DuckDBInstance,
  DuckDBListValue,
  type DuckDBPreparedStatement,
  DuckDBStructValue,
  type DuckDBValue,
  StatementType,
} from "@duckdb/node-api";
import { FailureError, messageOf, UsageError } from "../../shared/errors.ts";
import { shellWord } from "../../shared/shell_word.ts";
import { PROVENANCE_FILE, RESULTS_FILE } from "../results/merge.ts";
import { quote } from "../results/sql_text.ts";
import { BOUNDARIES_FILE } from "./analyze.ts";

/** The views, and the files that they are of. */
const VIEWS = {
  results: RESULTS_FILE,
  boundaries: BOUNDARIES_FILE,
  provenance: PROVENANCE_FILE,
} as const;

/** A value of a row: lists and structs become arrays and objects, what else there is its text. */
export type QueryValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | readonly QueryValue[]
  | { readonly [name: string]: QueryValue };

export interface QueryRows {
  readonly names: readonly string[];
  readonly rows: readonly (readonly QueryValue[])[];
  /** Whether there are more rows than were asked for. */
  readonly more: boolean;
}

/**
 * The first `rows_max` rows of one SELECT. @throws UsageError with DuckDB's message if it is none, or
 * wrong; FailureError where it takes more memory or disk than there is
 */
export async function askResults(
  folder: string,
  sql: string,
  rows_max: number,
): Promise<QueryRows> {
  // Large sorts spill there; without it DuckDB would leave files in the folder that it was called from.
  const spill = await mkdtemp(join(tmpdir(), "phasesweep-query-"));
  const instance = await DuckDBInstance.create(":memory:", { temp_directory: spill });
  const connection = await instance.connect();
  try {
    await openViews(connection, folder);
    return await firstRows(await select(connection, sql), rows_max);
  } catch (error) {
    throw explained(error, folder);
  } finally {
    connection.closeSync();
    instance.closeSync();
    await rm(spill, { recursive: true, force: true });
  }
}

/** Makes the views, then shuts everything else off for good. */
async function openViews(connection: DuckDBConnection, folder: string): Promise<void> {
  const there = Object.entries(VIEWS)
    .map(([name, file]) => ({ name, path: resolve(folder, file) }))
    .filter(({ path }) => existsSync(path));
  for (const { name, path } of there) {
    await connection.run(`CREATE VIEW ${name} AS FROM read_parquet(${quote(path)})`);
  }
  await connection.run(`SET allowed_paths = [${there.map(({ path }) => quote(path))}]`);
  await connection.run("SET enable_external_access = false");
  await connection.run("SET lock_configuration = true");
}

/**
 * The one statement of a text. A path that may be read may be written as far as DuckDB is concerned,
 * so whatever is no SELECT is refused here.
 */
async function select(connection: DuckDBConnection, sql: string): Promise<DuckDBPreparedStatement> {
  if (sql.trim() === "") throw refused("there is nothing to ask", "give one SELECT");
  const statements = await connection.extractStatements(sql);
  if (statements.count !== 1) {
    throw refused(
      `${statements.count} statements`,
      "ask one SELECT at a time; a PIVOT must name its values (ON phase IN (…))",
    );
  }
  const prepared = await statements.prepare(0);
  if (prepared.statementType === StatementType.SELECT) return prepared;
  throw refused(
    `${StatementType[prepared.statementType]} is no query, and results are not written to`,
    "begin with SELECT, WITH, FROM, DESCRIBE or SUMMARIZE",
  );
}

async function firstRows(prepared: DuckDBPreparedStatement, rows_max: number): Promise<QueryRows> {
  const reader = await prepared.streamAndReadUntil(
    Number.isFinite(rows_max) ? rows_max + 1 : Number.MAX_SAFE_INTEGER,
  );
  const rows = reader.getRows();
  return {
    names: reader.columnNames(),
    rows: rows.slice(0, rows_max).map((row) => row.map(plainValue)),
    more: rows.length > rows_max,
  };
}

function plainValue(value: DuckDBValue): QueryValue {
  if (value instanceof DuckDBListValue) return value.items.map(plainValue);
  if (value instanceof DuckDBStructValue) {
    const entries = Object.entries(value.entries);
    return Object.fromEntries(entries.map(([name, each]) => [name, plainValue(each)]));
  }
  return value === null || typeof value !== "object" ? value : String(value);
}

function refused(problem: string, fix: string): UsageError {
  return new UsageError({ place: "SQL", problem, fix });
}

/** DuckDB's errors are about the SQL, but for those of the machine. */
function explained(error: unknown, folder: string): unknown {
  if (error instanceof UsageError) return error;
  const problem = messageOf(error);
  if (/^(Out of Memory|IO|Internal|Fatal) Error/i.test(problem)) {
    const fix = "ask for less at a time, or make room in the folder for temporary files (TMPDIR)";
    return new FailureError({ place: "SQL", problem, fix });
  }
  const tables = Object.entries(VIEWS)
    .filter(([, file]) => existsSync(join(folder, file)))
    .map(([name]) => name);
  const missing = tables.includes("boundaries")
    ? ""
    : `; \`phasesweep analyze ${shellWord(folder)}\` writes ${BOUNDARIES_FILE}`;
  return refused(
    problem,
    `mend the SQL; the tables are ${tables.join(", ")} (DESCRIBE results has the columns)${missing}`,
  );
}
