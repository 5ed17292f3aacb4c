import { datasetLabel, plain, significant } from "../../coordinator/analysis/labels.ts";
import {
  P_MIN,
  type WidthFit,
  type WidthLaw,
  type WidthPoint,
} from "../../coordinator/analysis/statistics/width_law.ts";
import { formatColumns } from "./format.ts";

const DIGITS = 4;

/** How boundaries depend on the width, a line a law; empty where no block has widths enough. */
export function widthLawText(laws: readonly WidthLaw[]): string {
  if (laws.length === 0) return "";
  const header = [
    ...["data set", "loss", "σ_w²", "widths", "law", "a", "b", "m → ∞", "χ²/ν (p)", "from m"],
    "measured at m = ∞",
  ];
  const rows = laws.map((law) => [
    datasetLabel(law.dataset),
    law.loss,
    plain(law.weight_variance),
    `${law.points.length}`,
    lawName(law),
    ...("problem" in law.fit ? ["–", "–", "–", "–", "–"] : fitCells(law.fit, law.form)),
    law.infinite === null ? "" : measured(law.infinite),
  ]);
  const problems = new Set(laws.flatMap(({ fit }) => ("problem" in fit ? [fit.problem] : [])));
  const confidence = plain(laws[0]!.confidence * 100);
  return `${formatColumns([header, ...rows])}

Medians over seeds against the width m, by least squares with weights from their bootstrap errors and
the step of the grid; ± standard errors, [${confidence} % intervals], and p: the probability of so large a χ²
if the law holds. Small widths are left out until p ≥ ${P_MIN}.
${[...problems].map((problem) => `–: ${problem}.\n`).join("")}
`;
}

/** `η0 = a + b/m`, `η1 = a√m + b` */
function lawName({ boundary, form }: WidthLaw): string {
  const name = boundary === "eta0" ? "η0" : "η1";
  return form === "root_width" ? `${name} = a√m + b` : `${name} = a + b/m`;
}

function fitCells(fit: WidthFit, form: WidthLaw["form"]): string[] {
  const limit = `${significant(fit.limit, DIGITS)} [${significant(fit.limit_low, DIGITS)}, ${significant(fit.limit_high, DIGITS)}]`;
  return [
    withError(fit.a, fit.a_error),
    withError(fit.b, fit.b_error),
    fit.rejected ? "–" : form === "root_width" ? `η1/√(8m) → ${limit}` : limit,
    `${significant(fit.chi_squared, 2)}/${fit.degrees_of_freedom} (${significant(fit.p_value, 2)})`,
    fit.rejected ? "rejected" : String(fit.from_width),
  ];
}

function withError(value: number, error: number): string {
  // As many decimals as the second digit of the error has.
  const decimals = Math.max(0, 1 - Math.floor(Math.log10(error)));
  return `${value.toFixed(decimals)} ± ${error.toFixed(decimals)}`;
}

function measured({ median, median_beyond, low, high }: WidthPoint): string {
  if (median === null) return median_beyond === null ? "?" : `${median_beyond} the grid`;
  const end = (value: number) =>
    Number.isFinite(value) ? significant(value, DIGITS) : value < 0 ? "below" : "above";
  return `${significant(median, DIGITS)} [${end(low)}, ${end(high)}]`;
}
