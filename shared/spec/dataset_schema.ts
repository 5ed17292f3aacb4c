import { z } from "zod";
import { CIFAR10_CLASSES } from "../data/cifar10.ts";
import { SCALES } from "../data/features.ts";
import { BUILTIN_DATASETS } from "../datasets.ts";
import {
  DATASET_SAMPLES_MAX,
  INLINE_FEATURES_MAX,
  INLINE_SAMPLES_MAX,
  SWEEP_GROUPS_MAX,
} from "../limits.ts";
import { axisEnd, axisSchema } from "./axis_schema.ts";

/** The forms that a data set takes in a sweep file. */

const integer = (min: number, max: number) => z.int().min(min).max(max);
const oneOrMany = <T extends z.ZodType>(item: T) => z.union([item, z.array(item).min(1)]);

const datasetName = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, "letters, digits, '.', '_' and '-'");
const seed = integer(0, Number.MAX_SAFE_INTEGER).default(0);
const labelNoise = z
  .number()
  .min(0)
  .max(0.5)
  .default(0)
  .describe("Share of the samples whose label is turned round, chosen by the seed.");

const features = integer(1, INLINE_FEATURES_MAX).describe("Features d.");

const samples = {
  X: z
    .array(z.array(z.number()).min(1).max(INLINE_FEATURES_MAX))
    .min(1)
    .max(INLINE_SAMPLES_MAX)
    .describe("One row a sample, n × d.")
    .meta({ example: "X: [[1, 0], [0, 1]]" }),
  y: z
    .array(z.literal([-1, 1]))
    .min(1)
    .describe("One label, −1 or 1, a sample.")
    .meta({ example: "y: [1, -1]" }),
};

const inline = z
  .strictObject({
    name: datasetName.describe("What the results call it.").meta({ example: "name: mine" }),
    ...samples,
    test: z
      .strictObject(samples)
      .optional()
      .describe("Held-out samples, on which the accuracy is measured."),
  })
  .describe("A data set of your own, written out.");

const separable = z
  .strictObject({
    separable: z
      .strictObject({
        samples: integer(2, INLINE_SAMPLES_MAX)
          .describe("Samples n, labels alternating.")
          .meta({ example: "samples: 16" }),
        features: features.meta({ example: "features: 2" }),
        margin: z
          .union([
            z.number().positive(),
            z.array(z.number().positive()).min(1),
            axisSchema(axisEnd, SWEEP_GROUPS_MAX),
          ])
          .describe("Smallest distance γ of a sample to the separating plane.")
          .meta({ example: "margin: [0.1, 1]" }),
        label_noise: labelNoise,
        seed: seed.describe("Seed of the data."),
      })
      .describe("Normal features, moved apart along the first axis until the margin is γ."),
  })
  .describe("Linearly separable data with a margin, but for the labels that noise turns round.");

const nonSeparable = z
  .strictObject({
    non_separable: z
      .strictObject({
        samples: integer(2, INLINE_SAMPLES_MAX)
          .describe("Samples n > d, labels alternating; the last one balances the others.")
          .meta({ example: "samples: 16" }),
        features: features.meta({ example: "features: 2" }),
        distance: oneOrMany(z.number().min(0))
          .describe("Distance of the means of the two classes along the first axis.")
          .meta({ example: "distance: 1" }),
        label_noise: labelNoise,
        seed: seed.describe("Seed of the data."),
      })
      .describe("Two overlapping normal classes that no plane through 0 separates, even weakly."),
  })
  .describe("Data that are not linearly separable.");

const file = z.string().min(1).describe("A path; relative ones begin at the sweep file's folder.");
const label = z.union([z.number(), z.string().min(1)]);

/** What all data sets from files have in common. */
const common = {
  name: datasetName
    .optional()
    .describe("What the results call it; made of the other keys unless given."),
  train: integer(2, DATASET_SAMPLES_MAX)
    .optional()
    .describe("Samples to train on, half of each class; all of both classes unless given."),
  test: integer(0, DATASET_SAMPLES_MAX)
    .optional()
    .describe(
      "Held-out samples, half of each class: of the test files, or of what training leaves. Unless given, all of the test files.",
    ),
  seed: seed.describe("Seed by which samples are chosen."),
};

const ownClasses = z
  .array(label)
  .length(2)
  .optional()
  .describe("The labels that become −1 and +1. Needed unless all labels are −1 and 1.");

const imageOptions = {
  pool: integer(1, 1024).default(1).describe("Average over blocks of k × k pixels of a channel."),
  scale: z
    .enum(SCALES)
    .default("unit")
    .describe(
      "unit: pixels/255. standardize: mean 0, variance 1 of each feature over the training samples. unit_norm: |x| = 1. Images are rounded to float32 after that.",
    ),
};

const ownScale = z
  .enum(SCALES)
  .default("none")
  .describe(
    "unit: each feature to [0, 1] over the training samples. standardize: mean 0, variance 1. unit_norm: |x| = 1.",
  );

const cifar10 = z
  .strictObject({
    cifar10: z
      .union([
        file,
        z.strictObject({
          train: oneOrMany(file).describe(
            "Files to train on, in the binary form, maybe with gzip.",
          ),
          test: oneOrMany(file).optional().describe("Files of held-out samples."),
        }),
      ])
      .describe(
        "The folder with data_batch_1.bin … data_batch_5.bin and test_batch.bin, or the files.",
      ),
    classes: z
      .array(z.union([integer(0, CIFAR10_CLASSES.length - 1), z.enum(CIFAR10_CLASSES)]))
      .length(2)
      .describe("The classes that become −1 and +1, by label or name.")
      .meta({ example: "classes: [automobile, dog]" }),
    ...common,
    ...imageOptions,
  })
  .describe("Two classes of CIFAR-10, from its binary version.");

const imagesAndLabels = z.strictObject({
  images: file.describe("Images, idx3-ubyte, maybe with gzip."),
  labels: file.describe("Labels, idx1-ubyte, maybe with gzip."),
});

const idx = z
  .strictObject({
    idx: z
      .union([
        file,
        z.strictObject({
          train: imagesAndLabels.describe("What to train on."),
          test: imagesAndLabels.optional().describe("Held-out samples."),
        }),
      ])
      .describe(
        "The folder with train-images-idx3-ubyte, train-labels-idx1-ubyte and the same of t10k, maybe with .gz, or the files.",
      ),
    classes: z
      .array(integer(0, 255))
      .length(2)
      .describe("The labels that become −1 and +1.")
      .meta({ example: "classes: [1, 5]" }),
    ...common,
    ...imageOptions,
  })
  .describe("Two classes of an image set in IDX form, such as MNIST or Fashion-MNIST.");

const csv = z
  .strictObject({
    csv: z
      .union([
        file,
        z.strictObject({
          train: file.describe("The file to train on."),
          test: file.optional().describe("A file of held-out samples."),
        }),
      ])
      .describe(
        "A file of comma-separated values, one sample a line, or one to train and one to test.",
      ),
    label: z
      .union([z.string(), z.int()])
      .default("label")
      .describe("Column of the labels: its name, or its number from 0 (−1 is the last)."),
    header: z.boolean().default(true).describe("Whether the first line names the columns."),
    classes: ownClasses,
    ...common,
    scale: ownScale,
  })
  .describe("Data of your own in a CSV file; every column but the label is a feature.");

const samplesAndLabels = z.strictObject({
  X: file.describe("Samples, n × d; further axes become features."),
  y: file.describe("Labels, n."),
});

const npy = z
  .strictObject({
    npy: z
      .union([
        samplesAndLabels,
        z.strictObject({
          train: samplesAndLabels.describe("What to train on."),
          test: samplesAndLabels.optional().describe("Held-out samples."),
        }),
      ])
      .describe("Arrays of NumPy: { X, y }, or these to train and to test."),
    classes: ownClasses,
    ...common,
    scale: ownScale,
  })
  .describe("Data of your own in .npy files.");

const builtin = z.enum(BUILTIN_DATASETS.map((dataset) => dataset.name));

export const datasetSchema = z.union([
  builtin,
  separable,
  nonSeparable,
  inline,
  cifar10,
  idx,
  csv,
  npy,
]);

export type DatasetEntry = z.infer<typeof datasetSchema>;

/** Data sets that are read from files. */
export type FileDatasetEntry =
  | z.infer<typeof cifar10>
  | z.infer<typeof idx>
  | z.infer<typeof csv>
  | z.infer<typeof npy>;
