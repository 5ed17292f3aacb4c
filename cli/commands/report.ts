import { existsSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { readSweepReport, type SweepReport } from "../../coordinator/report/sweep_report.ts";
import { writeReport } from "../../coordinator/report/write_report.ts";
import { EXIT_FAILURE, UsageError } from "../../shared/errors.ts";
import { shellWord } from "../../shared/shell_word.ts";
import { mergedResultsIn } from "../results_folder.ts";
import { Retrainer } from "../retrain.ts";
import { startEngine } from "../start_engine.ts";
import { formatCount } from "../text/format.ts";

const REPORT_FILE = "report.html";

export interface ReportOptions {
  readonly out?: string;
  readonly json?: boolean;
}

/**
 * Writes one HTML page of some results folders, and prints what its audit found. Resolves with the
 * exit code: a failure where a row is not what its own engine makes of it.
 */
export async function reportCommand(
  folders: readonly string[],
  { out, json }: ReportOptions,
): Promise<number> {
  for (const folder of folders) mergedResultsIn(folder);
  const page = out ?? (folders.length === 1 ? join(folders[0]!, REPORT_FILE) : REPORT_FILE);
  checkPlace(page);
  const reports: SweepReport[] = [];
  for (const folder of folders) {
    const engines = { start: startEngine(folder), audit: new Retrainer(folder) };
    reports.push(await readSweepReport(folder, engines));
  }
  const written = await writeReport(reports, page);
  const isSound = reports.every(({ audit }) =>
    audit.results.every(({ engine, different }) => engine !== "same" || different.length === 0),
  );
  const exitCode = isSound ? 0 : EXIT_FAILURE;
  if (json) {
    const sweeps = reports.map((report) => ({
      sweep: report.analysis.plan.name,
      results_sha256: report.results_sha256,
      audit: report.audit,
      figures: report.figures.map(({ name }) => name),
    }));
    process.stdout.write(`${JSON.stringify({ ...written, sweeps }, null, 2)}\n`);
    return exitCode;
  }
  process.stdout.write(
    `${reports.map((report, i) => auditLine(report, folders[i]!)).join("")}report   ${written.page}\nfigures  ${written.figures}\n`,
  );
  return exitCode;
}

/** @throws UsageError where the page cannot be written, before anything is computed */
function checkPlace(page: string): void {
  const folder = dirname(page);
  if (existsSync(folder) && !(existsSync(page) && statSync(page).isDirectory())) return;
  throw new UsageError({
    place: `--out ${page}`,
    problem: existsSync(folder) ? "it is a folder" : `there is no folder ${folder}`,
    fix: "give the path of a file in a folder that is there",
  });
}

/** The audit in a line, and one for each cell that is not as it was. */
function auditLine({ analysis, audit }: SweepReport, folder: string): string {
  const own = audit.results.filter(({ engine }) => engine === "same");
  const sum = (pick: (result: (typeof own)[number]) => number) =>
    own.reduce((total, each) => total + pick(each), 0);
  const different = audit.results.flatMap((result) =>
    result.different.map((each) => ({ ...each, ...result })),
  );
  const lines = different.map(({ cell, columns, engine, tolerance }) => {
    const how =
      engine === "same"
        ? "trained again as it was"
        : `with every weight explicit, to ${tolerance.toExponential(0)}`;
    const command = `phasesweep reproduce ${shellWord(folder)} ${cell}${engine === "same" ? "" : ` --engine ${engine}`}`;
    return `  cell ${cell}, ${how}: ${columns.join(", ")} DIFFERENT; by how much: ${command}\n`;
  });
  const verdict = different.length === 0 ? "none is different" : `${different.length} DIFFERENT:`;
  return `${analysis.plan.name}: ${formatCount(audit.audited)} cells trained again, ${formatCount(
    sum(({ equal }) => equal),
  )} equal bit for bit, ${formatCount(sum(({ within_tolerance }) => within_tolerance))} within tolerance; ${verdict}\n${lines.join("")}`;
}
