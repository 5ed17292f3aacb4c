import type { BoundaryRow, Summary } from "../../analysis/boundaries/boundaries.ts";
import { fewSeedsText, medianText } from "../../analysis/boundaries/boundary_table.ts";
import { datasetLabel, modelLabel, plain, significant } from "../../analysis/labels.ts";
import { type Column, eta, type Html, type HtmlPart, html, table } from "../html.ts";
import { count, type SectionWriter } from "../section.ts";

/** A longer table is cut to its first groups; boundaries.parquet has them all. */
const GROUPS_MAX = 48;
const GROUPS_SHOWN = 12;
const DIGITS = 4;

interface Line {
  readonly row: BoundaryRow;
  readonly name: "0" | "1";
  readonly summary: Summary;
}

const COLUMNS: readonly Column<Line>[] = [
  { heading: "data set, loss, model", cell: ({ row }) => settingText(row), isName: true, rows: 2 },
  { heading: "", cell: ({ name }) => eta(name) },
  {
    heading: "median",
    cell: ({ row, summary }) => html`<strong>${medianText(summary, row.grid_range)}</strong>`,
    isNumber: true,
  },
  { heading: "interval", cell: ({ row, summary }) => intervalText(row, summary), isNumber: true },
  {
    heading: "single step",
    cell: ({ row, summary }) => `${count(summary.single_step)} of ${count(row.seeds)}`,
    isNumber: true,
  },
  { heading: "to and fro", cell: ({ summary }) => count(summary.not_single_step), isNumber: true },
  { heading: "by area", cell: ({ summary }) => number(summary.area_median), isNumber: true },
  { heading: "log-normal", cell: ({ summary }) => logNormal(summary), isNumber: true },
  { heading: "below, above", cell: beyondText, isNumber: true },
  { heading: "step", cell: ({ summary }) => stepText(summary), isNumber: true },
];

/** η0 and η1 of every group, with all that says how far they are to be believed. */
export const boundariesSection: SectionWriter = ({ analysis: { rows } }) => {
  if (rows.length === 0) return undefined;
  const shown = rows.length <= GROUPS_MAX ? rows : rows.slice(0, GROUPS_SHOWN);
  const lines = shown.flatMap((row): Line[] => [
    { row, name: "0", summary: row.eta0 },
    { row, name: "1", summary: row.eta1 },
  ]);
  const percent = plain(rows[0]!.confidence * 100);
  const left = rows.length - shown.length;
  return {
    id: "boundaries",
    title: "Phase boundaries",
    body: html`${table(
      html`${eta("0")}: the smallest learning rate that is not lazy; ${eta("1")}: the smallest that is divergent.`,
      COLUMNS,
      lines,
    )}
${left > 0 ? html`<p>${count(left)} further groups are in boundaries.parquet.</p>` : null}
${legend(percent)}
${fewSeedsText(shown).map((text) => html`<p class="muted">${text}</p>`)}
${unfitted(lines)}`,
  };
};

function legend(percent: string): Html {
  return html`<ul class="muted">
<li>Median over seeds and its ${percent} % bootstrap interval, to which the step of the grid comes on top; “&lt;” and “&gt;”: beyond the learning rates that were trained.</li>
<li>Single step: seeds whose verdict changes once, within the grid. To and fro: seeds where the low side comes back above the first change; for them the boundary by area, <var>η</var><sub>a</sub> · exp(∫ 1[low side] d log <var>η</var>), is the number to compare, of which the median is given.</li>
<li>Log-normal: median of a log-normal law fitted to the brackets of all seeds (maximum likelihood), its ${percent} % interval, and σ of log <var>η</var>.</li>
<li>Below, above: seeds whose boundary lies beyond the grid. Step: the finest of the grid, and the widest at a boundary where that differs.</li>
</ul>`;
}

function settingText(row: BoundaryRow): Html {
  const horizon = row.steps === null ? "T(η)" : `T = ${row.steps}`;
  return html`${datasetLabel(row.dataset)}, ${row.loss}, ${modelLabel(row)}, σ<sub>w</sub>² = ${plain(row.weight_variance)}, ${horizon}, ${row.seeds} ${row.seeds === 1 ? "seed" : "seeds"}`;
}

function number(value: number | null): string {
  return value === null ? "–" : significant(value, DIGITS);
}

function intervalText({ seeds }: BoundaryRow, { median, low, high }: Summary): string {
  if (median === null || seeds === 1) return "–";
  const end = (value: number) =>
    Number.isFinite(value) ? significant(value, DIGITS) : value < 0 ? "below" : "above";
  return `${end(low)} – ${end(high)}`;
}

function logNormal({ log_normal: fit }: Summary): HtmlPart {
  if ("problem" in fit) return "–";
  const { median, low, high, sigma } = fit;
  return html`${number(median)} (${number(low)} – ${number(high)}), σ ${significant(sigma, 2)}`;
}

function beyondText({ summary }: Line): string {
  const { seeds_below, seeds_above } = summary;
  return seeds_below + seeds_above === 0 ? "–" : `${count(seeds_below)}, ${count(seeds_above)}`;
}

function stepText({ relative_step, bracket_step }: Summary): string {
  if (relative_step === null) return "–";
  const percent = (step: number) => `${significant(step * 100, 2)} %`;
  const widest = Math.max(relative_step, bracket_step ?? 0);
  return percent(widest) === percent(relative_step)
    ? percent(relative_step)
    : `${percent(relative_step)} – ${percent(widest)}`;
}

/** Why there is no log-normal law, each reason once. */
function unfitted(lines: readonly Line[]): Html | null {
  const reasons = new Map<string, number>();
  for (const { summary } of lines) {
    if (!("problem" in summary.log_normal)) continue;
    const { problem } = summary.log_normal;
    reasons.set(problem, (reasons.get(problem) ?? 0) + 1);
  }
  if (reasons.size === 0) return null;
  return html`<p class="muted">No log-normal law: ${[...reasons].map(([reason, times]) => `${reason} (${count(times)})`).join("; ")}.</p>`;
}
