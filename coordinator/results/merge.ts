import { rm, stat } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { type Plan, planDigest, serializePlan } from "../../shared/plan.ts";
import { type Range, size } from "../../shared/ranges.ts";
import { trajectoryPoints } from "../../shared/shape_group.ts";
import { planCells } from "../../shared/work_plan.ts";
import type { Commit } from "../journal/journal.ts";
import { publishDurably } from "./durable_file.ts";
import { joinSmallParts } from "./join_parts.ts";
import { METADATA } from "./metadata.ts";
import { ParquetConcatenation } from "./parquet_concat.ts";
import { piecesByWindow, type Window } from "./pieces.ts";
import { quote } from "./sql_text.ts";
import { makeTemporaryFolder } from "./temporary_folder.ts";
import { windowQuery } from "./window_query.ts";

export const RESULTS_FILE = "results.parquet";
export const PROVENANCE_FILE = "provenance.parquet";

export interface MergedResults {
  readonly rows: number;
  readonly sha256: string;
}

/**
 * Cells of one row group. Each is made on its own, so it is a function of its cells alone, and any
 * number of them may be made at the same time.
 */
const WINDOW_CELLS = 122_880;
/** Points of trajectories in a row group, where there are any. */
const WINDOW_POINTS = 2 ** 22;

/** Windows made at the same time; each keeps its cells in memory, some 40 MB. */
const LANES_MAX = 4;

/** A sweep as it was submitted, and in the order in which its cells are computed. */
export interface SweepPlans {
  readonly plan: Plan;
  /** The same object as `plan` where no cells of earlier sweeps were taken over in pieces. */
  readonly work: Plan;
}

export interface MergePlace {
  /** The folder of the parts. */
  readonly parts: string;
  /** Where the merged files appear. */
  readonly folder: string;
  /** The start of the coordinator (Journal.epoch). */
  readonly start: number;
  /** Called before anything gets its final name. @throws if another coordinator has taken over */
  readonly confirm: () => Promise<void>;
}

/**
 * Merges the parts of a sweep into `folder`/results.parquet, one row a cell in the plan's order, and
 * writes beside it who computed what. Parts and `without`, the cells to leave out, are numbered as
 * in the work plan. The bytes of results.parquet depend on the plan and the cells alone: not on how
 * the cells were cut into parts, nor by whom, nor in which sweep.
 *
 * @throws Error if a cell is missing or there twice; no file appears under a final name then.
 */
export async function mergeResults(
  { plan, work }: SweepPlans,
  commits: readonly Commit[],
  without: readonly Range[],
  { parts: partsFolder, folder, start, confirm }: MergePlace,
): Promise<MergedResults> {
  const temporaryFolder = await makeTemporaryFolder(folder, "merge", start);
  // The lanes are the threads: each runs the queries of its windows by itself.
  const instance = await DuckDBInstance.create(":memory:", {
    threads: "1",
    memory_limit: "400MB",
    // Parts are read once or twice; kept in memory they would fill it up to the limit.
    enable_external_file_cache: "false",
    temp_directory: temporaryFolder,
  });
  try {
    const windows = piecesByWindow(plan, work, commits, without, partsFolder, windowCells(plan));
    const text = metadata(plan, without.length > 0 ? work : plan);
    const merged = await mergeWindows(instance, plan, windows, text, temporaryFolder);
    const provenance = join(temporaryFolder, PROVENANCE_FILE);
    await writeProvenance(instance, work, commits, provenance);
    await confirm();
    await publishDurably(provenance, join(folder, PROVENANCE_FILE));
    await publishDurably(join(temporaryFolder, RESULTS_FILE), join(folder, RESULTS_FILE));
    return merged;
  } finally {
    instance.closeSync();
    await rm(temporaryFolder, { recursive: true, force: true });
  }
}

/** Cells of one row group: fewer than usual where cells are large. */
function windowCells({ groups }: Plan): number {
  const points = groups.map(({ shape }) => trajectoryPoints(shape));
  const most = points.reduce((a, b) => Math.max(a, b), 1);
  return Math.max(1, Math.min(WINDOW_CELLS, Math.floor(WINDOW_POINTS / most)));
}

/** Makes every window as a file, and appends each to the results when those before it are there. */
async function mergeWindows(
  instance: DuckDBInstance,
  plan: Plan,
  windows: readonly Window[],
  text: string,
  temporaryFolder: string,
): Promise<MergedResults> {
  const results = await ParquetConcatenation.create(join(temporaryFolder, RESULTS_FILE));
  let started = 0;
  let appended = Promise.resolve();
  const lane = async () => {
    const connection = await instance.connect();
    try {
      while (started < windows.length) {
        const index = started++;
        const before = appended;
        const path = join(temporaryFolder, `window-${index}.parquet`);
        // All else about the file is the first window's.
        const keys = index === 0 ? `, KV_METADATA ${text}` : "";
        const written = writeWindow(connection, plan, windows[index]!, keys, path);
        appended = Promise.all([before, written]).then(async () => {
          await results.appendFile(path);
          await rm(path);
        });
        // The lanes see the errors of what they await; this one is looked at in the end.
        appended.catch(() => {});
        // The next window is made while this one is appended, but not long before its turn.
        await before;
        await written;
      }
    } finally {
      connection.closeSync();
    }
  };
  try {
    const lanes = Math.min(LANES_MAX, availableParallelism(), windows.length);
    await allSettledOrThrow(Array.from({ length: lanes }, lane));
    await appended;
    return { rows: results.rows, sha256: await results.finish() };
  } finally {
    await results.close();
  }
}

/** Waits for all, so that nothing is still at work when the first error is thrown. */
async function allSettledOrThrow(promises: readonly Promise<void>[]): Promise<void> {
  const outcomes = await Promise.allSettled(promises);
  for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
}

async function writeWindow(
  connection: DuckDBConnection,
  plan: Plan,
  window: Window,
  keys: string,
  path: string,
): Promise<void> {
  const joinedPath = (index: number) => `${path}.${index}.joined`;
  const { pieces, files } = await joinSmallParts(plan, window.pieces, joinedPath);
  const written = await connection.runAndReadAll(
    `COPY (${windowQuery(plan, { ...window, pieces })}) TO ${quote(path)} (FORMAT parquet, COMPRESSION zstd,
       ROW_GROUP_SIZE ${WINDOW_CELLS}${keys})`,
  );
  for (const file of files) await rm(file);
  const rows = Number(written.getRows()[0]?.[0] ?? 0);
  const { first, end } = window;
  if (rows !== size(window.pieces)) {
    throw new Error(`the parts hold ${rows} rows for cells ${first} to ${end - 1}`);
  }
}

/** Whether the merged files of a sweep are where the journal says. */
export async function mergedFilesExist(folder: string): Promise<boolean> {
  const found = await Promise.allSettled(
    [RESULTS_FILE, PROVENANCE_FILE].map((name) => stat(join(folder, name))),
  );
  return found.every(({ status }) => status === "fulfilled");
}

/**
 * Writes one row for each accepted range of each part. Where the part's cells are not neighbours in
 * the plan, it says which is the first of them and how many there are.
 */
async function writeProvenance(
  instance: DuckDBInstance,
  work: Plan,
  commits: readonly Commit[],
  path: string,
): Promise<void> {
  const connection = await instance.connect();
  try {
    await connection.run(
      `COPY (${provenanceQuery(work, commits)} ORDER BY first_cell, committed_at) TO ${quote(path)}
       (FORMAT parquet, COMPRESSION zstd)`,
    );
  } finally {
    connection.closeSync();
  }
}

function provenanceQuery(work: Plan, commits: readonly Commit[]): string {
  const firstCell = ({ range: { first } }: Commit) =>
    planCells(work, { first, end: first + 1 })[0]!.first;
  const rows = commits.flatMap((commit) =>
    commit.accepted.map(
      () => `(${firstCell(commit)}, ${commit.range.end - commit.range.first},
        ${quote(commit.sha256)}, ${quote(commit.worker)}, ${quote(commit.host)},
        ${quote(commit.version)}, ${commit.slot},
        ${quote(commit.lease)}, ${Math.round(commit.started_ms)}, '${commit.compute_ms}'::DOUBLE,
        ${Math.round(commit.committed_ms)})`,
    ),
  );
  return `SELECT first_cell::BIGINT AS first_cell, cell_count::BIGINT AS cell_count, sha256, worker,
      host, slot::INTEGER AS slot, lease, epoch_ms(started_ms::BIGINT) AS started_at, compute_ms,
      epoch_ms(committed_ms::BIGINT) AS committed_at, version
    FROM (VALUES ${rows.join(",\n")}) AS t(first_cell, cell_count, sha256, worker, host, version, slot,
      lease, started_ms, compute_ms, committed_ms)`;
}

/**
 * Metadata of the file: the whole plan, and nothing that changes by run or by release. A file
 * that lacks cells also has the work plan, in whose order those that are there are few ranges.
 */
function metadata(plan: Plan, work: Plan): string {
  const entries = {
    [METADATA.sweep]: plan.name,
    [METADATA.plan_digest]: planDigest(plan),
    [METADATA.plan]: serializePlan(plan),
    ...(work === plan ? {} : { [METADATA.work]: serializePlan(work) }),
  };
  const members = Object.entries(entries).map(([key, value]) => `${quote(key)}: ${quote(value)}`);
  return `{${members.join(", ")}}`;
}
