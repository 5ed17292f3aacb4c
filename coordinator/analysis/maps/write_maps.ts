import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import type { Plan } from "../../../shared/plan.ts";
import { union } from "../../../shared/ranges.ts";
import { writeDurably } from "../../results/durable_file.ts";
import type { BoundaryRow } from "../boundaries/boundaries.ts";
import { drawMapFigure, mapTitle } from "../figures/map_figure.ts";
import { MAP_PALETTE } from "../figures/map_palette.ts";
import { encodePng } from "../figures/png.ts";
import { cellsWithin, type RunsSource, rangeOf } from "../runs_source.ts";
import type { PhaseMap } from "./find_maps.ts";
import { readMapPicture } from "./read_raster.ts";

/** Maps that one analysis draws. */
const MAPS_MAX = 12;

/** A map that was drawn. */
export interface MapFiles {
  readonly title: string;
  /** Path of the framed picture, with axes, legend and caption. */
  readonly svg: string;
  /** Path of the bare picture, one pixel a network as far as there is room. */
  readonly png: string;
}

/** "map.svg", "map-2.svg", … */
function mapFile(index: number, type: "svg" | "png"): string {
  return `map${index === 0 ? "" : `-${index + 1}`}.${type}`;
}

/** Every name that a map may have. */
export const MAP_FILES: readonly string[] = Array.from({ length: MAPS_MAX }, (_, i) => i).flatMap(
  (i) => [mapFile(i, "svg"), mapFile(i, "png")],
);

/** Draws the first MAPS_MAX maps, one after another. The caller syncs the folder. */
export async function writeMaps(
  folder: string,
  maps: readonly PhaseMap[],
  {
    connection,
    source,
    rows,
  }: { connection: DuckDBConnection; source: RunsSource; rows: readonly BoundaryRow[] },
): Promise<MapFiles[]> {
  const files: MapFiles[] = [];
  for (const [i, map] of maps.slice(0, MAPS_MAX).entries()) {
    const [svg, png] = [join(folder, mapFile(i, "svg")), join(folder, mapFile(i, "png"))];
    const picture = await readMapPicture(connection, source, map);
    await writeDurably(png, encodePng(picture.raster, MAP_PALETTE));
    await writeDurably(svg, Buffer.from(drawMapFigure(map, picture, rows)));
    files.push({ title: mapTitle(map), svg, png });
  }
  return files;
}

export function shapeGroupsOf(maps: readonly PhaseMap[]): Set<string> {
  return new Set(maps.flatMap(({ groups }) => groups.map(({ shape_group }) => shape_group)));
}

/** The rows of the groups that are in no map. */
export function runsBesideMaps(
  source: RunsSource,
  plan: Plan,
  maps: readonly PhaseMap[],
): RunsSource {
  const drawn = shapeGroupsOf(maps);
  if (drawn.size === 0) return source;
  // By shape group, as rounds may have added seeds to those of a map.
  const ranges = plan.groups.filter(({ shape_group }) => drawn.has(shape_group)).map(rangeOf);
  return `(SELECT * FROM ${source} WHERE NOT ${cellsWithin(union(ranges, []))})`;
}
