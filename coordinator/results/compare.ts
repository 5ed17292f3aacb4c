import { open, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { intersects, type Range } from "../../shared/ranges.ts";
import type { Commit } from "../journal.ts";
import { readPart } from "./part_files.ts";
import { quote } from "./sql_text.ts";

/** A part whose cells are committed already. */
export interface Duplicate {
  /** Different for every arrival. */
  readonly id: string;
  readonly range: Range;
  readonly bytes: Uint8Array;
  readonly sha256: string;
}

/**
 * How many of the cells that a duplicate shares with a commit, and that the commit brought in, are
 * not the same, bit for bit but for the sign of a zero and the payload of a NaN. What else the
 * commit's file holds does not count: others brought those cells, or nobody did.
 */
export async function countDifferences(
  duplicate: Duplicate,
  commit: Commit,
  partsFolder: string,
): Promise<number> {
  const { range, sha256, bytes, id } = duplicate;
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
    const cells = (file: string, part_first: number) =>
      `SELECT * REPLACE (file_row_number + ${part_first} AS file_row_number)
         FROM read_parquet(${quote(file)}, file_row_number = true)
        WHERE ${shared.map(({ first, end }) => `file_row_number + ${part_first} BETWEEN ${first} AND ${end - 1}`).join(" OR ")}`;
    const committed = await fileOf(commit, partsFolder, copy);
    const there = cells(committed, commit.range.first);
    const answer = await connection.runAndReadAll(
      `SELECT count(*) FROM (${cells(path, range.first)} EXCEPT ${there})`,
    );
    connection.closeSync();
    return Number(answer.getRows()[0]![0]);
  } finally {
    instance.closeSync();
    for (const temporary of [path, copy]) await rm(temporary, { force: true });
  }
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
