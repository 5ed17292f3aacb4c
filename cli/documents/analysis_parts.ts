import { z } from "zod";
import { count, number, share } from "./values.ts";

/** Parts of what `run` and `analyze` print, in the names and units of the analysis. */

const boundaryName = z.enum(["eta0", "eta1"]);

const widthPoint = z.strictObject({
  width: number.describe('Hidden width m; "Infinity" at m = ∞.'),
  shape_group: z.string(),
  seeds: count,
  median: number.nullable().describe("Median η over seeds; null where it is beyond the grid."),
  median_beyond: z.enum(["below", "above"]).nullable(),
  low: number.describe("Lower end of the bootstrap interval of the median."),
  high: number,
  error: number.nullable().describe("Standard error used as weight, in η; null: left out."),
});

const widthFit = z.strictObject({
  a: number,
  a_error: number,
  b: number,
  b_error: number,
  limit: number.describe("For m → ∞: a, or for root_width η1/√(8m) → a/√8."),
  limit_low: number,
  limit_high: number,
  chi_squared: number,
  degrees_of_freedom: count,
  p_value: number.describe("Probability of so large a χ² if the law holds."),
  from_width: count.describe("The smallest width in the fit."),
  rejected: z.boolean().describe("Whether no range of widths upwards of one agrees with the law."),
});

/** statistics/width_law.ts */
export const widthLaw = z
  .strictObject({
    boundary: boundaryName,
    form: z.enum(["inverse_width", "root_width"]).describe("η = a + b/m, or η = a√m + b."),
    grid: count.describe("Block of the sweep file, from 0."),
    dataset: z.string(),
    model: z.string(),
    loss: z.string(),
    weight_variance: z.number(),
    steps: count.nullable().describe("Horizon T; null where it differs between learning rates."),
    confidence: share,
    points: z.array(widthPoint).describe("Ascending widths."),
    fit: z.union([widthFit, z.strictObject({ problem: z.string() })]),
    infinite: widthPoint.nullable().describe("What was measured at m = ∞."),
  })
  .describe("How a boundary depends on the width m (docs/statistics.md).");

/** uncertainty.ts */
export const uncertainty = z.strictObject({
  measured: z.array(
    z.strictObject({
      boundary: boundaryName,
      shape_group: z.string(),
      alpha: z.number().describe("f(ε) goes as ε^α."),
      alpha_error: z.number().nullable().describe("Jackknife over seeds; null with a single one."),
      dimension: z.number().describe("D = 1 − α."),
      fitted: count.describe("So many of `scales`, the finest, are in the fit."),
      scales: z.array(
        z.strictObject({
          epsilon: z.number().describe("In log η."),
          share: share.describe("f(ε): of the η whose verdict differs from one ε away."),
        }),
      ),
      misfit: z.number().describe("Largest distance of log f from the fitted line."),
      seeds: count,
      seeds_left_out: count,
    }),
  ),
  not_measured: z.array(z.strictObject({ problem: z.string(), boundaries: count })),
});

const meanAccuracy = z.strictObject({
  mean: z.number(),
  standard_error: z.number().nullable().describe("Null with a single seed."),
});

const accuracyPoint = z.strictObject({
  learning_rate: z.number(),
  seeds: count,
  shares: z
    .strictObject({ lazy: share, catapult: share, divergent: share, unsettled: share })
    .describe("Of the seeds in each phase."),
  accuracy: meanAccuracy.nullable().describe("Over seeds that did not diverge; null: all did."),
});

/** accuracy.ts */
export const accuracyGroup = z
  .strictObject({
    shape_group: z.string(),
    training: z.string().describe("The training schedule in words."),
    same_but_training: z.string().describe("Equal for groups that differ in `training` alone."),
    bias_variance: z.number().nullable(),
    input_scale: z.number(),
    test_samples: count,
    points: z.array(accuracyPoint).describe("Ascending learning rates."),
    best_lazy: accuracyPoint.nullable(),
    best_catapult: accuracyPoint.nullable(),
    held_out: z
      .strictObject({
        seeds: count,
        seeds_left_out: count,
        lazy: meanAccuracy,
        catapult: meanAccuracy,
        difference: meanAccuracy.describe("Catapult less lazy, seed by seed."),
        lazy_range: z.tuple([z.number(), z.number()]).describe("Of the η that were chosen."),
        catapult_range: z.tuple([z.number(), z.number()]),
      })
      .nullable()
      .describe("Each η chosen on all seeds but one, and compared on that one."),
  })
  .describe("Test accuracy, as a share of the samples, of a group with test samples.");

/** agreement.ts */
export const agreement = z
  .strictObject({
    dataset: z.string(),
    model: z.string(),
    loss: z.string(),
    width: number.nullable(),
    numeric_class: z.string(),
    reference_class: z.string().describe("The class that it is held against."),
    cells: count,
    same_phase: share.describe("Of the cells with the same phase."),
    loss_difference: z
      .number()
      .nullable()
      .describe("Largest relative one of runs that are lazy or catapult in both."),
    ntk_difference: z.number().nullable(),
    parts_from: z.number().nullable().describe("Lowest η at which phases part; null: nowhere."),
    parts_to: z.number().nullable(),
  })
  .describe("How the two classes compare on the cells that both have.");

export const verified = z
  .strictObject({
    cells: count.describe("Next to a change of phase, and computed in float64 too."),
    changed: count.describe("Those of them with another phase there."),
  })
  .describe("With precision: verify.");

export const paper = z
  .strictObject({
    name: z.string(),
    title: z.string(),
    findings: z.array(
      z.strictObject({ claim: z.string(), measured: z.string(), agrees: z.string() }),
    ),
  })
  .describe("The figure or table of Huang et al. 2020 that the sweep reproduces.");

/** What stands in the results folder; pictures only where there is something to draw. */
export const files = z
  .strictObject({
    results: z.string(),
    provenance: z.string(),
    boundaries: z.string(),
    figure: z.string().optional().describe("Phases."),
    maps: z
      .array(z.strictObject({ title: z.string(), svg: z.string(), png: z.string() }))
      .optional(),
    accuracy_figure: z.string().optional(),
    loss_figure: z.string().optional(),
    width_figure: z.string().optional(),
    paper_figure: z.string().optional(),
  })
  .describe("Paths.");
