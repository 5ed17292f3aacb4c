import type { Analysis } from "../../../coordinator/analysis/analyze.ts";
import type { SweepReport } from "../../../coordinator/report/sweep_report.ts";
import { BUILTIN_DATASETS } from "../../../shared/datasets.ts";
import type { Plan, PlannedGroup } from "../../../shared/plan.ts";
import { boundaryRow, summary } from "../analysis/rows_fixture.ts";

/** Text that would be markup if nobody escaped it. */
export const HOSTILE = `<script>alert("x")</script> & 'y'`;

const GROUP: PlannedGroup = {
  grid: 0,
  first_cell: 0,
  cells: 320,
  shape: {
    dataset: { ...BUILTIN_DATASETS[3]!, name: HOSTILE },
    hidden_layers: 1,
    width: 200,
    weight_variance: 0.5,
    initial_weights: null,
    loss: "logistic",
    output_learning_rate: { ratio: 1 },
    steps: 100,
    drop: null,
    measure: ["ntk", "hessian"],
    trajectory_every: null,
  },
  numeric_class: "float64-exact",
  shape_group: "g",
  seeds: { from: 0, count: 32 },
  learning_rates: { scale: "log", octaves_per_step: 0.5, first: 0, points: 10 },
};

const PLAN: Plan = {
  name: "made",
  description: HOSTILE,
  confidence: 0.95,
  cells: 320,
  groups: [GROUP],
};

/** A picture with everything that has to become a page's own. */
export const PICTURE = `<svg xmlns="http://www.w3.org/2000/svg" width="100" height="50" viewBox="0 0 100 50" role="img"><title>A &amp; B</title><defs><pattern id="unsettled" width="8" height="8"/></defs><clipPath id="frame0"><rect width="9" height="9"/></clipPath><g clip-path="url(#frame0)"><rect fill="url(#unsettled)" width="3" height="3"/></g></svg>\n`;

/** A report in which every section has something to say. */
export function madeReport(changes: Partial<Analysis> = {}): SweepReport {
  const row = boundaryRow({
    dataset: HOSTILE,
    eta0: summary(8.181, {
      log_normal: {
        median: 8.1,
        low: 8,
        high: 8.2,
        mu: 2.09,
        mu_error: 0.01,
        sigma: 0.1,
        sigma_error: 0.01,
      },
    }),
    eta1: summary(null, {
      median_beyond: "above",
      low: Number.NaN,
      area_median: null,
      seeds_above: 32,
    }),
  });
  const point = {
    learning_rate: 2,
    seeds: 32,
    shares: { lazy: 1, catapult: 0, divergent: 0, unsettled: 0 },
    accuracy: { mean: 0.9, standard_error: 0.01 },
  };
  const law = {
    boundary: "eta1",
    form: "root_width",
    grid: 0,
    dataset: HOSTILE,
    model: "one_hidden_layer",
    loss: "logistic",
    weight_variance: 0.5,
    steps: 100,
    confidence: 0.95,
    points: [100, 200, 400].map((width) => ({
      width,
      shape_group: "g",
      seeds: 32,
      median: 30,
      median_beyond: null,
      low: 29,
      high: 31,
      error: 0.5,
    })),
    fit: {
      a: 3,
      a_error: 0.1,
      b: 1,
      b_error: 0.2,
      limit: 1.06,
      limit_low: 1,
      limit_high: 1.1,
      chi_squared: 1,
      degrees_of_freedom: 1,
      p_value: 0.3,
      from_width: 100,
      rejected: false,
    },
    infinite: null,
  } as const;
  const analysis = {
    plan: PLAN,
    rows: [row],
    refinement: {
      targets: { eta_tolerance: 1e-3, median_interval: 0.02, cells_max: 1000 },
      cells: 320,
      cells_dense: 9000,
      missing: [
        {
          shape_group: "g",
          boundary: "eta1",
          seeds_open: 2,
          seeds_beyond: 1,
          median_interval: Number.POSITIVE_INFINITY,
        },
      ],
    },
    agreement: [
      {
        ...{ dataset: HOSTILE, model: "one_hidden_layer", loss: "logistic", width: 200 },
        ...{ numeric_class: "float32-wasm", reference_class: "float64-exact", cells: 10 },
        ...{
          same_phase: 0.9,
          loss_difference: 1e-5,
          ntk_difference: null,
          parts_from: 3,
          parts_to: 4,
        },
      },
    ],
    verified: { cells: 12, changed: 1 },
    accuracy: [
      {
        ...{ shape_group: "g", training: "T = 100", same_but_training: "", bias_variance: null },
        ...{ input_scale: 1, test_samples: 512, points: [point], best_lazy: point },
        ...{ best_catapult: null, held_out: null },
      },
    ],
    width_laws: [law, { ...law, fit: { problem: HOSTILE } }],
    uncertainty: {
      measured: [
        {
          ...{ boundary: "eta1", shape_group: "g", alpha: 0.7, alpha_error: 0.01, dimension: 0.3 },
          ...{
            scales: [{ epsilon: 0.01, share: 0.1 }],
            fitted: 1,
            misfit: 0.02,
            seeds: 30,
            seeds_left_out: 2,
          },
        },
      ],
      not_measured: [{ problem: HOSTILE, boundaries: 3 }],
    },
    boundaries: "boundaries.parquet",
    figure: "phases.svg",
    maps: [{ title: "a map", svg: "map.svg", png: "map.png" }],
    maps_left_out: 2,
    accuracy_figure: "accuracy.svg",
    loss_figure: "loss_curves.svg",
    width_figure: "widths.svg",
    paper: {
      ...{ name: "figure3", title: HOSTILE, svg: PICTURE },
      findings: (["yes", "in part", "no"] as const).map((agrees) => ({
        claim: HOSTILE,
        measured: "η_0 = 3",
        agrees,
      })),
    },
    paper_figure: "paper.svg",
    ...changes,
  } satisfies Analysis;
  const names = ["paper", "phases", "map", "widths", "loss_curves", "accuracy"];
  return {
    analysis,
    versions: ["0.1.0"],
    plan_digest: "d".repeat(64),
    results_sha256: "a".repeat(64),
    results_bytes: 12_345,
    phases: { lazy: 200, catapult: 100, divergent: 19, unsettled: 0 },
    provenance: [
      {
        ...{ worker: HOSTILE, host: "h", version: "0.1.0", slots: 2, parts: 3, cells: 319 },
        ...{
          compute_ms: 4_000_000,
          first_started: "2026-01-01 00:00:00",
          last_committed: "2026-01-01 00:01:00",
        },
      },
    ],
    audit: {
      cells: 319,
      audited: 64,
      results: [
        {
          ...{
            numeric_class: "float64-exact",
            engine: "same",
            cells: 60,
            equal: 59,
            within_tolerance: 0,
          },
          ...{ tolerance: 0, near_change: 0, skipped: 4, problem: HOSTILE },
          different: [{ cell: 17, columns: ["ntk_final"] }],
        },
      ],
    },
    figures: names.map((name) => ({ name, svg: PICTURE })),
  };
}
