import type { RunsSource } from "../runs_source.ts";

/**
 * The aggregation behind the boundaries for any results file, whatever learning rates its seeds
 * sample; shared_axis_query.ts does the same at a tenth of the cost where they agree. One pass over
 * the cells of a results file, one row for each (shape group, seed), groups in the order of their
 * first cell.
 *
 * For each boundary, with the low side "lazy" (η0) or "not divergent" (η1):
 *   _first     smallest η on the high side, null if there is none
 *   _before    the η sampled just below _first; null when _first is the lowest
 *   _last      largest η on the low side, null if there is none
 *   _log_area  ∫ 1[low side] d log η over the sampled range, by the trapezoid rule: two neighbours
 *              of different sides share their interval at the geometric midpoint; in whole
 *              multiples of 2^−50, so that the order of adding does not show (shared_axis_query.ts)
 */
export function boundaryQuery(source: RunsSource): string {
  return `
WITH neighbour AS (
  SELECT
    shape_group, seed, cell, "grid", dataset, model, loss, width, weight_variance, steps,
    learning_rate AS eta,
    lag(learning_rate) OVER along AS previous,
    lead(learning_rate) OVER along AS next,
    phase = 'lazy' AS is_lazy,
    phase <> 'divergent' AS is_bounded
  FROM ${source}
  WINDOW along AS (PARTITION BY shape_group, seed ORDER BY learning_rate)
),
weighted AS (
  SELECT *,
    round(0.5 * (ln(coalesce(next, eta)) - ln(coalesce(previous, eta)))
      * ${2 ** 50}::DOUBLE)::BIGINT AS weight
  FROM neighbour
),
seed_boundary AS (
  SELECT
    shape_group,
    seed,
    min(cell) AS cell,
    ${SHAPE_COLUMNS},
    min(eta) AS lowest,
    max(eta) AS highest,
    min((eta - previous) / previous) AS relative_step,
    ${boundaryColumns("eta0", "is_lazy")},
    ${boundaryColumns("eta1", "is_bounded")}
  FROM weighted
  GROUP BY shape_group, seed
)
SELECT * EXCLUDE (cell)
FROM seed_boundary
ORDER BY min(cell) OVER (PARTITION BY shape_group), shape_group, seed`;
}

/** What the cells of a shape group have in common; the horizon is null where it differs. */
export const SHAPE_COLUMNS = `
    min("grid")::INTEGER AS "grid",
    any_value(dataset) AS dataset,
    any_value(model) AS model,
    any_value(loss) AS loss,
    any_value(width)::DOUBLE AS width,
    any_value(weight_variance)::DOUBLE AS weight_variance,
    CASE WHEN min(steps) = max(steps) THEN min(steps)::INTEGER END AS steps`;

function boundaryColumns(name: string, isLow: string): string {
  return `
    min(eta) FILTER (NOT ${isLow}) AS ${name}_first,
    arg_min_null(previous, eta) FILTER (NOT ${isLow}) AS ${name}_before,
    max(eta) FILTER (${isLow}) AS ${name}_last,
    sum(weight) FILTER (${isLow})::DOUBLE / ${2 ** 50} AS ${name}_log_area`;
}

/** One row of either query as the driver hands it over. */
export interface BoundaryQueryRow {
  readonly shape_group: string;
  readonly grid: number;
  readonly dataset: string;
  readonly model: string;
  readonly loss: string;
  readonly width: number | null;
  readonly weight_variance: number;
  readonly steps: number | null;
  readonly seed: bigint;
  readonly lowest: number;
  readonly highest: number;
  readonly relative_step: number | null;
  readonly eta0_before: number | null;
  readonly eta0_first: number | null;
  readonly eta0_last: number | null;
  readonly eta0_log_area: number | null;
  readonly eta1_before: number | null;
  readonly eta1_first: number | null;
  readonly eta1_last: number | null;
  readonly eta1_log_area: number | null;
}
