import { z } from "zod";
import { count, oneOrList } from "./values.ts";

const run = z
  .strictObject({ first: count, width: count, step: count, count })
  .describe("Positions first + i·step … + width − 1, for i below count.");

const log = {
  scale: z.literal("log"),
  octaves_per_step: z.number().describe("η_i = 2^((first + i)·octaves_per_step)."),
  first: z.int(),
  points: count,
};
const linear = { scale: z.literal("linear"), from: z.number(), to: z.number(), points: count };
const list = { scale: z.literal("list"), values: z.array(z.number()) };

/** shared/spec/axes.ts; subsets are those of cells that are computed in another class, as a check. */
const wholeAxis = z.union([z.strictObject(log), z.strictObject(linear), z.strictObject(list)]);
const subset = { scale: z.literal("subset"), of: wholeAxis, runs: z.array(run) };

const ends = { lowest: z.number().describe("Lowest η."), highest: z.number() };

const learningRates = z.union([
  z.strictObject({ ...log, ...ends }),
  z.strictObject({ ...linear, ...ends }),
  z.strictObject({ ...list, ...ends }),
  z.strictObject({ ...subset, ...ends }),
]);

const wholeSeeds = z.union([
  z.strictObject({ from: count, count }),
  z.strictObject({ values: z.array(count) }),
]);
const seeds = z.union([wholeSeeds, z.strictObject({ of: wholeSeeds, runs: z.array(run) })]);

const dropAt = {
  at: z.union([count, z.literal("physical_time")]).describe("Step before which it comes."),
};

const difference = z.strictObject({ field: z.string(), now: z.string(), earlier: z.string() });

/** coordinator/reuse/explain.ts */
const notCachedBecause = z.union([
  z.strictObject({
    reason: z.literal("new_seeds"),
    count,
    seeds: z.array(z.strictObject({ first: count, last: count })),
  }),
  z.strictObject({ reason: z.literal("new_learning_rates"), count }),
  z.strictObject({ reason: z.literal("not_all_there") }).describe("Not all of them together."),
  z.strictObject({ reason: z.literal("no_earlier_sweep") }),
  z
    .strictObject({ reason: z.literal("new_shape"), differs: z.array(difference) })
    .describe("From the nearest earlier shape."),
  z.strictObject({
    reason: z.literal("other_numeric_class"),
    now: z.string(),
    earlier: z.string(),
  }),
  z.strictObject({ reason: z.literal("other_kernel_version") }),
]);

const dataset = z.strictObject({
  name: z.string(),
  samples: count,
  features: count,
  test_samples: count,
  digest: z.string().describe("sha256 of the content."),
});

const group = z.strictObject({
  grid: count.describe("Block of the sweep file, from 0."),
  shape_group: z.string(),
  numeric_class: z.string(),
  dataset: z.string(),
  hidden_layers: count,
  width: z
    .union([count, z.literal("infinite")])
    .nullable()
    .describe("Hidden width m; null for the linear predictor."),
  weight_variance: z.number().describe("σ_w²"),
  bias_variance: z.number().nullable().describe("σ_b²; null without biases."),
  input_scale: z.number().describe("s_in"),
  initial_weights: z.array(z.number()).nullable().describe("Where they are not drawn."),
  loss: z.string(),
  output_learning_rate: z.union([
    z.strictObject({ ratio: z.number() }),
    z.strictObject({ fixed: z.number() }),
  ]),
  steps: z
    .union([count, z.strictObject({ physical_time: z.number(), extra_steps: count })])
    .describe("Horizon T; or a training time t = ηT, from which the T of each η follows."),
  drop: z
    .union([
      z.strictObject({ ...dropAt, factor: z.number() }),
      z.strictObject({ ...dropAt, to: z.number() }),
    ])
    .nullable()
    .describe("Of the learning rates: so many times what they were, or all to one."),
  measure: z.array(z.string()),
  seeds,
  learning_rates: learningRates,
  first_cell: count,
  cells: count,
  cells_cached: count,
  not_cached_because: z.array(notCachedBecause),
});

export const planDocument = oneOrList(
  z.strictObject({
    sweep: z.string(),
    description: z.string(),
    cells: count,
    cells_cached: count.describe("Cells that earlier sweeps have."),
    plan_digest: z.string(),
    notes: z.array(z.string()),
    datasets: z.array(dataset),
    groups: z.array(group),
  }),
);
