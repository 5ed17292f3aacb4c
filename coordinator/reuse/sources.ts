import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { messageOf } from "../../shared/errors.ts";
import { type Plan, parsePlan } from "../../shared/plan.ts";
import { RESULTS_FILE } from "../results/merge.ts";
import { METADATA, readMetadata } from "../results/metadata.ts";
import { quote } from "../results/sql_text.ts";

/** Folder within a results folder of `run` for the sweeps that were there before. */
export const EARLIER_FOLDER = "earlier";

/** A merged file whose cells other sweeps may take over. */
export interface Source {
  readonly path: string;
  /** Its plan, or where it lacks cells its work plan, in whose order few ranges are there. */
  readonly plan: Plan;
  readonly plan_digest: string;
  /** It has every cell of its plan. */
  readonly isComplete: boolean;
}

export interface Sources {
  /** Complete ones first. */
  readonly sources: readonly Source[];
  /** A line for each file that cannot be used, with the reason. */
  readonly notes: readonly string[];
}

/**
 * Merged files in a results folder of one sweep: its own and those of earlier sweeps. With
 * `siblings`, a folder of such folders, theirs too.
 */
export async function sourcesOfSweepFolder(folder: string, siblings?: string): Promise<Sources> {
  const paths = await pathsOfSweepFolder(folder);
  const others = siblings === undefined ? [] : await pathsBelow(siblings);
  return readSources([...new Set([...paths, ...others])]);
}

/** Merged files in a folder of results folders. */
export async function sourcesBelow(folder: string): Promise<Sources> {
  return readSources(await pathsBelow(folder));
}

async function pathsBelow(folder: string): Promise<string[]> {
  const paths: string[] = [];
  for (const name of await foldersIn(folder)) {
    paths.push(...(await pathsOfSweepFolder(join(folder, name))));
  }
  return paths;
}

async function pathsOfSweepFolder(folder: string): Promise<string[]> {
  const paths: string[] = [];
  for (const name of await foldersIn(join(folder, EARLIER_FOLDER))) {
    paths.push(...(await resultsIn(join(folder, EARLIER_FOLDER, name))));
  }
  return [...paths, ...(await resultsIn(folder))];
}

async function resultsIn(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch((): string[] => []);
  return names.includes(RESULTS_FILE) ? [join(folder, RESULTS_FILE)] : [];
}

async function foldersIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name)
    .sort();
}

async function readSources(paths: readonly string[]): Promise<Sources> {
  if (paths.length === 0) return { sources: [], notes: [] };
  const sources: Source[] = [];
  const notes: string[] = [];
  const instance = await DuckDBInstance.create(":memory:", { threads: "1" });
  const connection = await instance.connect();
  try {
    for (const path of paths) {
      try {
        sources.push(await readSource(connection, path));
      } catch (error) {
        notes.push(skipped(path, error));
      }
    }
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
  const complete = sources.filter(({ isComplete }) => isComplete);
  return { sources: [...complete, ...sources.filter(({ isComplete }) => !isComplete)], notes };
}

/** The line that says that a source is not used. */
export function skipped(path: string, error: unknown): string {
  return `${path} is not used as a source of cells: ${messageOf(error).split("\n")[0]}`;
}

async function readSource(connection: DuckDBConnection, path: string): Promise<Source> {
  const texts = await readMetadata(connection, path);
  const text = texts.get(METADATA.plan);
  if (text === undefined) throw new Error("it has no plan in its metadata");
  const counted = await connection.runAndReadAll(
    `SELECT num_rows FROM parquet_file_metadata(${quote(path)})`,
  );
  const plan = parsePlan(texts.get(METADATA.work) ?? text);
  return {
    path,
    plan,
    plan_digest: texts.get(METADATA.plan_digest) ?? "",
    isComplete: Number(counted.getRows()[0]![0]) === plan.cells,
  };
}
