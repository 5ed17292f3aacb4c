import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { PHASES, type Phase } from "../../shared/phases.ts";
import { planDigest } from "../../shared/plan.ts";
import { type Analysis, analyzeResults } from "../analysis/analyze.ts";
import type { StartEngine } from "../analysis/boundaries/start_engine.ts";
import { type Audit, type AuditEngine, auditResults } from "../reproduce/audit.ts";
import { PROVENANCE_FILE, RESULTS_FILE } from "../results/merge.ts";
import { METADATA, readMetadata } from "../results/metadata.ts";
import { quote } from "../results/sql_text.ts";
import { type ProvenanceRow, readProvenance } from "./provenance.ts";

/** A picture of a sweep. */
export interface ReportFigure {
  /** Name of its file, without ending. */
  readonly name: string;
  readonly svg: string;
}

/** All that a report says of one results folder. */
export interface SweepReport {
  readonly analysis: Analysis;
  /** Releases of whoever computed it, as far as it is known. */
  readonly versions: readonly string[];
  readonly plan_digest: string;
  readonly results_sha256: string;
  readonly results_bytes: number;
  /** Cells by phase, those that only check others or were added in rounds included. */
  readonly phases: Readonly<Record<Phase, number>>;
  readonly provenance: readonly ProvenanceRow[];
  readonly audit: Audit;
  readonly figures: readonly ReportFigure[];
}

/** What a report needs that coordinators do not have: engines. */
export interface ReportEngines {
  readonly start: StartEngine;
  readonly audit: AuditEngine;
}

/** Analyses a folder with merged results anew, and trains a sample of its cells again. */
export async function readSweepReport(
  folder: string,
  engines: ReportEngines,
): Promise<SweepReport> {
  const analysis = await analyzeResults(folder, engines.start);
  const results = join(folder, RESULTS_FILE);
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  try {
    const metadata = await readMetadata(connection, results);
    const provenance = await readProvenance(connection, join(folder, PROVENANCE_FILE));
    return {
      analysis,
      versions: [...new Set(provenance.map(({ version }) => version))].sort(),
      plan_digest: metadata.get(METADATA.plan_digest) ?? planDigest(analysis.plan),
      results_sha256: await sha256Of(results),
      results_bytes: (await stat(results)).size,
      phases: await countPhases(connection, results),
      provenance,
      audit: await auditResults(connection, results, analysis.plan, engines.audit),
      figures: withoutRepeats(await Promise.all(figurePaths(analysis).map(readFigure))),
    };
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

/** In the order in which a report shows them. */
function figurePaths(analysis: Analysis): string[] {
  const { paper_figure, figure, maps, width_figure, loss_figure, accuracy_figure } = analysis;
  const pictures = maps.map(({ svg }) => svg);
  const paths = [paper_figure, figure, ...pictures, width_figure, loss_figure, accuracy_figure];
  return paths.filter((path) => path !== undefined);
}

/** A figure of the paper may be one that every sweep has: it is shown once. */
function withoutRepeats(figures: readonly ReportFigure[]): ReportFigure[] {
  return figures.filter(
    ({ svg }, index) => figures.findIndex((each) => each.svg === svg) === index,
  );
}

async function readFigure(path: string): Promise<ReportFigure> {
  return { name: basename(path, ".svg"), svg: await readFile(path, "utf8") };
}

async function countPhases(
  connection: DuckDBConnection,
  path: string,
): Promise<Record<Phase, number>> {
  const reader = await connection.runAndReadAll(
    `SELECT phase::VARCHAR, count(*)::DOUBLE FROM read_parquet(${quote(path)}) GROUP BY phase`,
  );
  const counts = new Map(reader.getRows() as [string, number][]);
  return Object.fromEntries(PHASES.map((phase) => [phase, counts.get(phase) ?? 0])) as Record<
    Phase,
    number
  >;
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest("hex");
}
