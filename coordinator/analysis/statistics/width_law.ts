/**
 * How a boundary depends on the width m: its medians over seeds, at three widths or more, against
 *
 *     η = a + b/m         "inverse_width"; a is the boundary at infinite width
 *     η = a √m + b        "root_width", for the logistic η1 of one hidden layer, whose η1/√(8m) goes to
 *                         a limit, a/√8; of deeper nets we know no law for it
 *
 * The fit is by weighted least squares. Widths have independent draws (the width is part of a draw's
 * address), so the medians are independent and need no bootstrap across them; the error of each is its
 * bootstrap error over seeds, and that of a number rounded to a bracket of the grid, added in squares.
 *
 * The laws hold for large m. Where the data reject one (p < P_MIN), the smallest width is left out and
 * the rest tried again, as long as WIDTHS_MIN remain; if none holds, the fit is that of all widths.
 */
import { canonicalJson } from "../../../shared/canonical.ts";
import { datasetDigest, type Plan, type PlannedGroup } from "../../../shared/plan.ts";
import { normalQuantile } from "../../../shared/random.ts";
import type { BoundaryRow } from "../boundaries/boundaries.ts";
import type { Beyond } from "../boundaries/boundary_estimate.ts";
import { fitWeightedLine, type WeightedLine } from "./weighted_line.ts";

/** Fewest widths, so that the law can fail. */
export const WIDTHS_MIN = 3;
/** A law whose χ² is less probable than this is rejected. */
export const P_MIN = 0.01;
/** Fewest seeds of a width: a bootstrap of fewer knows too little of the spread. */
const SEEDS_MIN = 8;

export type BoundaryName = "eta0" | "eta1";

/** The median boundary at one width. */
export interface WidthPoint {
  readonly width: number;
  readonly shape_group: string;
  readonly seeds: number;
  /** Null where it lies beyond the grid, on that side. */
  readonly median: number | null;
  readonly median_beyond: Beyond;
  /** Bootstrap percentile interval; an end beyond the grid is ∓Infinity. */
  readonly low: number;
  readonly high: number;
  /** Standard deviation used as weight, in units of η; null: the width is left out of the fit. */
  readonly error: number | null;
}

export interface WidthFit {
  /** η = a + b/m or η = a √m + b, with standard errors. */
  readonly a: number;
  readonly a_error: number;
  readonly b: number;
  readonly b_error: number;
  /**
   * Where it goes for m → ∞: a, or η1/√(8m) → a/√8, with its interval. Errors are taken √(χ²/ν)
   * times as large where that exceeds 1, as the law then misses something they do not explain.
   */
  readonly limit: number;
  readonly limit_low: number;
  readonly limit_high: number;
  readonly chi_squared: number;
  readonly degrees_of_freedom: number;
  /** Probability of so large a χ² if the law holds. */
  readonly p_value: number;
  /** The smallest width in the fit. */
  readonly from_width: number;
  /** Whether no range of widths upwards of one agrees with the law (p < P_MIN in all). */
  readonly rejected: boolean;
}

/** Shape groups of a block that differ in their width alone, and one of their boundaries. */
export interface WidthLaw {
  readonly boundary: BoundaryName;
  readonly form: "inverse_width" | "root_width";
  readonly grid: number;
  readonly dataset: string;
  readonly model: string;
  readonly loss: string;
  readonly weight_variance: number;
  /** Horizon T; null where it differs between learning rates. */
  readonly steps: number | null;
  readonly confidence: number;
  /** Ascending widths, at least WIDTHS_MIN. */
  readonly points: readonly WidthPoint[];
  readonly fit: WidthFit | { readonly problem: string };
  /** The infinite width as it was measured, if the block has it; `width` is Infinity. */
  readonly infinite: WidthPoint | null;
}

/** The laws of a plan's groups, in its order; empty where no block has WIDTHS_MIN widths. Pure. */
export function widthLaws({ groups }: Plan, rows: readonly BoundaryRow[]): WidthLaw[] {
  const byGroup = new Map(rows.map((row) => [row.shape_group, row]));
  const families = new Map<string, { row: BoundaryRow; width: number }[]>();
  for (const group of groups) {
    const row = byGroup.get(group.shape_group);
    const { width } = group.shape;
    if (row === undefined || width === null || group.checks !== undefined) continue;
    const family = families.get(familyOf(group)) ?? [];
    // A group that is refined behind the grid stands in the table once.
    if (family.some((member) => member.row === row)) continue;
    family.push({ row, width: width === "infinite" ? Number.POSITIVE_INFINITY : width });
    families.set(familyOf(group), family);
  }
  return [...families.values()].flatMap((family) => {
    const ascending = family.sort((one, other) => one.width - other.width);
    const finite = ascending.filter(({ width }) => width < Number.POSITIVE_INFINITY);
    if (finite.length < WIDTHS_MIN) return [];
    return (["eta0", "eta1"] as const).map((boundary) => lawOf(boundary, ascending));
  });
}

/** Equal for groups of a block that differ in their width alone. */
function familyOf({ grid, shape, numeric_class }: PlannedGroup): string {
  const { width: _, dataset, ...rest } = shape;
  return canonicalJson({ ...rest, grid, data: datasetDigest(dataset), numeric_class });
}

function lawOf(
  boundary: BoundaryName,
  family: readonly { readonly row: BoundaryRow; readonly width: number }[],
): WidthLaw {
  const { grid, dataset, model, loss, weight_variance, steps, confidence } = family[0]!.row;
  const all = family.map(({ row, width }) => pointOf(row, boundary, width));
  const points = all.filter(({ width }) => width < Number.POSITIVE_INFINITY);
  const form = boundary === "eta1" && loss === "logistic" ? "root_width" : "inverse_width";
  return {
    ...{ boundary, form, grid, dataset, model, loss, weight_variance, steps, confidence },
    points,
    fit:
      form === "root_width" && model !== "one_hidden_layer"
        ? { problem: "the law of the logistic η1 is known for one hidden layer only" }
        : fitLaw(points, form, confidence),
    infinite: all.find(({ width }) => width === Number.POSITIVE_INFINITY) ?? null,
  };
}

function pointOf(row: BoundaryRow, boundary: BoundaryName, width: number): WidthPoint {
  const { median, median_beyond, low, high, standard_error, bracket_step } = row[boundary];
  const isKnown = median !== null && standard_error !== null && row.seeds >= SEEDS_MIN;
  // A number rounded to a bracket of length d is off by d/√12 in the mean square.
  const rounding = ((bracket_step ?? 0) * (median ?? 0)) / Math.sqrt(12);
  const error = isKnown ? Math.hypot(standard_error, rounding) : 0;
  return {
    ...{ width, shape_group: row.shape_group, seeds: row.seeds },
    ...{ median, median_beyond, low, high },
    error: error > 0 ? error : null,
  };
}

function fitLaw(
  points: readonly WidthPoint[],
  form: WidthLaw["form"],
  confidence: number,
): WidthLaw["fit"] {
  const isRoot = form === "root_width";
  // η/√m = a + b/√m is the same fit as η = a √m + b, and its intercept is the limit.
  const measured = points.flatMap(({ width, median, error }) => {
    if (median === null || error === null) return [];
    const unit = isRoot ? Math.sqrt(width) : 1;
    return [{ width, x: isRoot ? 1 / unit : 1 / width, y: median / unit, error: error / unit }];
  });
  if (measured.length < WIDTHS_MIN) {
    return {
      problem: `only ${measured.length} of ${points.length} widths have a median within their grid whose error is known (from ${SEEDS_MIN} seeds on); a law needs ${WIDTHS_MIN}`,
    };
  }
  for (let first = 0; first + WIDTHS_MIN <= measured.length; first++) {
    const line = fitWeightedLine(measured.slice(first));
    if (line.p_value >= P_MIN) return fitOf(line, measured[first]!.width, false);
  }
  return fitOf(fitWeightedLine(measured), measured[0]!.width, true);

  function fitOf(line: WeightedLine, from_width: number, rejected: boolean): WidthFit {
    const limit = limitOf(line, isRoot ? Math.sqrt(8) : 1, confidence);
    return { ...parameters(line), ...limit, from_width, rejected };
  }
}

function parameters(line: WeightedLine) {
  const { chi_squared, degrees_of_freedom, p_value } = line;
  return {
    ...{ a: line.intercept, a_error: line.intercept_error },
    ...{ b: line.slope, b_error: line.slope_error },
    ...{ chi_squared, degrees_of_freedom, p_value },
  };
}

function limitOf(line: WeightedLine, unit: number, confidence: number) {
  const excess = Math.max(1, Math.sqrt(line.chi_squared / line.degrees_of_freedom));
  const reach = normalQuantile(0.5 + confidence / 2) * excess * line.intercept_error;
  return {
    limit: line.intercept / unit,
    limit_low: (line.intercept - reach) / unit,
    limit_high: (line.intercept + reach) / unit,
  };
}

/** The fitted law at a width. */
export function lawAt({ a, b }: WidthFit, form: WidthLaw["form"], width: number): number {
  return form === "root_width" ? a * Math.sqrt(width) + b : a + b / width;
}
