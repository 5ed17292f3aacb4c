import { readFileSync, statSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { messageOf, UsageError } from "../errors.ts";
import { DATA_FILE_BYTES_MAX } from "../limits.ts";

/** The content of a file that data are read from. */
export interface DataFile {
  /** How errors name it. */
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** A refusal of a file that names it. */
export function refuseFile(path: string, problem: string, fix: string): never {
  throw new UsageError({ place: path, problem, fix });
}

/** Reads a file, decompressed if it is in gzip form. @throws UsageError that names it */
export function readDataFile(path: string): DataFile {
  const bytes = readWhole(path);
  const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
  if (!isGzip) {
    if (!path.endsWith(".gz")) return { path, bytes };
    refuseFile(
      path,
      "its name ends in .gz, but it is no gzip file",
      "rename it, or fetch it again",
    );
  }
  try {
    return { path, bytes: gunzipSync(bytes, { maxOutputLength: DATA_FILE_BYTES_MAX }) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") {
      refuseFile(
        path,
        `decompressed it is over the limit of ${DATA_FILE_BYTES_MAX} bytes (DATA_FILE_BYTES_MAX)`,
        "split the data into several files, or take fewer samples",
      );
    }
    const problem = `it is a damaged gzip file: ${messageOf(error)}`;
    return refuseFile(path, problem, "fetch the file again");
  }
}

function readWhole(path: string): Uint8Array {
  try {
    const { size } = statSync(path);
    if (size > DATA_FILE_BYTES_MAX) {
      refuseFile(
        path,
        `${size} bytes is over the limit of ${DATA_FILE_BYTES_MAX} (DATA_FILE_BYTES_MAX)`,
        "split the data into several files, or take fewer samples",
      );
    }
    return readFileSync(path);
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    const problem = code === "ENOENT" ? "no such file" : `cannot be read: ${messageOf(error)}`;
    return refuseFile(path, problem, missingFix(path));
  }
}

/** Debian's packages of data sets, dataset-NAME, put their files into a folder NAME here. */
const DEBIAN_DATASETS = /^\/usr\/share\/datasets\/([a-z0-9.+-]+)\//;

function missingFix(path: string): string {
  const [, name] = DEBIAN_DATASETS.exec(path) ?? [];
  if (name === undefined)
    return "check the path: relative ones begin at the folder of the sweep file";
  return `install Debian's package dataset-${name} (apt-get install dataset-${name}), or give the folder where you have its files`;
}
