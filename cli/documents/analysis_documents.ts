import { z } from "zod";
import {
  accuracyGroup,
  agreement,
  files,
  paper,
  uncertainty,
  verified,
  widthLaw,
} from "./analysis_parts.ts";
import { count, number, oneOrList, phaseCounts, sha256 } from "./values.ts";

const fit = z
  .strictObject({
    median: number,
    low: number,
    high: number,
    mu: number,
    mu_error: number.nullable(),
    sigma: number,
    sigma_error: number.nullable(),
  })
  .describe("A log-normal law over seeds: mean and standard deviation of log η, with errors.");

const boundary = z.strictObject({
  median: number.nullable().describe("Median η over seeds; null where it is beyond the grid."),
  median_beyond: z.enum(["below", "above"]).nullable(),
  low: number.describe("Lower end of the bootstrap interval of the median."),
  high: number,
  standard_error: number
    .nullable()
    .describe(
      "Of the median, by bootstrap; null of one seed, and where a resampled median is beyond.",
    ),
  log_normal: z.union([fit, z.strictObject({ problem: z.string() })]),
  seeds_found: count.describe("Seeds whose boundary is among their learning rates."),
  seeds_below: count,
  seeds_above: count,
  single_step: count.describe("Seeds whose verdict changes once."),
  not_single_step: count.describe("Seeds whose verdict goes to and fro."),
  area_median: number.nullable().describe("Median of the boundary by area."),
  relative_step: number.nullable().describe("Finest step of the grid, relative."),
  bracket_step: number.nullable().describe("Widest bracket of a seed, relative."),
});

const analysis = {
  boundaries: z
    .array(
      z.strictObject({
        shape_group: z.string(),
        grid: count.describe("Block of the sweep file, from 0."),
        dataset: z.string(),
        model: z.string(),
        loss: z.string(),
        width: count.nullable(),
        weight_variance: number,
        steps: count.nullable(),
        seeds: count,
        grid_range: z.tuple([number, number]).describe("Lowest and highest η."),
        confidence: number,
        eta0: boundary.describe("η0, the smallest learning rate that is not lazy."),
        eta1: boundary.describe("η1, the smallest that is divergent."),
      }),
    )
    .describe("One for each shape group."),
  refinement: z
    .strictObject({
      targets: z.strictObject({
        eta_tolerance: z.number(),
        median_interval: z.number().nullable(),
        cells_max: count,
      }),
      cells: count,
      cells_dense: z.number().describe("Cells of a grid as fine as the tolerance."),
      missing: z
        .array(
          z.strictObject({
            shape_group: z.string(),
            boundary: z.enum(["eta0", "eta1"]),
            seeds_open: count,
            seeds_beyond: count,
            median_interval: number.nullable(),
          }),
        )
        .describe("What is not known as well as was asked."),
    })
    .nullable()
    .describe("How well the boundaries are known; null where the sweep file asks for nothing."),
  width_laws: z.array(widthLaw),
  uncertainty,
  accuracy: z.array(accuracyGroup),
  agreement: z.array(agreement),
  verified: verified.optional(),
  paper: paper.optional(),
  files,
};

export const analyzeDocument = oneOrList(
  z.strictObject({ sweep: z.string(), cells: count, ...analysis }),
);

const ran = z.strictObject({
  sweep: z.string(),
  cells: count,
  cells_computed: count.describe("Cells that were computed now."),
  cells_cached: count.describe("Cells that were copied from earlier sweeps."),
  elapsed_ms: count,
  phases: phaseCounts,
  duplicates: count,
  mismatches: count,
  mismatch_reports: z.array(z.string()),
  ...analysis,
  results_sha256: sha256,
});

const failed = z.strictObject({ sweep: z.string(), error: z.string() });

export const runDocument = z
  .union([ran, z.array(z.union([ran, failed]))])
  .describe("Of several sweep files a list, in which one that failed has an `error`.");
