/** What an analysis of a results folder says, for people and for machines: `run` and `analyze`. */

import { join } from "node:path";
import { type Analysis, BOUNDARIES_FILE } from "../../coordinator/analysis/analyze.ts";
import type { BoundaryRow } from "../../coordinator/analysis/boundaries/boundaries.ts";
import {
  boundaryTableJson,
  formatBoundaryTable,
  plainValue,
} from "../../coordinator/analysis/boundaries/boundary_table.ts";
import { PROVENANCE_FILE, RESULTS_FILE } from "../../coordinator/results/merge.ts";
import { shellWord } from "../../shared/shell_word.ts";
import { accuracyText } from "./accuracy_text.ts";
import { agreementText } from "./agreement_text.ts";
import { formatColumns, formatCount } from "./format.ts";
import { paperText } from "./paper_text.ts";
import { refinementText } from "./refinement_text.ts";
import { widthLawText } from "./width_law_text.ts";

/** A longer table of boundaries is cut to its first rows. */
const TABLE_ROWS_MAX = 24;
const TABLE_ROWS_SHOWN = 12;

/** Where everything is, by a short name. */
function filesOf(analysis: Analysis, folder: string) {
  const { boundaries, figure, maps, accuracy_figure, loss_figure } = analysis;
  const { width_figure, paper_figure } = analysis;
  return {
    results: join(folder, RESULTS_FILE),
    provenance: join(folder, PROVENANCE_FILE),
    boundaries,
    ...(figure === undefined ? {} : { figure }),
    ...(maps.length === 0 ? {} : { maps }),
    ...(accuracy_figure === undefined ? {} : { accuracy_figure }),
    ...(loss_figure === undefined ? {} : { loss_figure }),
    ...(width_figure === undefined ? {} : { width_figure }),
    ...(paper_figure === undefined ? {} : { paper_figure }),
  };
}

/** The tables, and any more of them before the list of files, which ends it. */
export function analysisText(
  analysis: Analysis,
  folder: string,
  { results_sha256, more = "" }: { results_sha256?: string; more?: string },
): string {
  const { rows, refinement, accuracy, agreement, verified, width_laws, paper } = analysis;
  const { maps, ...files } = filesOf(analysis, folder);
  const places = Object.entries(files).map(([name, path]) => [
    name.replace("_figure", ""),
    name === "results" && results_sha256 !== undefined ? `${path}  sha256 ${results_sha256}` : path,
  ]);
  for (const { svg, png } of maps ?? []) places.push(["map", `${svg}, ${png}`]);
  places.push(["report", `\`phasesweep report ${shellWord(folder)}\` makes one page of all this`]);
  const left = analysis.maps_left_out;
  return (
    `${shortTable(rows)}\n\n` +
    refinementText(refinement, rows) +
    widthLawText(shownRows(width_laws)) +
    accuracyText(accuracy, rows) +
    agreementText(agreement, verified) +
    more +
    paperText(paper) +
    `${formatColumns(places)}\n` +
    (left === 0 ? "" : `${left} more maps are not drawn: put them into sweeps of their own\n`)
  );
}

/** The same and all else, as an object for JSON. */
export function analysisJson(analysis: Analysis, folder: string) {
  const { rows, refinement, accuracy, agreement } = analysis;
  const { verified, width_laws, uncertainty, paper } = analysis;
  return {
    boundaries: boundaryTableJson(rows),
    refinement: refinement === undefined ? null : plainValue(refinement),
    width_laws: plainValue(width_laws),
    uncertainty,
    accuracy,
    agreement,
    verified,
    ...(paper === undefined ? {} : { paper: { ...paper, svg: undefined } }),
    files: filesOf(analysis, folder),
  };
}

/** The rows of which tables show all, or the first of too many. */
export function shownRows<Row>(rows: readonly Row[]): readonly Row[] {
  return rows.length <= TABLE_ROWS_MAX ? rows : rows.slice(0, TABLE_ROWS_SHOWN);
}

/** The first rows of a table that is too long to be read, and where all of them are. */
function shortTable(rows: readonly BoundaryRow[]): string {
  const shown = shownRows(rows);
  const table = formatBoundaryTable(shown);
  if (shown.length === rows.length) return table;
  const hidden = formatCount(rows.length - shown.length);
  return `${table}\n${hidden} more rows are left out here; all are in ${BOUNDARIES_FILE}.`;
}
