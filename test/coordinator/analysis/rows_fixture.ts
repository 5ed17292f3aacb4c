import type { BoundaryRow, Summary } from "../../../coordinator/analysis/boundaries/boundaries.ts";

export function summary(median: number | null, changes: Partial<Summary> = {}): Summary {
  return {
    median,
    median_beyond: null,
    low: (median ?? Number.NaN) * 0.99,
    high: (median ?? Number.NaN) * 1.01,
    standard_error: 0.01,
    log_normal: { problem: "not fitted" },
    seeds_found: 32,
    seeds_below: 0,
    seeds_above: 0,
    single_step: 32,
    not_single_step: 0,
    area_median: median,
    relative_step: 0.028,
    bracket_step: 0.028,
    ...changes,
  };
}

export function boundaryRow(changes: Partial<BoundaryRow> = {}): BoundaryRow {
  return {
    shape_group: "g",
    grid: 0,
    dataset: "example3",
    model: "one_hidden_layer",
    loss: "logistic",
    width: 200,
    weight_variance: 0.5,
    steps: 100,
    seeds: 32,
    grid_range: [0.5, 60],
    confidence: 0.95,
    eta0: summary(8.181),
    eta1: summary(43.32),
    ...changes,
  };
}
