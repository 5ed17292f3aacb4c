import { z } from "zod";
import { LOSSES } from "../../shared/losses.ts";
import { PHASES } from "../../shared/phases.ts";
import { DATA_NAMES, FINDS } from "../init/answers.ts";
import { count, number } from "./values.ts";

const audited = z
  .strictObject({
    numeric_class: z.string(),
    engine: z.enum(["same", "reference"]).describe("Its own, or every weight explicit."),
    cells: count,
    equal: count.describe("Bit for bit."),
    within_tolerance: count,
    tolerance: z.number().describe("Relative; 0: bit for bit."),
    near_change: count.describe("Next to a change of phase, where only the start is judged."),
    different: z.array(z.strictObject({ cell: count, columns: z.array(z.string()) })),
    skipped: count.describe("Chosen, and not to be trained here."),
    problem: z.string().nullable().describe("Why they were skipped."),
  })
  .describe("Cells of one class, trained again by one engine.");

export const reportDocument = z.strictObject({
  page: z.string(),
  figures: z.string().describe("Folder of the pictures."),
  sweeps: z.array(
    z.strictObject({
      sweep: z.string(),
      results_sha256: z.string(),
      audit: z
        .strictObject({
          cells: count,
          audited: count.describe("Cells that were trained again by their own engine."),
          results: z.array(audited),
        })
        .describe("A sample of the cells, trained again."),
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
  answers: z.strictObject({
    data: z.union([
      z.enum(DATA_NAMES),
      z.strictObject({
        csv: z.string(),
        header: z.literal(false).optional(),
        label: z.union([z.string(), z.int()]).optional(),
        classes: z
          .array(z.union([z.string(), z.number()]))
          .length(2)
          .optional(),
      }),
    ]),
    loss: z.enum(LOSSES),
    find: z.enum(FINDS),
    budget: z.union([
      z.strictObject({ seconds: z.number() }),
      z.strictObject({ cells: z.number() }),
    ]),
  }),
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

const measured = z.strictObject({
  step: count,
  loss: number,
  ntk: number.describe("λ, the largest eigenvalue of the NTK."),
  hessian: number.describe("h, that of the Hessian of the loss."),
  weights: z.array(number).optional().describe("Of a linear predictor, in the d coordinates."),
});

export const traceDocument = z
  .array(
    z.union([
      z.strictObject({
        losses: z.array(number),
        measured: z.array(measured),
        phase: z.enum(PHASES),
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
  .array(
    z.strictObject({
      eta0: number.nullable().describe("Smallest η that is not lazy; null: none in the range."),
      eta1: number.nullable().describe("Smallest η that is divergent."),
      eta0_single_step: z.boolean().nullable(),
      eta1_single_step: z.boolean().nullable(),
      eta1_band: z.tuple([number, number]).nullable().describe("First divergent η, last not so."),
      eta1_area: number.nullable().describe("The edge by area."),
      eta0_curvature: number.nullable().describe("Smallest η with η·h = 2 on the gradient flow."),
      evaluations: count.describe("Training runs that it took."),
    }),
  )
  .describe("docs/trace.md.");
