import { Document, isCollection, isMap } from "yaml";
import { findMaps } from "../../coordinator/analysis/maps/find_maps.ts";
import { type ZoomWindow, zoomSweep } from "../../coordinator/analysis/maps/zoom.ts";
import { readPlan } from "../../coordinator/results/metadata.ts";
import { UsageError } from "../../shared/errors.ts";
import { buildPlan } from "../../shared/spec/build_plan.ts";
import { parseSweep } from "../../shared/spec/load.ts";
import { mergedResultsIn, withDuckDb } from "../results_folder.ts";

export interface ZoomOptions {
  readonly learningRate: readonly [number, number];
  readonly y: readonly [number, number];
  readonly points: number;
  /** Which map of the folder, from 1. */
  readonly map: number;
  readonly json?: boolean;
}

/** Prints the sweep file of a window of a map, which `run` takes as it is. @throws UsageError */
export async function zoomCommand(folder: string, options: ZoomOptions): Promise<void> {
  const results = mergedResultsIn(folder);
  const plan = await withDuckDb((connection) => readPlan(connection, results));
  const maps = findMaps(plan);
  const map = maps[options.map - 1];
  if (map === undefined) {
    throw new UsageError({
      place: folder,
      problem: `there is no map ${options.map}: the sweep has ${maps.length} of them`,
      fix: maps.length > 0 ? `write --map 1 to ${maps.length}` : "take the folder of a map",
    });
  }
  const window: ZoomWindow = { ...options, learning_rate: options.learningRate };
  const file = zoomSweep(plan, map, window);
  const text = sweepText(file);
  // What the window asks too much of is said here rather than by the next command.
  buildPlan(parseSweep(text, "zoom"));
  process.stdout.write(options.json === true ? `${JSON.stringify(file, null, 2)}\n` : text);
}

/** One line a key of the file: everything within is written in braces and brackets. */
function sweepText(file: object): string {
  const document = new Document(file);
  if (isMap(document.contents)) {
    for (const { value } of document.contents.items) if (isCollection(value)) value.flow = true;
  }
  return document.toString({ lineWidth: 0 });
}
