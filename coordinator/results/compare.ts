import { open, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { FLOAT64_EXACT } from "../../shared/numeric_class.ts";
import { intersects, type Range } from "../../shared/ranges.ts";
import type { Commit } from "../journal/journal.ts";
import { differsInFloat32, surroundedRows } from "./float32_differences.ts";
import { readPart } from "./part_files.ts";
import { quote } from "./sql_text.ts";

/** A part whose cells are committed already. */
export interface Duplicate {
  /** Different for every arrival. */
  readonly id: string;
  readonly range: Range;
  readonly bytes: Uint8Array;
  readonly sha256: string;
  /** Of the cells' group: in float64-exact equal cells have equal bits. */
  readonly numeric_class: string;
}

/**
 * How many of the cells that a duplicate shares with a commit, and that the commit brought in, are
 * not the same: in float64-exact bit for bit but for the sign of a zero and the payload of a NaN, in
 * a float32 class as float32_differences.ts has it. What else the commit's file holds does not count:
 * others brought those cells, or nobody did.
 */
export async function countDifferences(
  duplicate: Duplicate,
  commit: Commit,
  partsFolder: string,
): Promise<number> {
  const { range, sha256, bytes, id, numeric_class } = duplicate;
  const isSameRange = range.first === commit.range.first && range.end === commit.range.end;
  // The encoding is a function of the cells, so equal files are equal cells.
  if (isSameRange && sha256 === commit.sha256) return 0;
  const shared = commit.accepted.filter((accepted) => intersects(accepted, range));
  if (shared.length === 0) return 0;
  const path = join(partsFolder, `duplicate-${id}.parquet`);
  const copy = join(partsFolder, `committed-${id}.parquet`);
  const instance = await DuckDBInstance.create(":memory:", { threads: "1", memory_limit: "400MB" });
  try {
    await writeFile(path, bytes);
    const connection = await instance.connect();
    const committed = await fileOf(commit, partsFolder, copy);
    const count = numeric_class === FLOAT64_EXACT ? countUnequal : countApart;
    const differences = await count(
      connection,
      { file: path, range },
      { file: committed, range: commit.range },
      shared,
    );
    connection.closeSync();
    return differences;
  } finally {
    instance.closeSync();
    for (const temporary of [path, copy]) await rm(temporary, { force: true });
  }
}

/** A part as a file of its own. */
interface PartFile {
  readonly file: string;
  readonly range: Range;
}

/** Cells of a duplicate that have not the bits of the committed ones. */
function countUnequal(
  connection: DuckDBConnection,
  duplicate: PartFile,
  committed: PartFile,
  shared: readonly Range[],
): Promise<number> {
  const cells = (part: PartFile) =>
    `SELECT * FROM (${rowsOf(part)}) WHERE ${isWithin("cell", shared)}`;
  return countRows(connection, `${cells(duplicate)} EXCEPT ${cells(committed)}`);
}

/** Cells of a duplicate that are further from the committed ones than float32 explains. */
async function countApart(
  connection: DuckDBConnection,
  duplicate: PartFile,
  committed: PartFile,
  shared: readonly Range[],
): Promise<number> {
  const { file, range } = committed;
  const schema = await connection.runAndReadAll(`SELECT name FROM parquet_schema(${quote(file)})`);
  const columns = schema.getRows().map(([name]) => String(name));
  const part = `(${rowsOf(committed)})`;
  return countRows(
    connection,
    `SELECT 1 FROM (${rowsOf(duplicate)}) duplicate
       LEFT JOIN (${surroundedRows(part, columns, range.first, range.end)}) surrounded USING (cell)
      WHERE ${isWithin("duplicate.cell", shared)} AND ${differsInFloat32(columns)}`,
  );
}

/** The rows of a part with the cells that they are. */
function rowsOf({ file, range }: PartFile): string {
  return `SELECT * EXCLUDE (file_row_number), file_row_number + ${range.first} AS cell
    FROM read_parquet(${quote(file)}, file_row_number = true)`;
}

function isWithin(cell: string, ranges: readonly Range[]): string {
  const each = ranges.map(({ first, end }) => `${cell} BETWEEN ${first} AND ${end - 1}`);
  return `(${each.join(" OR ")})`;
}

async function countRows(connection: DuckDBConnection, query: string): Promise<number> {
  const answer = await connection.runAndReadAll(`SELECT count(*) FROM (${query})`);
  return Number(answer.getRows()[0]![0]);
}

/** A file of a commit's part alone: its own, or `copy`, which is written if it shares one. */
async function fileOf(commit: Commit, partsFolder: string, copy: string): Promise<string> {
  const path = join(partsFolder, commit.file);
  if (commit.offset === null) return path;
  const file = await open(path, "r");
  try {
    await writeFile(copy, await readPart(file, commit));
  } finally {
    await file.close();
  }
  return copy;
}
