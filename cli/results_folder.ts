import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { RESULTS_FILE } from "../coordinator/results/merge.ts";
import { nearest, UsageError } from "../shared/errors.ts";
import { RESULTS_DEFAULT } from "./results_place.ts";

const FOLDERS_SHOWN = 8;

/** The merged results in a folder. @throws UsageError if there are none, with the folder that is meant */
export function mergedResultsIn(folder: string): string {
  const path = join(folder, RESULTS_FILE);
  if (existsSync(path)) return path;
  const found = statSync(folder, { throwIfNoEntry: false });
  const problem =
    found === undefined
      ? "there is no such folder"
      : found.isDirectory()
        ? `there is no ${RESULTS_FILE} in it`
        : "it is a file, not a folder";
  throw new UsageError({ place: folder, problem, fix: whichFolder(folder) });
}

/** A folder of results that is called almost so, or those that there are. */
function whichFolder(folder: string): string {
  // A folder may hold those of several sweeps, and a name alone is one of what `run` made.
  const near = [folder, dirname(folder), RESULTS_DEFAULT].flatMap(resultsFoldersIn);
  const guess = nearest(
    basename(folder),
    near.map((each) => basename(each)),
  );
  const meant = near.find((each) => basename(each) === guess);
  if (meant !== undefined) return `write ${meant}`;
  if (near.length === 0) {
    return "give the results folder of a finished sweep: `phasesweep run SWEEP.yaml` makes results/NAME";
  }
  const shown = [...new Set(near)].slice(0, FOLDERS_SHOWN);
  return `give one of ${shown.join(", ")}${new Set(near).size > shown.length ? ", …" : ""}`;
}

function resultsFoldersIn(folder: string): string[] {
  try {
    return readdirSync(folder)
      .toSorted()
      .map((name) => join(folder, name))
      .filter((path) => existsSync(join(path, RESULTS_FILE)));
  } catch {
    return [];
  }
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
