import { analyzeResults } from "../../coordinator/analysis/analyze.ts";
import { UsageError } from "../../shared/errors.ts";
import { mergedResultsIn } from "../results_folder.ts";
import { startEngine } from "../start_engine.ts";
import { analysisJson, analysisText } from "../text/analysis_text.ts";
import { formatCount } from "../text/format.ts";
import { type PaperSweep, paperMarkdown } from "../text/paper_markdown.ts";
import { logNormalText, uncertaintyText } from "../text/statistics_text.ts";

export interface AnalyzeOptions {
  readonly json?: boolean;
  readonly markdown?: boolean;
}

/**
 * Makes everything again that follows from the results.parquet of folders, and prints what `run` prints
 * of it and the statistics beside; as Markdown, what they find of the paper.
 * @throws UsageError where there are no results, or in Markdown no figure of the paper
 */
export async function analyzeCommand(
  folders: readonly string[],
  { json, markdown }: AnalyzeOptions,
): Promise<void> {
  for (const folder of folders) mergedResultsIn(folder);
  const documents: object[] = [];
  const sweeps: PaperSweep[] = [];
  for (const folder of folders) {
    const analysis = await analyzeResults(folder, startEngine(folder));
    const { plan, rows, uncertainty, paper } = analysis;
    if (markdown) {
      if (paper === undefined) throw noFigure(folder);
      sweeps.push({ paper, cells: plan.cells });
    } else if (json) {
      documents.push({ sweep: plan.name, cells: plan.cells, ...analysisJson(analysis, folder) });
    } else {
      const more = logNormalText(rows) + uncertaintyText(uncertainty, rows);
      process.stdout.write(
        `sweep ${plan.name}: ${formatCount(plan.cells)} cells\n\n${analysisText(analysis, folder, { more })}`,
      );
    }
  }
  if (markdown) process.stdout.write(paperMarkdown(sweeps));
  if (json) {
    const document = documents.length === 1 ? documents[0] : documents;
    process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
  }
}

function noFigure(folder: string): UsageError {
  return new UsageError({
    place: folder,
    problem: "its sweep reproduces no figure of the paper",
    fix: "give folders of the sweeps in sweeps/paper/, or write `reproduces: figure3` into the sweep file",
  });
}
