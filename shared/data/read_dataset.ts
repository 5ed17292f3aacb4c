import { basename, join, resolve } from "node:path";
import { encodeDataset, type StoredDataset } from "../dataset_object.ts";
import { UsageError } from "../errors.ts";
import { DATASET_BYTES_MAX, DATASET_FEATURES_MAX, DATASET_SAMPLES_MAX } from "../limits.ts";
import type { FileDatasetEntry } from "../spec/dataset_schema.ts";
import { type Chosen, chooseSamples } from "./choose.ts";
import { CIFAR10_CLASSES } from "./cifar10.ts";
import { refuseFile } from "./data_file.ts";
import { copyRows, pooledFeatures, scaleFeatures } from "./features.ts";
import type { Label, Labelled } from "./labelled.ts";
import { readSources } from "./sources.ts";

/**
 * Reads a data set of a sweep file from its files and makes of it what is trained on: two classes,
 * chosen samples, pooled and scaled. `folder` is where relative paths begin; `place` tells where a
 * key of the entry stands. @throws UsageError
 */
export function readDataset(
  entry: FileDatasetEntry,
  folder: string,
  place: (...key: readonly (string | number)[]) => string,
): StoredDataset {
  const classes = classesOf(entry, () => place("classes"));
  const { training, heldOut } = readSources(entry, (path) => resolve(folder, path));
  if (heldOut !== undefined && heldOut.features !== training.features) {
    refuseFile(
      heldOut.source,
      `its samples have ${heldOut.features} features, but those of ${training.source} have ${training.features}`,
      "give training and test samples the same features",
    );
  }
  const pool = "pool" in entry ? entry.pool : 1;
  checkPool(training, pool, () => place("pool"));
  const { train, test, seed } = entry;
  const chosen = chooseSamples(training, heldOut, { classes, train, test, seed, place });
  const features = pooledFeatures(training, pool);
  checkSizes(training, chosen.train.rows.length + chosen.test.rows.length, features);

  const samples = chosen.train.rows.length;
  const length = samples * features;
  const values = new Float64Array(length + chosen.test.rows.length * features);
  const copy = ({ from, rows }: Chosen, out: Float64Array) => copyRows(from, rows, pool, out);
  copy(chosen.train, values.subarray(0, length));
  copy(chosen.test, values.subarray(length));
  const isImage = training.image !== undefined;
  scaleFeatures(values, features, samples, entry.scale, isImage);
  // Pixels have eight bits: more than float32 would only take room.
  if (isImage) for (let i = 0; i < values.length; i++) values[i] = Math.fround(values[i]!);
  checkValues(training, values.subarray(0, length), values);
  const y = [...chosen.train.y, ...chosen.test.y];
  return encodeDataset(entry.name ?? nameOf(entry), { y, values, samples, features });
}

function classesOf(
  entry: FileDatasetEntry,
  place: () => string,
): readonly [Label, Label] | undefined {
  if (entry.classes === undefined) return undefined;
  const [a, b] = entry.classes.map((given: Label) => {
    if (typeof given === "number") return given;
    if ("cifar10" in entry) return (CIFAR10_CLASSES as readonly string[]).indexOf(given);
    // Readers make numbers of all labels that look like one.
    return given.trim() !== "" && Number.isFinite(Number(given)) ? Number(given) : given;
  }) as [Label, Label];
  if (a === b) {
    throw new UsageError({
      place: place(),
      problem: `both classes are ${entry.classes[0]}`,
      fix: "give two different ones: the first becomes −1, the second +1",
    });
  }
  return [a, b];
}

function checkPool({ image }: Labelled, pool: number, place: () => string): void {
  if (pool === 1 || image === undefined) return;
  const { height, width } = image;
  if (height % pool === 0 && width % pool === 0) return;
  const fitting: number[] = [];
  for (let k = 1; k <= Math.min(height, width); k++) {
    if (height % k === 0 && width % k === 0) fitting.push(k);
  }
  throw new UsageError({
    place: place(),
    problem: `blocks of ${pool} × ${pool} do not fill images of ${height} × ${width}`,
    fix: `pool by one of ${fitting.join(", ")}`,
  });
}

function checkSizes({ source, image }: Labelled, samples: number, features: number): void {
  // Other numbers may turn out to be float32 too; that is known only once they are all there.
  const number_bytes = image === undefined ? 8 : 4;
  const limits: readonly [string, number, string, number][] = [
    ["samples", samples, "DATASET_SAMPLES_MAX", DATASET_SAMPLES_MAX],
    ["features", features, "DATASET_FEATURES_MAX", DATASET_FEATURES_MAX],
    ["bytes", number_bytes * samples * features, "DATASET_BYTES_MAX", DATASET_BYTES_MAX],
  ];
  for (const [what, size, limit, most] of limits) {
    if (size <= most) continue;
    refuseFile(
      source,
      `${size} ${what} are over the limit of ${most} (${limit})`,
      "take fewer samples with `train` and `test`, or fewer features",
    );
  }
}

function checkValues({ source }: Labelled, training: Float64Array, values: Float64Array): void {
  if (!values.every(Number.isFinite)) {
    refuseFile(source, "its numbers are too large to be scaled", "divide them by a power of ten");
  }
  if (training.every((value) => value === 0)) {
    refuseFile(source, "every sample is zero", "give at least one non-zero feature");
  }
}

/** "fashion-mnist-1-5-n2048-pool4": what distinguishes most data sets that come together. */
function nameOf(entry: FileDatasetEntry): string {
  const isImage = "pool" in entry;
  const words = [
    ...[originOf(entry), ...(entry.classes ?? [])],
    ...(entry.train === undefined ? [] : [`n${entry.train}`]),
    ...(isImage && entry.pool > 1 ? [`pool${entry.pool}`] : []),
    ...(entry.scale === (isImage ? "unit" : "none") ? [] : [entry.scale]),
    ...(entry.seed === 0 ? [] : [`seed${entry.seed}`]),
  ];
  return words.join("-").replace(/[^A-Za-z0-9._-]/g, "_");
}

function originOf(entry: FileDatasetEntry): string {
  if ("cifar10" in entry) return "cifar10";
  let path: string;
  if ("idx" in entry) path = typeof entry.idx === "string" ? entry.idx : entry.idx.train.images;
  else if ("csv" in entry) path = typeof entry.csv === "string" ? entry.csv : entry.csv.train;
  else path = "X" in entry.npy ? entry.npy.X : entry.npy.train.X;
  const name = basename(join(path, "."))
    .replace(/\.gz$/, "")
    .replace(/\.\w+$/, "");
  return /^[A-Za-z0-9]/.test(name) ? name : "data";
}
