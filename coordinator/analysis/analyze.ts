import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { uniformStream } from "../../shared/random.ts";
import { syncPath, writeDurably } from "../results/durable_file.ts";
import { RESULTS_FILE } from "../results/merge.ts";
import { type BoundaryRow, readBoundaryRows } from "./boundaries.ts";
import { readFigureData } from "./figure_data.ts";
import { drawPhaseFigure, PANEL_LIMIT } from "./phase_figure.ts";

export const FIGURE_FILE = "phases.svg";

export interface Analysis {
  readonly rows: BoundaryRow[];
  /** Path of the picture. */
  readonly figure: string;
}

/** Locates η0 and η1 in a folder's merged results and draws them. Deterministic. */
export async function analyzeResults(folder: string, confidence: number): Promise<Analysis> {
  const results = join(folder, RESULTS_FILE);
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  try {
    const rows = await readBoundaryRows(connection, results, { uniforms, confidence });
    const data = await readFigureData(connection, results, PANEL_LIMIT);
    const figure = join(folder, FIGURE_FILE);
    await writeDurably(figure, Buffer.from(drawPhaseFigure(data, rows)));
    await syncPath(folder);
    return { rows, figure };
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** Bootstrap uniforms of a shape group: 52 bits of its identity are the seed. */
function uniforms(shape_group: string): () => number {
  return uniformStream(Number.parseInt(shape_group.slice(0, 13), 16), 0);
}
