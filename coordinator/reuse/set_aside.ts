import { copyFile, link, mkdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import {
  ACCURACY_FILE,
  BOUNDARIES_FILE,
  FIGURE_FILE,
  LOSS_FILE,
  PAPER_FILE,
  WIDTHS_FILE,
} from "../analysis/analyze.ts";
import { MAP_FILES } from "../analysis/maps/write_maps.ts";
import { publishDurably, syncPath } from "../results/durable_file.ts";
import { PROVENANCE_FILE, RESULTS_FILE } from "../results/merge.ts";
import { EARLIER_FOLDER } from "./sources.ts";

/** What a finished sweep leaves in its folder. */
const FILES = [
  PROVENANCE_FILE,
  BOUNDARIES_FILE,
  FIGURE_FILE,
  ACCURACY_FILE,
  LOSS_FILE,
  PAPER_FILE,
  ...MAP_FILES,
  WIDTHS_FILE,
  RESULTS_FILE,
];

/** Characters of a plan digest that name the folder of an earlier sweep. */
const DIGEST_CHARACTERS = 12;

/** Makes the folder for an earlier sweep durably, and returns its path. */
export async function makeEarlierFolder(folder: string, plan_digest: string): Promise<string> {
  const earlier = join(folder, EARLIER_FOLDER);
  const place = join(earlier, plan_digest.slice(0, DIGEST_CHARACTERS));
  await mkdir(place, { recursive: true });
  await syncPath(earlier);
  await syncPath(folder);
  return place;
}

/**
 * Gives the merged files of a folder a second name in `place`. They stay where they are too, so
 * that the sweep is whole until the journal has the next one.
 */
export async function keepMergedFiles(folder: string, place: string): Promise<void> {
  for (const name of FILES) {
    const from = join(folder, name);
    if (!(await exists(from))) continue;
    const temporary = join(place, `${name}.partial`);
    await rm(temporary, { force: true });
    // Not every file system has hard links.
    await link(from, temporary).catch(() => copyFile(from, temporary));
    await publishDurably(temporary, join(place, name));
    // Renaming one name of a file to another name of the same file does nothing.
    await rm(temporary, { force: true });
  }
}

/** Takes the merged files of a sweep that is no longer the folder's out of it. */
export async function removeMergedFiles(folder: string): Promise<void> {
  for (const name of FILES) await rm(join(folder, name), { force: true });
  await syncPath(folder);
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
