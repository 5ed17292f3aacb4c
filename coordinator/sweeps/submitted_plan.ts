import { z } from "zod";
import { DATASET_DIGEST } from "../../shared/datasets.ts";
import { messageOf } from "../../shared/errors.ts";
import { kernelVersionOf } from "../../shared/kernel_version.ts";
import {
  AXIS_POINTS_MAX,
  DATASET_BYTES_MAX,
  ETA_TOLERANCE_MIN,
  HIDDEN_LAYERS_MAX,
  NAME_CHARS_MAX,
  PLAN_DEPTH_MAX,
  STEPS_MAX,
  SWEEP_CELLS_MAX,
  SWEEP_GROUPS_MAX,
  WIDTH_MAX,
} from "../../shared/limits.ts";
import { LOSSES } from "../../shared/losses.ts";
import { BACKENDS, FLOAT64_EXACT, float32Class } from "../../shared/numeric_class.ts";
import {
  datasetDigest,
  groupCells,
  type Plan,
  parsePlan,
  SWEEP_NAME,
  shapeGroupId,
} from "../../shared/plan.ts";
import { MEASURES } from "../../shared/shape_group.ts";
import { nameProblem } from "../rpc/names.ts";

const whole = (min: number, max = Number.MAX_SAFE_INTEGER) => z.int().min(min).max(max);
const text = z.string().refine((value) => nameProblem({ text: value || "-" }) === undefined);
const positive = z.number().positive();

const RUN = z.strictObject({
  first: whole(0),
  width: whole(1),
  step: whole(1),
  count: whole(1),
});
const RUNS = z.array(RUN).min(1);

const LEARNING_RATES: z.ZodType = z.lazy(() =>
  z.union([
    z.strictObject({
      scale: z.literal("log"),
      octaves_per_step: positive,
      first: whole(-Number.MAX_SAFE_INTEGER),
      points: whole(1, AXIS_POINTS_MAX),
    }),
    z.strictObject({
      scale: z.literal("linear"),
      from: positive,
      to: positive,
      points: whole(1, AXIS_POINTS_MAX),
    }),
    z.strictObject({ scale: z.literal("list"), values: z.array(positive).min(1) }),
    z.strictObject({ scale: z.literal("subset"), of: LEARNING_RATES, runs: RUNS }),
  ]),
);

const SEEDS: z.ZodType = z.lazy(() =>
  z.union([
    z.strictObject({ from: whole(0), count: whole(1) }),
    z.strictObject({ values: z.array(whole(0)).min(1) }),
    z.strictObject({ of: SEEDS, runs: RUNS }),
  ]),
);

const SAMPLES = { X: z.array(z.array(z.number()).min(1)).min(1), y: z.array(z.number()).min(1) };
const areSamples = ({ X, y }: { X: readonly (readonly number[])[]; y: readonly number[] }) =>
  X.length === y.length && X.every((row) => row.length === X[0]!.length);
const DATASET = z.union([
  // Without a digest: it counts by what it holds.
  z
    .strictObject({
      ...{ name: text, ...SAMPLES },
      test: z.strictObject(SAMPLES).refine(areSamples).optional(),
    })
    .refine(areSamples),
  z.strictObject({
    name: text,
    digest: z.string().regex(DATASET_DIGEST),
    bytes: whole(1, DATASET_BYTES_MAX),
    samples: whole(1),
    features: whole(1),
    test_samples: whole(0),
  }),
]);

const SHAPE = z.looseObject({
  dataset: z.string(),
  hidden_layers: whole(0, HIDDEN_LAYERS_MAX),
  width: z.union([whole(1, WIDTH_MAX), z.literal("infinite"), z.null()]),
  weight_variance: z.number().min(0),
  bias_variance: z.number().min(0).optional(),
  input_scale: z.number().optional(),
  initial_weights: z.array(z.number()).nullable(),
  loss: z.enum(LOSSES),
  output_learning_rate: z.union([
    z.strictObject({ ratio: z.number() }),
    z.strictObject({ fixed: z.number() }),
  ]),
  steps: z.union([
    // Steps after a drop come on top.
    whole(1, 2 * STEPS_MAX),
    z.strictObject({ physical_time: positive, extra_steps: whole(0, STEPS_MAX) }),
  ]),
  drop: z
    .union([
      z.strictObject({ at: whole(0).or(z.literal("physical_time")), factor: z.number() }),
      z.strictObject({ at: whole(0).or(z.literal("physical_time")), to: z.number() }),
    ])
    .nullable(),
  measure: z.array(z.enum(MEASURES)).max(MEASURES.length),
  trajectory_every: whole(1).nullable(),
  engine: z.literal("dense").optional(),
});

const GROUP = z.looseObject({
  grid: whole(0),
  first_cell: whole(0, SWEEP_CELLS_MAX),
  cells: whole(1, SWEEP_CELLS_MAX),
  shape: SHAPE,
  numeric_class: z.enum([FLOAT64_EXACT, ...BACKENDS.map(float32Class)]),
  kernel_version: whole(1).optional(),
  shape_group: z.string(),
  seeds: SEEDS,
  learning_rates: LEARNING_RATES,
  split_from: z.undefined().optional(),
  verify: z.literal(true).optional(),
  checks: z
    .strictObject({ of: z.string().max(NAME_CHARS_MAX), why: z.enum(["sample", "boundary"]) })
    .optional(),
  added: z.enum(["learning_rates", "seeds"]).optional(),
});

const PLAN = z.looseObject({
  name: z.string().regex(SWEEP_NAME),
  description: z.string(),
  confidence: z.number().gt(0).lt(1),
  reproduces: z.string().max(NAME_CHARS_MAX).optional(),
  cells: whole(1, SWEEP_CELLS_MAX),
  groups: z.array(GROUP).min(1).max(SWEEP_GROUPS_MAX),
  targets: z
    .strictObject({
      eta_tolerance: z.number().min(ETA_TOLERANCE_MIN),
      median_interval: positive.nullable(),
      cells_max: whole(1, SWEEP_CELLS_MAX),
    })
    .optional(),
});

const PLAN_TEXT = z.looseObject({
  format: z.literal(1),
  datasets: z.record(z.string(), DATASET),
  plan: PLAN,
});

/**
 * What is wrong with a plan that somebody submits, or undefined. Nobody looks at its numbers again
 * before they are relied on: by the scheduler, by workers, and by later sweeps, which take over
 * cells of the same identity, so that this is computed once more here.
 */
export function planProblem(plan_json: string): string | undefined {
  try {
    if (depthOf(plan_json) > PLAN_DEPTH_MAX) {
      return `the plan is nested deeper than ${PLAN_DEPTH_MAX} (PLAN_DEPTH_MAX)`;
    }
    const parsed = PLAN_TEXT.safeParse(JSON.parse(plan_json));
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      return `the plan is none at ${issue!.path.join(".") || "its root"}: ${issue!.message}`;
    }
    return identityProblem(parsePlan(plan_json));
  } catch (error) {
    return `the plan is none: ${messageOf(error)}`;
  }
}

function identityProblem({ groups }: Plan): string | undefined {
  const digests = new Map<unknown, string>();
  for (const [i, { shape, numeric_class, shape_group, cells, ...group }] of groups.entries()) {
    const digest = digests.get(shape.dataset) ?? datasetDigest(shape.dataset);
    digests.set(shape.dataset, digest);
    // Its data count by digest alone, which need not be made of all the numbers for every group.
    const reference = { name: "", digest, bytes: 1, samples: 1, features: 1, test_samples: 0 };
    const version = kernelVersionOf(group);
    if (shapeGroupId({ ...shape, dataset: reference }, numeric_class, version) !== shape_group) {
      return `group ${i} of the plan is not the shape group that it says it is`;
    }
    if (groupCells(group.seeds, group.learning_rates) !== cells) {
      return `group ${i} of the plan has ${cells} cells, not one for each seed and learning rate`;
    }
  }
  return undefined;
}

/** How deep JSON is nested, whether it is sound or not. */
function depthOf(json: string): number {
  let depth = 0;
  let deepest = 0;
  let isString = false;
  for (let at = 0; at < json.length; at++) {
    const code = json.charCodeAt(at);
    if (isString) {
      if (code === BACKSLASH) at++;
      else if (code === QUOTE) isString = false;
    } else if (code === QUOTE) isString = true;
    else if (code === BRACE || code === BRACKET) deepest = Math.max(deepest, ++depth);
    else if (code === BRACE_END || code === BRACKET_END) depth--;
  }
  return deepest;
}

const [QUOTE, BACKSLASH] = [0x22, 0x5c];
const [BRACKET, BRACKET_END, BRACE, BRACE_END] = [0x5b, 0x5d, 0x7b, 0x7d];
