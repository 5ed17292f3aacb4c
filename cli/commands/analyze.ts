import { analyzeResults } from "../../coordinator/analysis/analyze.ts";
import { analysisJson, analysisText, shownRows } from "../analysis_text.ts";
import { formatCount } from "../format.ts";
import { mergedResultsIn } from "../results_folder.ts";
import { startEngine } from "../start_engine.ts";
import { logNormalText, uncertaintyText } from "../statistics_text.ts";

/**
 * Makes everything again that follows from a folder's results.parquet, and prints what `run` prints of
 * it and the statistics beside. @throws UsageError where there are no results
 */
export async function analyzeCommand(
  folder: string,
  { json }: { readonly json?: boolean },
): Promise<void> {
  mergedResultsIn(folder);
  const analysis = await analyzeResults(folder, startEngine(folder));
  const { plan, rows, uncertainty } = analysis;
  if (json) {
    const document = { sweep: plan.name, cells: plan.cells, ...analysisJson(analysis, folder) };
    process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
    return;
  }
  const { measured, not_measured } = uncertainty;
  const exponents = { measured: shownRows(measured), not_measured: shownRows(not_measured) };
  const more = logNormalText(shownRows(rows)) + uncertaintyText(exponents, rows);
  process.stdout.write(
    `sweep ${plan.name}: ${formatCount(plan.cells)} cells\n\n${analysisText(analysis, folder, { more })}`,
  );
}
