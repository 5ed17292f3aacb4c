import { z } from "zod";
import { ENGINE_CHOICES } from "../engine_choice.ts";
import {
  AXIS_POINTS_MAX,
  ETA_TOLERANCE_MIN,
  HIDDEN_LAYERS_MAX,
  INLINE_FEATURES_MAX,
  LIST_VALUES_MAX,
  STEPS_MAX,
  SWEEP_GROUPS_MAX,
  WIDTH_MAX,
} from "../limits.ts";
import { LOSSES } from "../losses.ts";
import { PRECISIONS } from "../numeric_class.ts";
import { PAPER_FIGURES } from "../paper_figures.ts";
import { SWEEP_NAME } from "../plan.ts";
import { MEASURES } from "../shape_group.ts";
import { axisEnd, axisSchema } from "./axis_schema.ts";
import { datasetSchema } from "./dataset_schema.ts";
import {
  CELLS_MAX_DEFAULT,
  CONFIDENCE_DEFAULT,
  STEPS_DEFAULT,
  WEIGHT_VARIANCE_DEFAULT,
} from "./defaults.ts";

/**
 * The sweep file, in one place: the validator and the published JSON Schema both come from here.
 * The `example` of a key is what its error messages offer as the fix.
 */

const oneOrMany = <T extends z.ZodType>(item: T) =>
  z.union([item, z.array(item).min(1).max(LIST_VALUES_MAX)]);

const integer = (min: number, max: number) => z.int().min(min).max(max);

const learningRateAxis = axisSchema(axisEnd, AXIS_POINTS_MAX);
/** Each point of these is a shape group of its own. */
const groupAxis = axisSchema(axisEnd, SWEEP_GROUPS_MAX);
const widthAxis = axisSchema(integer(1, WIDTH_MAX), SWEEP_GROUPS_MAX);

const fields = {
  dataset: oneOrMany(datasetSchema)
    .describe(
      "Data sets to train on: built-in ones by name, made ones, data written out or read from files.",
    )
    .meta({ example: "dataset: [example3, example4]" }),
  model: z
    .strictObject({
      hidden_layers: integer(0, HIDDEN_LAYERS_MAX)
        .describe(
          "0: linear predictor f = w·x. 1: one hidden layer, f = m^(-1/2) w2·(W1 x). H: a net of H.",
        )
        .meta({ example: "hidden_layers: 1" }),
      width: z
        .union([oneOrMany(z.union([integer(1, WIDTH_MAX), z.literal("infinite")])), widthAxis])
        .describe(
          "Hidden width m, or `infinite` for the NTK limit; an axis is rounded to whole numbers. None for the linear predictor.",
        )
        .meta({ example: "width: [100, 200]" }),
      weight_variance: z
        .union([oneOrMany(z.number().positive()), groupAxis])
        .describe("Variance σ_w² of every initial weight.")
        .meta({ example: "weight_variance: 0.5", default: WEIGHT_VARIANCE_DEFAULT }),
      bias_variance: oneOrMany(z.number().nonnegative())
        .describe("Variance σ_b² of every initial bias; without it there are no biases.")
        .meta({ example: "bias_variance: 0.01" }),
      input_scale: z
        .number()
        .positive()
        .describe("Factor s_in on the input layer, z_1 = s_in W1 x + b_1.")
        .meta({ example: "input_scale: 0.5", default: 1 }),
      initial_weights: z
        .array(z.number())
        .min(1)
        .max(INLINE_FEATURES_MAX)
        .describe("Where a linear predictor starts, one number a feature; without it, drawn.")
        .meta({ example: "initial_weights: [1.0616670375]" }),
    })
    .partial()
    .describe("The network.")
    .meta({ example: "model: { hidden_layers: 1, width: 100, weight_variance: 0.5 }" }),
  loss: oneOrMany(z.enum(LOSSES))
    .describe("Losses to train with.")
    .meta({ example: "loss: logistic" }),
  learning_rate: z
    .union([
      z.number().positive(),
      z.array(z.number().positive()).min(1).max(LIST_VALUES_MAX),
      learningRateAxis,
    ])
    .describe("Learning rates: one, a list (taken literally), or an axis.")
    .meta({ example: "learning_rate: { from: 0.5, to: 60, points: 129, scale: log }" }),
  output_learning_rate: z
    .union([
      z.number().positive(),
      z.array(z.number().positive()).min(1).max(LIST_VALUES_MAX),
      groupAxis,
      z.strictObject({
        ratio: z
          .union([oneOrMany(z.number().positive()), groupAxis])
          .describe("The multiple of learning_rate.")
          .meta({ example: "ratio: 0.1" }),
      }),
    ])
    .describe("Learning rate of the output layer: of its own, or { ratio } times learning_rate.")
    .meta({ example: "output_learning_rate: { ratio: 0.1 }" }),
  seeds: z
    .union([
      integer(1, Number.MAX_SAFE_INTEGER),
      z.array(integer(0, Number.MAX_SAFE_INTEGER)).min(1).max(LIST_VALUES_MAX),
      z.strictObject({
        from: integer(0, Number.MAX_SAFE_INTEGER)
          .describe("The first seed.")
          .meta({ example: "from: 32" }),
        count: integer(1, Number.MAX_SAFE_INTEGER)
          .describe("How many, each one more than the one before.")
          .meta({ example: "count: 32" }),
      }),
    ])
    .describe("Seeds: a count (0, 1, …), a list, or { from, count }.")
    .meta({ example: "seeds: 32" }),
  training: z
    .strictObject({
      steps: z
        .union([
          integer(1, STEPS_MAX),
          z.strictObject({
            physical_time: z
              .number()
              .positive()
              .describe(
                "Training time t: each learning rate η makes round(t/η) steps, at least one.",
              )
              .meta({ example: "physical_time: 50" }),
          }),
        ])
        .describe("Horizon T: gradient descent steps after which the phase is judged.")
        .meta({ example: "steps: 100", default: STEPS_DEFAULT }),
      drop: z
        .strictObject({
          at: integer(1, STEPS_MAX)
            .optional()
            .describe("Step before which the learning rates change. This or `extra_steps`.")
            .meta({ example: "at: 50" }),
          extra_steps: integer(1, STEPS_MAX)
            .optional()
            .describe(
              "The learning rates change after all of `steps`, and so many more follow; T counts those too.",
            )
            .meta({ example: "extra_steps: 500" }),
          factor: z
            .number()
            .positive()
            .optional()
            .describe("What the learning rates are multiplied by. This or `to`.")
            .meta({ example: "factor: 0.1" }),
          to: z
            .number()
            .positive()
            .optional()
            .describe("What all learning rates are set to.")
            .meta({ example: "to: 0.01" }),
        })
        .describe("One drop of the learning rates of all layers; without it they are constant.")
        .meta({ example: "drop: { at: 50, to: 0.01 }" }),
    })
    .partial()
    .describe("How long each run trains.")
    .meta({ example: "training: { steps: 100 }" }),
  measure: z
    .array(z.enum(MEASURES))
    .describe(
      "What to measure at the first and the last step besides the loss: the largest eigenvalues λ of the NTK and h of the Hessian.",
    )
    .meta({ example: "measure: [ntk, hessian]", default: [] }),
  engine: z
    .enum(ENGINE_CHOICES)
    .describe(
      "auto: gram for what it can hold (at most one hidden layer, no biases, data of low rank), else dense.",
    )
    .meta({ example: "engine: dense", default: "auto" }),
  precision: z
    .enum(PRECISIONS)
    .describe(
      "float64 (gram's default): bits equal on every machine. float32: on GPUs where there are some. verify: float32, and float64 next to every change of phase.",
    )
    .meta({ example: "precision: float32" }),
  trajectory: z
    .strictObject({
      every: integer(1, STEPS_MAX)
        .describe("Steps from one recorded point to the next.")
        .meta({ example: "every: 1" }),
    })
    .describe(
      "Record loss and measures along each run, as list columns of the results. Not with a physical time.",
    )
    .meta({ example: "trajectory: { every: 1 }" }),
};

const boundaries = z
  .strictObject({
    eta_tolerance: z
      .number()
      .min(ETA_TOLERANCE_MIN)
      .max(1)
      .describe(
        "Adds learning rates where phases change until each seed's boundary is known to this, relative.",
      )
      .meta({ example: "eta_tolerance: 1e-3" }),
    median_interval: z
      .number()
      .positive()
      .describe("Adds seeds until the interval of each median is as narrow as this, relative.")
      .meta({ example: "median_interval: 0.02" }),
    cells_max: integer(1, Number.MAX_SAFE_INTEGER)
      .describe("Cells at which the sweep ends, whatever is known by then.")
      .meta({ example: "cells_max: 1000000", default: CELLS_MAX_DEFAULT }),
    confidence: z
      .number()
      .gt(0)
      .lt(1)
      .describe("Coverage of the intervals of the medians over seeds.")
      .meta({ example: "confidence: 0.95", default: CONFIDENCE_DEFAULT }),
  })
  .partial()
  .describe("How the phase boundaries are estimated.")
  .meta({ example: "boundaries: { confidence: 0.95 }" });

const block = z
  .strictObject(fields)
  .partial()
  .describe("A product of axes. A key that is left out is taken from the top of the file.");

export const sweepFileSchema = z
  .strictObject({
    name: z
      .string()
      .regex(
        SWEEP_NAME,
        "must be 1 to 100 letters, digits, '.', '_' or '-', and begin with a letter or digit",
      )
      .describe("Name of the sweep, and of its folder of results.")
      .meta({ example: "name: my-sweep" }),
    description: z
      .string()
      .optional()
      .describe("What the sweep is for, in your words; nothing depends on it.")
      .meta({ example: "description: what the sweep is for" }),
    reproduces: z
      .enum(PAPER_FIGURES)
      .optional()
      .describe(
        "The figure or table of Huang et al. 2020 that the results are to be drawn as and held against.",
      )
      .meta({ example: "reproduces: figure3" }),
    ...z.strictObject(fields).partial().shape,
    grids: z
      .array(block)
      .min(1)
      .max(LIST_VALUES_MAX)
      .optional()
      .describe("Blocks of the sweep, where one product of axes is not enough.")
      .meta({ example: "grids: [{ loss: logistic }, { loss: exponential }]" }),
    boundaries: boundaries.optional(),
  })
  .describe("A phasesweep sweep file");

export type SweepFile = z.infer<typeof sweepFileSchema>;
export type SweepBlock = z.infer<typeof block>;

/** The published JSON Schema (draft 2020-12), for completion and checking in editors. */
export function sweepJsonSchema(): object {
  return z.toJSONSchema(sweepFileSchema, { io: "input" });
}
