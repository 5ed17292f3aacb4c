import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

/**
 * Where a stored data set of a results folder is: in its own `datasets/` or, where a coordinator has
 * many sweeps, in that of the folder around it. Undefined where it is gone.
 */
export function storedDatasetPath(folder: string, digest: string): string | undefined {
  return [folder, dirname(resolve(folder))]
    .map((place) => join(place, "datasets", digest))
    .find((candidate) => existsSync(candidate));
}
