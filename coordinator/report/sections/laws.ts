import { datasetLabel, modelLabel, plain, significant } from "../../analysis/labels.ts";
import { P_MIN, type WidthLaw } from "../../analysis/statistics/width_law.ts";
import type { UncertaintyExponent } from "../../analysis/uncertainty.ts";
import { type Column, eta, type Html, html, symbols, table } from "../html.ts";
import { count, figureOf, type SectionWriter } from "../section.ts";

const ROWS_SHOWN = 100;

const LAW_COLUMNS: readonly Column<WidthLaw>[] = [
  {
    heading: "data set, loss",
    cell: (law) =>
      `${datasetLabel(law.dataset)}, ${law.loss}, σ_w² = ${plain(law.weight_variance)}`,
    isName: true,
  },
  { heading: "", cell: ({ boundary }) => eta(boundary === "eta0" ? "0" : "1") },
  { heading: "law", cell: ({ form }) => (form === "root_width" ? "a √m + b" : "a + b/m") },
  { heading: "widths m", cell: ({ points }) => points.map(({ width }) => width).join(", ") },
  {
    heading: "a",
    cell: ({ fit }) => ("problem" in fit ? "–" : pair(fit.a, fit.a_error)),
    isNumber: true,
  },
  {
    heading: "b",
    cell: ({ fit }) => ("problem" in fit ? "–" : pair(fit.b, fit.b_error)),
    isNumber: true,
  },
  { heading: "m → ∞", cell: limitText, isNumber: true },
  {
    heading: "fitted from m",
    cell: ({ fit }) => ("problem" in fit || fit.rejected ? "–" : fit.from_width),
    isNumber: true,
  },
  { heading: "measured at ∞", cell: infiniteText, isNumber: true },
  {
    heading: "χ² / ν, p",
    cell: ({ fit }) =>
      "problem" in fit
        ? "–"
        : `${significant(fit.chi_squared, 3)} / ${fit.degrees_of_freedom}, ${significant(fit.p_value, 2)}`,
    isNumber: true,
  },
];

/** How boundaries depend on the width, where there are widths enough. */
export const widthsSection: SectionWriter = (report, place) => {
  const { width_laws: laws } = report.analysis;
  if (laws.length === 0) return undefined;
  const problems = [...new Set(laws.flatMap(({ fit }) => ("problem" in fit ? [fit.problem] : [])))];
  return {
    id: "widths",
    title: "Laws in width",
    body: html`${figureOf(report, "widths", place)}
${table("Median boundaries against the width m, fitted by weighted least squares; a, b with standard errors.", LAW_COLUMNS, laws, ROWS_SHOWN)}
<p class="muted">m → ∞: a, or the limit of ${eta("1")}/√(8m) for a √m + b, with its interval. p: the probability of so large a χ² if the law holds. Small widths are left out until p ≥ ${P_MIN}; a law that is rejected fits no range of the widths.</p>
${problems.length > 0 ? html`<p class="muted">Not fitted: ${problems.join("; ")}.</p>` : null}`,
  };
};

function pair(value: number, error: number): string {
  return `${significant(value, 4)} ± ${significant(error, 2)}`;
}

function limitText({ fit }: WidthLaw): string {
  if ("problem" in fit) return "–";
  if (fit.rejected) return "rejected";
  return `${significant(fit.limit, 4)} (${significant(fit.limit_low, 4)} – ${significant(fit.limit_high, 4)})`;
}

function infiniteText({ infinite }: WidthLaw): string {
  if (infinite === null) return "";
  if (infinite.median === null) return `${infinite.median_beyond} the grid`;
  return significant(infinite.median, 4);
}

/** How fractal the boundaries are, where learning rates are dense enough to say. */
export const exponentsSection: SectionWriter = ({ analysis: { uncertainty, rows } }) => {
  const { measured, not_measured } = uncertainty;
  if (measured.length === 0) return undefined;
  const byGroup = new Map(rows.map((row) => [row.shape_group, row]));
  const setting = ({ shape_group }: UncertaintyExponent) => {
    const row = byGroup.get(shape_group);
    return row === undefined
      ? shape_group.slice(0, 8)
      : `${datasetLabel(row.dataset)}, ${row.loss}, ${modelLabel(row)}, σ_w² = ${plain(row.weight_variance)}`;
  };
  const columns: readonly Column<UncertaintyExponent>[] = [
    { heading: "data set, loss, model", cell: (each) => symbols(setting(each)), isName: true },
    { heading: "", cell: ({ boundary }) => eta(boundary === "eta0" ? "0" : "1") },
    {
      heading: "α",
      cell: ({ alpha, alpha_error }) =>
        alpha_error === null ? alpha.toFixed(3) : `${alpha.toFixed(3)} ± ${alpha_error.toFixed(3)}`,
      isNumber: true,
    },
    { heading: "D = 1 − α", cell: ({ dimension }) => dimension.toFixed(3), isNumber: true },
    {
      heading: "scales ε",
      cell: ({ scales, fitted }) =>
        `${fitted} from ${significant(scales[0]!.epsilon, 2)} to ${significant(scales[fitted - 1]!.epsilon, 2)}`,
      isNumber: true,
    },
    { heading: "seeds", cell: ({ seeds }) => count(seeds), isNumber: true },
    { heading: "misfit", cell: ({ misfit }) => significant(misfit, 2), isNumber: true },
  ];
  return {
    id: "exponents",
    title: "How rough the boundaries are",
    body: html`${table("Uncertainty exponent α: the share of learning rates whose verdict is another one at η exp(±ε) goes like ε to the power α. A single step has α = 1; a fractal boundary has a box dimension D above 0.", columns, measured, ROWS_SHOWN)}
${reasons(not_measured)}`,
  };
};

function reasons(
  list: readonly { readonly problem: string; readonly boundaries: number }[],
): Html | null {
  if (list.length === 0) return null;
  return html`<p class="muted">Not measured: ${list.map(({ problem, boundaries }) => `${problem} (${count(boundaries)})`).join("; ")}.</p>`;
}
