import { z } from "zod";
import { STEPS_MAX, WIDTH_MAX } from "../../shared/limits.ts";
import { LOSSES } from "../../shared/losses.ts";

/**
 * The cases of `trace` and `locate` (docs/trace.md), in one place. The `example` of a key is what
 * its error messages offer as the fix.
 */

const vector = z.array(z.number());
const matrix = z.array(vector);

const init = z
  .strictObject({
    W1: matrix.describe("Input weights, m × d."),
    w2: vector.describe("Output weights, m."),
    S: matrix.describe("W1ᵀW1/m, d × d."),
    beta: vector.describe("m^(-1/2) W1ᵀw2, d."),
    q: z.number().nonnegative().describe("|w2|²/m."),
    W: z.array(matrix).min(1).describe("Hidden weights of a deep net: m × d, then m × m each."),
    w: vector.describe("Weights of a linear predictor (d), or output weights of a deep net (m)."),
    b: matrix.describe("Biases of the hidden layers, m each."),
    b_out: z.number().describe("Bias of the output."),
  })
  .partial()
  .meta({ example: '"init": {"W1": [[0.1, 0.2]], "w2": [0.3]}' });

const shared = {
  data: z
    .strictObject({
      X: z.array(vector.min(1)).min(1).describe("One row a sample, n × d."),
      y: z
        .array(z.literal([-1, 1]))
        .min(1)
        .describe("One label, −1 or 1, a sample."),
    })
    .meta({ example: '"data": {"X": [[1], [1]], "y": [1, -1]}' }),
  loss: z.enum(LOSSES).meta({ example: '"loss": "logistic"' }),
  width: z
    .int()
    .min(1)
    .max(WIDTH_MAX)
    .nullish()
    .describe("Hidden width m; left out for the linear predictor.")
    .meta({ example: '"width": 100' }),
  steps: z.int().min(1).max(STEPS_MAX).describe("Horizon T.").meta({ example: '"steps": 100' }),
  init,
  hidden_layers: z.int().min(0).optional().meta({ example: '"hidden_layers": 2' }),
  bias: z.boolean().optional().meta({ example: '"bias": true' }),
  s_in: z.number().optional().describe("Factor on the input layer.").meta({ example: '"s_in": 1' }),
};

const learningRate = z.number().positive();

export const traceCaseSchema = z.strictObject({
  ...shared,
  learning_rate: learningRate.meta({ example: '"learning_rate": 2' }),
  measure_at: z
    .array(z.int().min(0))
    .optional()
    .describe("Steps whose state is measured.")
    .meta({ example: '"measure_at": [0, 100]' }),
});

export const gridCaseSchema = z.strictObject({
  ...shared,
  learning_rates: z.array(learningRate).min(1).meta({ example: '"learning_rates": [1, 2, 4]' }),
});

export const locateCaseSchema = z.strictObject(shared);

export type TraceCase = z.infer<typeof traceCaseSchema>;
export type GridCase = z.infer<typeof gridCaseSchema>;
export type LocateCase = z.infer<typeof locateCaseSchema>;
