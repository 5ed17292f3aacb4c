/** The statistics that `analyze` prints beside the tables of `run`. */
import type { BoundaryRow, Summary } from "../../coordinator/analysis/boundaries/boundaries.ts";
import { datasetLabel, modelLabel, plain, significant } from "../../coordinator/analysis/labels.ts";
import type { UncertaintyExponents } from "../../coordinator/analysis/uncertainty.ts";
import { formatColumns, formatCount } from "./format.ts";

const DIGITS = 4;

/** The log-normal laws over seeds, a line a shape group. */
export function logNormalText(rows: readonly BoundaryRow[]): string {
  if (rows.length === 0) return "";
  const header = ["data set", "model", "loss", "η0 log-normal", "σ", "η1 log-normal", "σ"];
  const problems: string[] = [];
  const lines = rows.map((row) => [
    ...[datasetLabel(row.dataset), modelLabel(row), row.loss],
    ...[row.eta0, row.eta1].flatMap((summary) => fitCells(summary, problems)),
  ]);
  return `${formatColumns([header, ...lines])}

Log-normal laws fitted by maximum likelihood to what each seed's grid knows, a bracket or a side:
median [${plain(rows[0]!.confidence * 100)} % interval], and σ, the standard deviation of log η over seeds, ± standard error.
${problems.map((problem, index) => `(${index + 1}) Not fitted: ${problem}.\n`).join("")}
`;
}

function fitCells({ log_normal: fit }: Summary, problems: string[]): [string, string] {
  if ("problem" in fit) {
    if (!problems.includes(fit.problem)) problems.push(fit.problem);
    return [`(${problems.indexOf(fit.problem) + 1})`, ""];
  }
  const [median, low, high] = [fit.median, fit.low, fit.high].map((value) =>
    significant(value, DIGITS),
  );
  return [
    `${median} [${low}, ${high}]`,
    `${significant(fit.sigma, 3)} ± ${significant(fit.sigma_error, 2)}`,
  ];
}

/** The uncertainty exponents that could be measured, and why others could not. */
export function uncertaintyText(
  { measured, not_measured }: UncertaintyExponents,
  rows: readonly BoundaryRow[],
): string {
  const rowOf = new Map(rows.map((row) => [row.shape_group, row]));
  const header = [
    ...["data set", "model", "loss", "boundary", "α", "D = 1 − α", "scales ε", "misfit", "seeds"],
  ];
  const lines = measured.map((each) => {
    const row = rowOf.get(each.shape_group)!;
    const error = each.alpha_error === null ? "" : ` ± ${each.alpha_error.toFixed(3)}`;
    const [finest, widest] = [each.scales[0]!, each.scales[each.fitted - 1]!];
    return [
      ...[datasetLabel(row.dataset), modelLabel(row), row.loss],
      each.boundary === "eta0" ? "η0" : "η1",
      `${each.alpha.toFixed(3)}${error}`,
      `${each.dimension.toFixed(3)}${error}`,
      `${finest.epsilon.toExponential(1)} to ${widest.epsilon.toExponential(1)}`,
      each.misfit.toFixed(3),
      each.seeds_left_out === 0 ? `${each.seeds}` : `${each.seeds} (${each.seeds_left_out} not)`,
    ];
  });
  const table =
    lines.length === 0
      ? ""
      : `${formatColumns([header, ...lines])}

Uncertainty exponents: the share of η whose verdict differs from that at η e^ε or η e^−ε goes as ε^α; the
boundary then has the box dimension D along η. ± is the jackknife error over seeds, misfit the largest
distance of log f from the fitted line; seeds whose boundary is too near an end of the axis do not count.
`;
  const reasons = not_measured.map(
    ({ problem, boundaries }) =>
      `No uncertainty exponent for ${formatCount(boundaries)} ${boundaries === 1 ? "boundary" : "boundaries"}: ${problem}.\n`,
  );
  return table === "" && reasons.length === 0 ? "" : `${table}${reasons.join("")}\n`;
}
