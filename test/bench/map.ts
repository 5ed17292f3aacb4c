import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { drawMapFigure } from "../../coordinator/analysis/figures/map_figure.ts";
import { MAP_PALETTE } from "../../coordinator/analysis/figures/map_palette.ts";
import { encodePng } from "../../coordinator/analysis/figures/png.ts";
import { findMaps } from "../../coordinator/analysis/maps/find_maps.ts";
import { readMapPicture } from "../../coordinator/analysis/maps/read_raster.ts";
import { allRuns } from "../../coordinator/analysis/runs_source.ts";
import { quote } from "../../coordinator/results/sql_text.ts";
import { buildPlan } from "../../shared/spec/build_plan.ts";
import { parseSweep } from "../../shared/spec/load.ts";
import { formatTable } from "./table.ts";

/** Drawing a map of made cells, one seed. Times in seconds, memory in MiB. */
export interface MapReport {
  readonly columns: number;
  readonly rows: number;
  /** Reading the cells into a picture. */
  readonly read: number;
  readonly png: number;
  readonly svg: number;
  readonly png_bytes: number;
  readonly svg_bytes: number;
  /** Resident set before the drawing, and the largest of the process. */
  readonly mebibytes_before: number;
  readonly mebibytes_peak: number;
}

/** Draws a map of about `cells` cells whose phases, losses and steps are made up. */
export async function benchMap(cells: number, nowMs: () => number): Promise<MapReport> {
  const side = Math.round(Math.sqrt(cells));
  const axis = `{ from: 1, to: 256, points: ${side}, scale: linear }`;
  const plan = buildPlan(
    parseSweep(
      `{name: map, dataset: example3, loss: logistic, seeds: 1, learning_rate: ${axis},
        model: {hidden_layers: 1, width: 100}, output_learning_rate: ${axis}}`,
      "map",
    ),
  );
  const folder = mkdtempSync(join(tmpdir(), "phasesweep-bench-"));
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  try {
    const path = join(folder, "results.parquet");
    await connection.run(`COPY (
      SELECT cell, CASE WHEN x * y < 0.1 THEN 'lazy' WHEN x * y + noise < 0.4 THEN 'catapult'
          ELSE 'divergent' END AS phase,
        0.5 + x * y + noise AS loss_final,
        CASE WHEN x * y < 0.1 THEN 0 ELSE (1 + 40 * y)::INTEGER END AS increases,
        CASE WHEN x * y + noise >= 0.4 THEN (4 + 90 * (1 - x) + 5 * noise)::INTEGER END AS diverged_at
      FROM (SELECT range AS cell, (range % ${side}) / ${side} AS x, (range // ${side}) / ${side} AS y,
        (hash(range) % 1000) / 20000 AS noise FROM range(${plan.cells}))
    ) TO ${quote(path)} (FORMAT parquet, COMPRESSION zstd)`);
    const mebibytes_before = process.memoryUsage().rss / 2 ** 20;
    const [map] = findMaps(plan);
    const began = nowMs();
    const picture = await readMapPicture(connection, allRuns(path), map!);
    const wasRead = nowMs();
    const png = encodePng(picture.raster, MAP_PALETTE);
    const hasPng = nowMs();
    const svg = drawMapFigure(map!, picture, []);
    const hasSvg = nowMs();
    return {
      columns: picture.raster.width,
      rows: picture.raster.height,
      read: (wasRead - began) / 1000,
      png: (hasPng - wasRead) / 1000,
      svg: (hasSvg - hasPng) / 1000,
      png_bytes: png.length,
      svg_bytes: svg.length,
      mebibytes_before,
      mebibytes_peak: process.resourceUsage().maxRSS / 1024,
    };
  } finally {
    connection.closeSync();
    instance.closeSync();
    rmSync(folder, { recursive: true, force: true });
  }
}

export function formatMapReport(report: MapReport): string {
  const { columns, rows, read, png, svg, png_bytes, svg_bytes } = report;
  const seconds = (value: number) => value.toFixed(2);
  return formatTable([
    ["cells", "read s", "png s", "svg s", "all s", "png kB", "svg kB", "peak MiB", "before"],
    [
      (columns * rows).toLocaleString("en-US"),
      ...[read, png, svg, read + png + svg].map(seconds),
      ...[png_bytes / 1000, svg_bytes / 1000].map((value) => value.toFixed(0)),
      ...[report.mebibytes_peak, report.mebibytes_before].map((value) => value.toFixed(0)),
    ],
  ]);
}
