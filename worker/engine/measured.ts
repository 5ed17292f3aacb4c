import type { ResultColumns } from "../../shared/result_columns.ts";
import type { Shape } from "../../shared/shape_group.ts";
import type { Model } from "./models.ts";

/** What of a state a shape asks for; looked up once, as it is needed for every cell. */
export interface Wanted {
  readonly ntk: boolean;
  readonly hessian: boolean;
  readonly accuracy: boolean;
}

export function wantedOf({ measure, dataset }: Shape): Wanted {
  return {
    ntk: measure.includes("ntk"),
    hessian: measure.includes("hessian"),
    accuracy: dataset.test !== undefined,
  };
}

/** λ and h at the state that a model has evaluated; NaN where nobody asked. */
export function eigenvaluesOf(
  model: Model,
  wanted: Wanted,
): { readonly ntk: number; readonly hessian: number } {
  return {
    ntk: wanted.ntk ? finiteOrNaN(model.ntk()) : Number.NaN,
    hessian: wanted.hessian ? finiteOrNaN(model.hessian()) : Number.NaN,
  };
}

/** Fills in what is measured at step min(T, diverged_at), where the model stands and is evaluated. */
export function fillMeasured(
  columns: ResultColumns,
  cell: number,
  model: Model,
  wanted: Wanted,
): void {
  columns.gradient_norm[cell] = canonical(model.gradientNorm());
  columns.weight_norm[cell] = canonical(Math.sqrt(model.squaredSize()));
  if (wanted.accuracy) columns.test_accuracy[cell] = model.testAccuracy();
  if (wanted.ntk) columns.ntk_final[cell] = finiteOrNaN(model.ntk());
  if (wanted.hessian) columns.hessian_final[cell] = finiteOrNaN(model.hessian());
}

/** The one NaN that results carry, whichever sign and payload the arithmetic gave. */
export function canonical(value: number): number {
  return Number.isNaN(value) ? Number.NaN : value;
}

/** A measured value; anything that is not finite counts as not measurable. */
export function finiteOrNaN(value: number): number {
  return Number.isFinite(value) ? value : Number.NaN;
}
