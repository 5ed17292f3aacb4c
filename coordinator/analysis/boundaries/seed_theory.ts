/** What theory says of a seed's boundaries from where its runs start. Learning rates η. Pure. */
import { type Dataset, isReference, type PlannedDataset } from "../../../shared/datasets.ts";
import { exp, log } from "../../../shared/elementary.ts";
import { numericWidth, type PlannedShape } from "../../../shared/shape_group.ts";
import type { SeedStart } from "./seed_starts.ts";

export interface SeedTheory {
  /** 2/λ0, where a linear model leaves the lazy phase (squared loss). */
  readonly two_over_ntk: number | null;
  /** 4/λ0, η1 of one hidden layer for squared loss: exact on data of rank one with mean label zero. */
  readonly four_over_ntk: number | null;
  /** 8/λ0 for logistic loss, whose curvature ℓ'' is ¼ at f = 0: 2/h on degenerate data near there. */
  readonly eight_over_ntk: number | null;
  /** 2/h(0) */
  readonly two_over_hessian: number | null;
  /** √(8m), where the logistic η1 of one hidden layer goes for large m; with two rates, η_W η_v = 8m. */
  readonly root_eight_width: number | null;
  /** η0 where it is known exactly, the first root of |f(1)| = |f(0)|. */
  readonly eta0_exact: number | null;
}

/** Theory values of one seed; null where they do not apply or what they need is not known. */
export function seedTheory(shape: PlannedShape, start: SeedStart): SeedTheory {
  const { loss, output_learning_rate: rate } = shape;
  const width = numericWidth(shape);
  const isShallow = shape.hidden_layers === 1 && shape.bias_variance === undefined;
  // λ and h belong to equal rates of both layers.
  const plain = width === null || ("ratio" in rate && rate.ratio === 1);
  const over = (numerator: number, value: number | null) =>
    plain && value !== null && value > 0 ? numerator / value : null;
  return {
    two_over_ntk: over(2, start.ntk),
    four_over_ntk: loss === "squared" && isShallow ? over(4, start.ntk) : null,
    eight_over_ntk: loss === "logistic" ? over(8, start.ntk) : null,
    two_over_hessian: over(2, start.hessian),
    root_eight_width: loss === "logistic" && isShallow ? rootEightWidth(shape, width) : null,
    eta0_exact: plain ? exactEta0(shape, width, start) : null,
  };
}

function rootEightWidth(
  { output_learning_rate: rate }: PlannedShape,
  width: number | null,
): number | null {
  if (width === null || width === Number.POSITIVE_INFINITY) return null;
  return "ratio" in rate ? Math.sqrt((8 * width) / rate.ratio) : (8 * width) / rate.fixed;
}

/**
 * The smaller root of (g0²/m) η² − λ0 (g0/f0) η + 2 = 0, where a step takes f to −f (numerics section
 * 4). It needs data of rank one whose loss is even in f, as then the first step decides:
 *   exponential, |x_i| = c and labels that cancel: L = cosh u with u = c|β|, g0² → c² sinh² u and
 *     g0/f0 → sinh u/u
 *   squared, Σ y_i x_i = 0: L = ½(1 + C β²), C = mean x², g0² → C (2L − 1) and g0/f0 → 1
 */
function exactEta0(shape: PlannedShape, width: number | null, start: SeedStart): number | null {
  const { loss: initial, ntk } = start;
  if (width === null || initial === null || ntk === null || shape.drop !== null) return null;
  if (shape.hidden_layers !== 1 || shape.bias_variance !== undefined) return null;
  const projected = onOneLine(shape.dataset, shape.input_scale ?? 1);
  if (projected === null) return null;
  const { x, y } = projected;
  const mean = (of: (index: number) => number) =>
    x.reduce((sum, _, index) => sum + of(index), 0) / x.length;
  const C = mean((i) => x[i]! ** 2);
  if (Math.abs(mean((i) => y[i]! * x[i]!)) > ROUNDING * Math.sqrt(C)) return null;
  if (shape.loss === "squared") return smallerRoot((C * (2 * initial - 1)) / width, ntk);
  if (shape.loss !== "exponential") return null;
  if (x.some((value) => Math.abs(value * value - C) > ROUNDING * C)) return null;
  const sinhSquared = (initial - 1) * (initial + 1);
  const sinh = Math.sqrt(Math.max(0, sinhSquared));
  const u = log(initial + sinh); // arcosh L
  return smallerRoot((C * sinhSquared) / width, u > 0 ? (ntk * sinhOf(u)) / u : ntk);
}

const ROUNDING = 1e-12;

function sinhOf(u: number): number {
  // For small u the difference of exponentials has lost the digits that the series still has.
  if (u < 1e-2) return u * (1 + (u * u) / 6 + u ** 4 / 120);
  return (exp(u) - exp(-u)) / 2;
}

/** Of a η² − b η + 2 = 0, in the form that does not cancel; null where there is none. */
function smallerRoot(a: number, b: number): number | null {
  const discriminant = b * b - 8 * a;
  return discriminant >= 0 && b > 0 ? 4 / (b + Math.sqrt(discriminant)) : null;
}

/** Coordinates of data of rank one along their line, or null. Stored data are not looked into. */
function onOneLine(
  dataset: PlannedDataset,
  scale: number,
): { readonly x: readonly number[]; readonly y: readonly number[] } | null {
  if (isReference(dataset)) return null;
  const known = lines.get(dataset);
  const line = known ?? { x: lineOf(dataset), y: dataset.y };
  if (known === undefined) lines.set(dataset, line);
  return line.x === null ? null : { x: line.x.map((value) => scale * value), y: line.y };
}

/** One look at each data set, not one a seed. */
const lines = new WeakMap<Dataset, { x: readonly number[] | null; y: readonly number[] }>();

function lineOf({ X }: Dataset): readonly number[] | null {
  const rows = X.map((row) => Array.from(row));
  const longest = rows.map((row) => Math.hypot(...row));
  const size = longest.reduce((most, each) => Math.max(most, each), 0);
  const along = rows[longest.indexOf(size)];
  if (along === undefined || size === 0) return null;
  const x = rows.map((row) => row.reduce((sum, value, j) => sum + value * along[j]!, 0) / size);
  const isOnLine = rows.every((row, i) =>
    row.every((value, j) => Math.abs(value - (x[i]! * along[j]!) / size) <= ROUNDING * size),
  );
  return isOnLine ? x : null;
}
