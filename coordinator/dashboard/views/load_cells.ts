import type { DuckDBConnection, DuckDBVector } from "@duckdb/node-api";
import { PHASES } from "../../../shared/phases.ts";
import { groupIndexOf, type Plan } from "../../../shared/plan.ts";
import { intersects, type Range } from "../../../shared/ranges.ts";
import type { Commit } from "../../journal/journal.ts";
import { columnsOfPart } from "../../results/part_check.ts";
import { quote } from "../../results/sql_text.ts";
import type { Storage } from "../../storage.ts";
import type { CellStates } from "./cell_states.ts";
import { withDuckDb } from "./duck_db.ts";
import { noPart, readSharedParts } from "./shared_parts.ts";
import type { Slices } from "./slices.ts";

/** Files of one part each that one query reads. */
const QUERY_FILES = 64;

/**
 * Reads the phases of all cells that are committed by now, in slices. Parts of files that they share
 * are read one after another; those of files of their own may be large, or copies from earlier
 * sweeps, so that DuckDB reads their one column.
 * @throws Error if a file is gone meanwhile
 */
export async function loadCommitted(
  storage: Storage,
  plan: Plan,
  states: CellStates,
  slices: Slices,
): Promise<void> {
  const alone: Commit[] = [];
  let after = 0;
  for (;;) {
    const page = await storage.journal.commitsAfter(plan.name, after);
    if (page === undefined) break;
    after = page.last;
    const shared = new Map<string, Commit[]>();
    for (const commit of page.commits) {
      if (commit.offset === null) alone.push(commit);
      else shared.set(commit.file, [...(shared.get(commit.file) ?? []), commit]);
    }
    for (const commits of shared.values()) {
      await readSharedParts(storage, commits, slices, (commit, bytes) => {
        const phases = phasesOfBytes(plan, commit.range, bytes);
        if (phases === undefined) throw noPart(commit);
        applyPart(states, commit, phases);
      });
    }
    if (slices.isOver) await slices.next();
  }
  if (alone.length === 0) return;
  await withDuckDb(async (connection) => {
    for (let at = 0; at < alone.length; at += QUERY_FILES) {
      await loadAlone(connection, storage, alone.slice(at, at + QUERY_FILES), states, slices);
    }
  });
}

/** Takes the accepted cells of a part; `phases` begins with the first cell of its range. */
export function applyPart(
  states: CellStates,
  { range, accepted }: { readonly range: Range; readonly accepted: readonly Range[] },
  phases: Float64Array,
): void {
  for (const { first, end } of accepted) {
    states.commit(first, phases.subarray(first - range.first, end - range.first));
  }
}

/** The phases of a part as it came over the wire; undefined if it is no part of this plan. */
export function phasesOfBytes(plan: Plan, { first, end }: Range, bytes: Uint8Array) {
  if (end > plan.cells) return undefined;
  const { shape } = plan.groups[groupIndexOf(plan, first)]!;
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return columnsOfPart(buffer, shape, end - first, ["phase"])?.[0];
}

async function loadAlone(
  connection: DuckDBConnection,
  storage: Storage,
  commits: readonly Commit[],
  states: CellStates,
  slices: Slices,
): Promise<void> {
  const paths = commits.map(({ file }) => quote(storage.partPath(file)));
  const result = await connection.stream(
    `SELECT file_index::UINTEGER, file_row_number::UINTEGER, coalesce(phase, 0)::UTINYINT
     FROM read_parquet([${paths}], file_row_number = true)`,
  );
  for (let chunk = await result.fetchChunk(); chunk?.rowCount; chunk = await result.fetchChunk()) {
    const [files, rows, phases] = [0, 1, 2].map((column) => chunk!.getColumnVector(column));
    for (let i = 0; i < chunk.rowCount; ) {
      // A run of rows of one accepted range of one file.
      const commit = commits[files!.getItem(i) as number]!;
      const cell = commit.range.first + (rows!.getItem(i) as number);
      const within = commit.accepted.find((range) =>
        intersects(range, { first: cell, end: cell + 1 }),
      );
      if (within === undefined) {
        i++;
        continue;
      }
      let length = 1;
      const most = Math.min(chunk.rowCount - i, within.end - cell);
      while (length < most && (files!.getItem(i + length) as number) === files!.getItem(i))
        length++;
      states.commit(cell, phasesFrom(phases!, i, length));
      i += length;
    }
    if (slices.isOver) await slices.next();
  }
}

/** Reads the phases of all cells of a merged file, in slices. */
export async function loadMerged(path: string, states: CellStates, slices: Slices): Promise<void> {
  const cases = PHASES.map((phase, code) => `WHEN ${quote(phase)} THEN ${code}`);
  await withDuckDb(async (connection) => {
    const result = await connection.stream(
      `SELECT cell::DOUBLE, (CASE phase ${cases.join(" ")} END)::UTINYINT
       FROM read_parquet(${quote(path)})`,
    );
    for (
      let chunk = await result.fetchChunk();
      chunk?.rowCount;
      chunk = await result.fetchChunk()
    ) {
      const [cells, phases] = [chunk.getColumnVector(0), chunk.getColumnVector(1)];
      // Rows are in the order of cells, of which some may be missing.
      for (let i = 0; i < chunk.rowCount; ) {
        const first = cells.getItem(i) as number;
        let length = 1;
        while (i + length < chunk.rowCount && cells.getItem(i + length) === first + length)
          length++;
        states.commit(first, phasesFrom(phases, i, length));
        i += length;
      }
      if (slices.isOver) await slices.next();
    }
  });
}

/** `length` phases of a chunk from row `from` on. */
function phasesFrom(column: DuckDBVector, from: number, length: number): Uint8Array {
  const phases = new Uint8Array(length);
  for (let i = 0; i < length; i++) phases[i] = column.getItem(from + i) as number;
  return phases;
}
