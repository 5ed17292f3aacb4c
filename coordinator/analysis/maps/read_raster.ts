import type { DuckDBConnection } from "@duckdb/node-api";
import { PHASES, type Phase } from "../../../shared/phases.ts";
import { seedCount } from "../../../shared/spec/axes.ts";
import { quote } from "../../results/sql_text.ts";
import type { RunsSource } from "../runs_source.ts";
import type { PhaseMap } from "./find_maps.ts";
import { EMPTY, type Raster, SHADES } from "./raster.ts";

/** Pixels a side of a map with one cell a pixel; longer sides show several cells a pixel. */
export const MAP_SIDE_PIXELS_MAX = 4096;
/** The same for a map that DuckDB aggregates, whose every pixel is an entry of a hash table. */
export const AGGREGATED_SIDE_PIXELS_MAX = 2048;
/** About so many cells tell which range of a quantity the shades of a phase should cover. */
const SAMPLE_CELLS = 65_536;
/** 2^31 divided by the golden ratio: its multiples, modulo 2^31, are spread evenly. */
const SPREAD = 1_327_217_885;

/** What the shades within a phase show: `first` and `last` are its values at shade 0 and the last. */
export type Shading =
  | { readonly by: "seeds" }
  | { readonly by: "runs"; readonly ranges: Readonly<Partial<Record<Phase, ShadeRange>>> };

export interface ShadeRange {
  readonly first: number;
  readonly last: number;
}

/** A map's picture: columns by ascending η, rows by descending parameter. */
export interface MapPicture {
  readonly raster: Raster;
  readonly shading: Shading;
  /** Learning rates a column, values of the parameter a row; the last of either may have fewer. */
  readonly stride: { readonly x: number; readonly y: number };
}

/**
 * The quantity that shades runs of a phase, positive, as SQL; its logarithm is spread over the
 * shades. Unsettled runs have one shade.
 */
const QUANTITIES: Readonly<Partial<Record<Phase, string>>> = {
  lazy: "loss_final",
  catapult: "increases",
  divergent: "diverged_at",
};

/**
 * Reads a map's cells into a picture, column by column of result rows: no object a cell. With one
 * seed and at most MAP_SIDE_PIXELS_MAX cells a side a pixel is a cell. Otherwise a pixel has the
 * commonest phase among its cells, and its shade is the share of that phase where there are several
 * seeds, the mean shade of its runs otherwise.
 */
export async function readMapPicture(
  connection: DuckDBConnection,
  source: RunsSource,
  map: PhaseMap,
): Promise<MapPicture> {
  const seeds = seedCount(map.groups[0]!.seeds);
  const sides = [map.learning_rates.length, map.values.length];
  const isDirect = seeds === 1 && sides.every((side) => side <= MAP_SIDE_PIXELS_MAX);
  const limit = isDirect ? MAP_SIDE_PIXELS_MAX : AGGREGATED_SIDE_PIXELS_MAX;
  const [x, y] = sides.map((side) => Math.ceil(side / limit)) as [number, number];
  const shading: Shading =
    seeds > 1 ? { by: "seeds" } : { by: "runs", ranges: await readRanges(connection, source, map) };
  const raster = {
    width: Math.ceil(sides[0]! / x),
    height: Math.ceil(sides[1]! / y),
    entries: new Uint8Array(Math.ceil(sides[0]! / x) * Math.ceil(sides[1]! / y)).fill(EMPTY),
  };
  const picture = { raster, shading, stride: { x, y } };
  if (isDirect) await fillCells(connection, source, map, picture);
  else await fillAggregates(connection, source, map, picture);
  return picture;
}

/** First cell of a map, the cell after its last, and cells a group. */
function extent({ groups }: PhaseMap): { first: number; end: number; cells: number } {
  const firsts = groups.map(({ first_cell }) => first_cell);
  const { cells } = groups[0]!;
  // Folded rather than spread over a call's arguments, of which there may be too many.
  const first = firsts.reduce((a, b) => Math.min(a, b));
  return { first, end: firsts.reduce((a, b) => Math.max(a, b)) + cells, cells };
}

/** Row of each group, by its place among the groups of the block from the map's first on; −1: none. */
function rowOfPlace(map: PhaseMap, stride: number): Int32Array {
  const { first, end, cells } = extent(map);
  const rows = new Int32Array((end - first) / cells).fill(-1);
  const height = Math.ceil(map.groups.length / stride);
  for (const [i, { first_cell }] of map.groups.entries()) {
    rows[(first_cell - first) / cells] = height - 1 - Math.floor(i / stride);
  }
  return rows;
}

async function fillCells(
  connection: DuckDBConnection,
  source: RunsSource,
  map: PhaseMap,
  { raster, shading }: MapPicture,
): Promise<void> {
  const { first, end, cells } = extent(map);
  const rows = rowOfPlace(map, 1);
  const result = await connection.stream(
    `SELECT (cell - ${first})::UINTEGER AS place, (${entrySql(shading)})::UTINYINT AS entry
     FROM ${source} WHERE cell >= ${first} AND cell < ${end}`,
  );
  for (let chunk = await result.fetchChunk(); chunk?.rowCount; chunk = await result.fetchChunk()) {
    const places = chunk.getColumnVector(0);
    const entries = chunk.getColumnVector(1);
    for (let i = 0; i < chunk.rowCount; i++) {
      const place = places.getItem(i) as number;
      const group = Math.floor(place / cells);
      const row = rows[group]!;
      if (row < 0) continue;
      raster.entries[row * raster.width + place - group * cells] = entries.getItem(i) as number;
    }
  }
}

async function fillAggregates(
  connection: DuckDBConnection,
  source: RunsSource,
  map: PhaseMap,
  { raster, shading, stride }: MapPicture,
): Promise<void> {
  const { first, end, cells } = extent(map);
  const points = map.learning_rates.length;
  const rows = rowOfPlace(map, stride.y);
  const pixel = `row_of_place[place // ${cells} + 1] * ${raster.width}
    + (place % ${cells} % ${points}) // ${stride.x}`;
  const count = (phase: Phase) => `count(*) FILTER (entry // ${SHADES} = ${PHASES.indexOf(phase)})`;
  const result = await connection.stream(
    `SELECT pixel::UINTEGER AS pixel, ${PHASES.map(count)},
       ${PHASES.map((_, phase) => `sum(entry - ${phase * SHADES}) FILTER (entry // ${SHADES} = ${phase})`)}
     FROM (
       SELECT ${pixel} AS pixel, entry FROM (
         SELECT cell - ${first} AS place, (${entrySql(shading)})::INTEGER AS entry
         FROM ${source} WHERE cell >= ${first} AND cell < ${end}
       ), (SELECT [${rows}] AS row_of_place)
       WHERE row_of_place[place // ${cells} + 1] >= 0
     ) GROUP BY ALL`,
  );
  const bySeeds = shading.by === "seeds";
  for (let chunk = await result.fetchChunk(); chunk?.rowCount; chunk = await result.fetchChunk()) {
    const pixels = chunk.getColumnVector(0);
    const counts = PHASES.map((_, i) => chunk!.getColumnVector(1 + i));
    const shades = PHASES.map((_, i) => chunk!.getColumnVector(1 + PHASES.length + i));
    for (let i = 0; i < chunk.rowCount; i++) {
      let best = 0;
      let most = 0;
      let total = 0;
      for (let phase = 0; phase < PHASES.length; phase++) {
        const found = Number(counts[phase]!.getItem(i));
        total += found;
        if (found > most) {
          most = found;
          best = phase;
        }
      }
      const shade = bySeeds
        ? shareShade(most / total)
        : Math.floor(Number(shades[best]!.getItem(i)) / most);
      raster.entries[pixels.getItem(i) as number] = best * SHADES + shade;
    }
  }
}

/** All seeds in one phase have its own tone; half of them or fewer the last. */
function shareShade(share: number): number {
  return Math.round(Math.min(1, 2 * (1 - share)) * (SHADES - 1));
}

/** Entry of a cell, as SQL. */
function entrySql(shading: Shading): string {
  const cases = PHASES.map((phase, code) => {
    const range = shading.by === "runs" ? shading.ranges[phase] : undefined;
    const quantity = QUANTITIES[phase];
    let shade = "0";
    if (range !== undefined && quantity !== undefined && range.last !== range.first) {
      const [low, high] = [Math.log(range.first), Math.log(range.last)];
      // NaN compares above everything in DuckDB, so a loss that is none gets the last shade.
      const part = `(ln(greatest(${quantity}, 1e-300)) - ${low}) * ${SHADES / (high - low)}`;
      shade = `least(greatest(coalesce(floor(${part}), 0), 0), ${SHADES - 1})`;
    }
    return `WHEN ${quote(phase)} THEN ${code * SHADES} + ${shade}`;
  });
  return `CASE phase ${cases.join(" ")} ELSE ${EMPTY} END`;
}

/** The 2 and 98 % quantiles of the quantities among a sample of the runs that is always the same. */
async function readRanges(
  connection: DuckDBConnection,
  source: RunsSource,
  map: PhaseMap,
): Promise<Partial<Record<Phase, ShadeRange>>> {
  const { first, end } = extent(map);
  const share = Math.min(1, SAMPLE_CELLS / (end - first));
  const columns = Object.entries(QUANTITIES).map(
    ([phase, quantity]) =>
      `quantile_disc((${quantity})::DOUBLE, [0.02, 0.98]) FILTER (phase = ${quote(phase)}
         AND isfinite((${quantity})::DOUBLE) AND ${quantity} > 0) AS ${phase}`,
  );
  const reader = await connection.runAndReadAll(
    `SELECT ${columns} FROM ${source} WHERE cell >= ${first} AND cell < ${end}
       AND (cell - ${first}) % ${2 ** 31} * ${SPREAD} % ${2 ** 31} < ${Math.ceil(share * 2 ** 31)}`,
  );
  const [row] = reader.getRowObjectsJS() as Partial<Record<Phase, number[] | null>>[];
  const ranges: Partial<Record<Phase, ShadeRange>> = {};
  for (const [phase, quantiles] of Object.entries(row ?? {})) {
    if (quantiles === null) continue;
    ranges[phase as Phase] = { first: quantiles![0]!, last: quantiles![1]! };
  }
  return ranges;
}
