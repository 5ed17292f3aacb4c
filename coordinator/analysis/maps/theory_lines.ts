import { type Dataset, isReference } from "../../../shared/datasets.ts";
import type { PlannedShape } from "../../../shared/shape_group.ts";
import type { Run } from "../figures/svg_text.ts";
import { plain } from "../labels.ts";
import type { PhaseMap } from "./find_maps.ts";

/** Where theory puts η1 on a map. */
export interface TheoryLine {
  readonly name: readonly Run[];
  /** η, one a group of the map. */
  readonly learning_rates: readonly number[];
}

/**
 * What is known of η1 for one hidden layer on data of rank one (numerics, section 4): the squared
 * loss with mean label zero diverges above 4/λ(0), here with the mean of λ(0) over initializations;
 * the logistic loss of a saturated network above η_W η_v = 2m/g², which its η1 approaches.
 */
export function theoryLines({ parameter, groups }: PhaseMap): TheoryLine[] {
  const { shape } = groups[0]!;
  const { dataset, hidden_layers, bias_variance, drop, input_scale, loss } = shape;
  const isPlain =
    hidden_layers === 1 &&
    bias_variance === undefined &&
    input_scale === undefined &&
    drop === null;
  if (!isPlain || isReference(dataset) || parameter.key === "margin") return [];
  const line = lineCoordinates(dataset);
  if (line === undefined) return [];
  const along = (rate: (shape: PlannedShape) => number) => groups.map((group) => rate(group.shape));
  if (loss === "squared") {
    const mean = line.reduce((sum, c, i) => sum + c * dataset.y[i]!, 0);
    const square = line.reduce((sum, c) => sum + c * c, 0) / line.length;
    const rate = shape.output_learning_rate;
    if (Math.abs(mean) > 1e-12 || !("ratio" in rate) || rate.ratio !== 1) return [];
    if (parameter.key === "output_ratio") return [];
    return [
      {
        name: ["η = 4/λ̄(0), λ̄(0) the mean over initializations"],
        learning_rates: along(({ weight_variance }) => 4 / (2 * weight_variance * square)),
      },
    ];
  }
  const gradient = saturatedGradient(dataset, line);
  if (loss !== "logistic" || gradient === undefined) return [];
  const factor = 2 / gradient ** 2;
  const product = ({ width }: PlannedShape) => factor * (width as number);
  const two = parameter.key === "output_rate" || parameter.key === "output_ratio";
  return [
    {
      name: two
        ? ["η η", { sub: "v" }, ` = ${plain(factor)} m, η`, { sub: "1" }, " of large m"]
        : [`η = √(${plain(factor)} m), η`, { sub: "1" }, " of large m"],
      learning_rates: along((each) => {
        const rate = each.output_learning_rate;
        return "fixed" in rate ? product(each) / rate.fixed : Math.sqrt(product(each) / rate.ratio);
      }),
    },
  ].filter(({ learning_rates }) => learning_rates.every(Number.isFinite));
}

/** Coordinates c_i of samples x_i = c_i u of a unit vector u; undefined where there is none. */
function lineCoordinates({ X }: Dataset): number[] | undefined {
  const longest = X.reduce((a, b) => (norm(b) > norm(a) ? b : a));
  const length = norm(longest);
  const line: number[] = [];
  for (const x of X) {
    let c = 0;
    for (let j = 0; j < x.length; j++) c += (x[j]! * longest[j]!) / length;
    for (let j = 0; j < x.length; j++) {
      if (Math.abs(x[j]! - (c * longest[j]!) / length) > 1e-12 * length) return undefined;
    }
    line.push(c);
  }
  return line;
}

function norm(x: ArrayLike<number>): number {
  let sum = 0;
  for (let j = 0; j < x.length; j++) sum += x[j]! ** 2;
  return Math.sqrt(sum);
}

/**
 * |g| of the logistic loss as |f| → ∞, where only samples on the wrong side count; undefined where
 * it is not the same on both sides, or none.
 */
function saturatedGradient({ y }: Dataset, line: readonly number[]): number | undefined {
  const side = (sign: number) =>
    line.reduce((sum, c, i) => sum + Math.max(0, sign * c * y[i]!), 0) / line.length;
  const [right, left] = [side(1), side(-1)];
  return right > 0 && Math.abs(right - left) < 1e-12 * right ? right : undefined;
}
