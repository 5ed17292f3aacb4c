import { z } from "zod";
import { count, number, oneOrList } from "./values.ts";

const axis = z.looseObject({ lowest: z.number(), highest: z.number(), scale: z.string() });

export const planDocument = oneOrList(
  z.strictObject({
    sweep: z.string(),
    description: z.string(),
    cells: count,
    cells_cached: count.describe("Cells that earlier sweeps have."),
    plan_digest: z.string(),
    notes: z.array(z.string()),
    datasets: z.array(
      z.strictObject({
        name: z.string(),
        samples: count,
        features: count,
        test_samples: count,
        digest: z.string(),
      }),
    ),
    groups: z.array(
      z.strictObject({
        grid: count,
        shape_group: z.string(),
        numeric_class: z.string(),
        dataset: z.string(),
        hidden_layers: count,
        width: z.union([count, z.literal("infinite")]).nullable(),
        weight_variance: z.number(),
        bias_variance: z.number().nullable(),
        input_scale: z.number(),
        initial_weights: z.array(z.number()).nullable(),
        loss: z.string(),
        output_learning_rate: z.unknown(),
        steps: z.unknown().describe("A number, or { physical_time, extra_steps }."),
        drop: z.unknown(),
        measure: z.array(z.string()),
        seeds: z.unknown(),
        learning_rates: axis,
        first_cell: count,
        cells: count,
        cells_cached: count,
        not_cached_because: z.array(z.looseObject({ reason: z.string() })),
      }),
    ),
  }),
);

export const reportDocument = z.strictObject({
  page: z.string(),
  figures: z.string().describe("Folder of the pictures."),
  sweeps: z.array(
    z.strictObject({
      sweep: z.string(),
      results_sha256: z.string(),
      audit: z.looseObject({}).describe("Which cells were trained again, and how they compare."),
      figures: z.array(z.string()),
    }),
  ),
});

const value = z.union([number, z.string()]).nullable();

export const reproduceDocument = z.strictObject({
  sweep: z.string(),
  cell: count,
  shape_group: z.string(),
  seed: count,
  learning_rate: z.number(),
  numeric_class: z.string(),
  again: z.strictObject({ engine: z.string(), numeric_class: z.string() }),
  columns: z.array(
    z.strictObject({
      column: z.string(),
      stored: value,
      again: value,
      relative_difference: number.nullable(),
      verdict: z.string(),
    }),
  ),
  verdict: z.enum(["equal", "within tolerance", "different"]),
  tolerance: z.number(),
  near_change: z.boolean(),
});

export const initDocument = z.strictObject({
  file: z.string(),
  cells: count.describe("Cells; at most, where boundaries are looked for."),
  seconds_estimated: z.number(),
  answers: z.looseObject({ loss: z.string(), find: z.string() }),
});

export const queryDocument = z
  .array(z.record(z.string(), z.unknown()))
  .describe("One object a row, its keys the names of the columns.");

export const theoryDocument = z.array(
  z.strictObject({
    claim: z.string(),
    runs: count,
    held: count,
    counterexample: count.nullable().describe("The cell that breaks it worst."),
  }),
);

export const phiDocument = z.strictObject({
  loss: z.string(),
  learning_rate: z.number(),
  ntk: z.number(),
  inverse_width: z.number(),
  points: z.array(z.strictObject({ x: z.number(), phi: z.number(), derivative: z.number() })),
});

const measured = z.looseObject({ step: count, loss: number, ntk: number, hessian: number });

export const traceDocument = z
  .array(
    z.union([
      z.strictObject({
        losses: z.array(number),
        measured: z.array(measured),
        phase: z.string(),
        diverged_at: count.nullable(),
        increases: count,
        steps: count,
        engine: z.string(),
      }),
      z.strictObject({ phases: z.string(), engine: z.string() }),
    ]),
  )
  .describe("docs/trace.md; the second form with --grid.");

export const locateDocument = z
  .array(z.looseObject({ eta0: number.nullable(), eta1: number.nullable(), evaluations: count }))
  .describe("docs/trace.md.");
