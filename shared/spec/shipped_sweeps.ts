import { existsSync, readdirSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { packageRoot } from "../package_info.ts";

/** Where the sweep files of the package lie. */
const FOLDER = /^sweeps\//;
const ALL_OF_FOLDER = /\/\*\.ya?ml$/;

/**
 * Where a sweep file of the package is that `sweeps/…` names. Commands of the documentation name
 * such files, and only in a clone are they in the reader's folder.
 */
export function shippedSweepPath(path: string): string | undefined {
  const inPackage = normalize(path);
  return FOLDER.test(inPackage) ? join(packageRoot, inPackage) : undefined;
}

/**
 * The paths that are meant by one of a command line: that one, or for `sweeps/…/*.yaml`, which
 * shells leave as it is where nothing matches, the files that the package has there.
 */
export function sweepPaths(path: string): readonly string[] {
  const shipped = shippedSweepPath(path);
  if (shipped === undefined || !ALL_OF_FOLDER.test(path)) return [path];
  const folder = dirname(shipped);
  const names = existsSync(folder) ? readdirSync(folder).sort() : [];
  const found = names.filter((name) => name.endsWith(".yaml"));
  return found.length === 0 ? [path] : found.map((name) => join(dirname(path), name));
}
