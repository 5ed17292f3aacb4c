import { canonicalJson } from "../canonical.ts";
import { readDataset } from "../data/read_dataset.ts";
import type { StoredDataset } from "../dataset_object.ts";
import { BUILTIN_DATASETS, type PlannedDataset, type Samples } from "../datasets.ts";
import { MADE_NUMBERS_MAX } from "../limits.ts";
import { nonSeparableDataset } from "../non_separable_data.ts";
import { separableDataset } from "../separable_data.ts";
import type { AxisEntry } from "./axis_schema.ts";
import type { DatasetEntry, FileDatasetEntry } from "./dataset_schema.ts";
import type { KeyPath } from "./load.ts";

/** What reading the data sets of a block needs of the block. */
export interface BlockContext {
  /** Where relative paths begin. */
  readonly folder: string;
  readonly stored: StoredDatasets;
  /** One value or a list, as a list without repetitions. @throws UsageError */
  list<T>(key: KeyPath, given: T | T[]): T[];
  /** One number, a list or an axis, as a list. @throws UsageError */
  numbers(key: KeyPath, given: number | number[] | AxisEntry): number[];
  refuse(key: KeyPath, problem: string, fix: string): never;
  /** Where a key stands, for errors. */
  place(key: KeyPath): string;
}

/** The data sets that a sweep file reads from files: each entry is read once, whatever refers to it. */
export class StoredDatasets {
  private readonly byEntry = new Map<string, StoredDataset>();

  /** Each content once. */
  all(): StoredDataset[] {
    const found = [...this.byEntry.values()];
    return [...new Map(found.map((stored) => [stored.reference.digest, stored])).values()];
  }

  read(entry: FileDatasetEntry, path: KeyPath, block: BlockContext): StoredDataset {
    const key = canonicalJson(entry);
    let stored = this.byEntry.get(key);
    if (stored === undefined) {
      stored = readDataset(entry, block.folder, (...inner) => block.place([...path, ...inner]));
      this.byEntry.set(key, stored);
    }
    return stored;
  }
}

/** The data sets that an entry of `dataset` stands for. @throws UsageError */
export function resolveDataset(
  entry: DatasetEntry,
  path: KeyPath,
  block: BlockContext,
): PlannedDataset[] {
  if (typeof entry === "string") return [BUILTIN_DATASETS.find(({ name }) => name === entry)!];
  if ("separable" in entry) {
    const { margin, ...rest } = entry.separable;
    const margins = block.numbers([...path, "separable", "margin"], margin);
    const numbers = margins.length * rest.samples * rest.features;
    if (numbers > MADE_NUMBERS_MAX) {
      block.refuse(
        [...path, "separable", "margin"],
        `${margins.length} margins of ${rest.samples} samples and ${rest.features} features are ${numbers} numbers, over the limit of ${MADE_NUMBERS_MAX} (MADE_NUMBERS_MAX)`,
        "take fewer margins, samples or features",
      );
    }
    return margins.map((value) => separableDataset({ ...rest, margin: value }));
  }
  if ("non_separable" in entry) {
    const { distance, ...rest } = entry.non_separable;
    if (rest.samples <= rest.features) {
      block.refuse(
        [...path, "non_separable", "samples"],
        `${rest.samples} samples in general position of ${rest.features} features are always separable`,
        "give more samples than features",
      );
    }
    const distances = block.list([...path, "non_separable", "distance"], distance);
    return distances.map((value) => nonSeparableDataset({ ...rest, distance: value }));
  }
  if (!("X" in entry)) return [block.stored.read(entry, path, block).reference];

  const features = entry.X[0]!.length;
  checkSamples(path, entry, features, block);
  if (entry.X.every((row) => row.every((value) => value === 0))) {
    block.refuse([...path, "X"], "every sample is zero", "give at least one non-zero feature");
  }
  const { test, ...training } = entry;
  if (test === undefined) return [training];
  checkSamples([...path, "test"], test, features, block);
  return [{ ...training, test }];
}

function checkSamples(
  path: KeyPath,
  { X, y }: Samples,
  features: number,
  { refuse }: Pick<BlockContext, "refuse">,
): void {
  const odd = X.findIndex((row) => row.length !== features);
  if (odd >= 0) {
    refuse(
      [...path, "X", odd],
      `row ${odd} of X has ${X[odd]!.length} features, but row 0 of the training data has ${features}`,
      "give every sample the same number of features",
    );
  }
  if (y.length !== X.length) {
    refuse(
      [...path, "y"],
      `y has ${y.length} labels, but X has ${X.length} samples`,
      "give one label a sample",
    );
  }
}
