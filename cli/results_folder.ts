import {
  closeSync,
  existsSync,
  fstatSync,
  openSync,
  readdirSync,
  readSync,
  statSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { JOURNAL_FILE } from "../coordinator/journal/sqlite_journal.ts";
import { RESULTS_FILE } from "../coordinator/results/merge.ts";
import { FailureError, nearest, UsageError } from "../shared/errors.ts";
import { shellWord } from "../shared/shell_word.ts";
import { RESULTS_DEFAULT } from "./results_place.ts";

const FOLDERS_SHOWN = 8;
const MAGIC = "PAR1";

/** The merged results in a folder. @throws UsageError if there are none, with the folder that is meant, FailureError if they are damaged */
export function mergedResultsIn(folder: string): string {
  const path = join(folder, RESULTS_FILE);
  if (existsSync(path)) {
    checkWhole(path);
    return path;
  }
  const found = statSync(folder, { throwIfNoEntry: false });
  // The folder of a fleet has the journal of all sweeps, and those that are finished in it.
  const isUnfinished =
    existsSync(join(folder, JOURNAL_FILE)) && resultsFoldersIn(folder).length === 0;
  if (isUnfinished) {
    throw new UsageError({
      place: folder,
      problem: "no sweep in it is finished: it runs still, or was interrupted",
      fix: "wait for its end, or start it again as before: it goes on from what is there",
    });
  }
  const problem =
    found === undefined
      ? "there is no such folder"
      : found.isDirectory()
        ? `there is no ${RESULTS_FILE} in it`
        : "it is a file, not a folder";
  const above = dirname(folder);
  const isInResults = found?.isFile() === true && existsSync(join(above, RESULTS_FILE));
  const fix = isInResults ? `write ${shellWord(above)}` : whichFolder(folder);
  throw new UsageError({ place: folder, problem, fix });
}

/** A Parquet file begins and ends with the same four letters. @throws FailureError where they lack */
function checkWhole(path: string): void {
  const file = openSync(path, "r");
  try {
    const { size } = fstatSync(file);
    const ends = [0, size - MAGIC.length].map((position) => {
      const bytes = Buffer.alloc(MAGIC.length);
      if (position >= 0) readSync(file, bytes, 0, MAGIC.length, position);
      return bytes.toString("latin1");
    });
    if (size >= 2 * MAGIC.length && ends.every((end) => end === MAGIC)) return;
  } finally {
    closeSync(file);
  }
  throw new FailureError({
    place: path,
    problem: "it is no whole Parquet file: it was cut off, or something else wrote it",
    fix: "restore it from a copy, or run its sweep file into another folder",
  });
}

/** A folder of results that is called almost so, or those that there are. */
function whichFolder(folder: string): string {
  // A folder may hold those of several sweeps, and a name alone is one of what `run` made.
  const within = resultsFoldersIn(folder);
  const near =
    within.length > 0 ? within : [dirname(folder), RESULTS_DEFAULT].flatMap(resultsFoldersIn);
  const guess = nearest(
    basename(folder),
    near.map((each) => basename(each)),
  );
  const meant = near.find((each) => basename(each) === guess);
  if (meant !== undefined) return `write ${shellWord(meant)}`;
  if (near.length === 0) {
    return "give the results folder of a finished sweep: `phasesweep run SWEEP.yaml` makes results/NAME";
  }
  const shown = [...new Set(near)].slice(0, FOLDERS_SHOWN);
  return `give one of ${shown.map(shellWord).join(", ")}${new Set(near).size > shown.length ? ", …" : ""}`;
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
