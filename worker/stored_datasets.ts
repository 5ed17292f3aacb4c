import { readFileSync } from "node:fs";
import { sha256Hex } from "../shared/canonical.ts";
import { decodeDataset } from "../shared/dataset_object.ts";
import { type Dataset, type DatasetReference, isReference } from "../shared/datasets.ts";
import type { PlannedShape, Shape } from "../shared/shape_group.ts";

/** Stored data sets that a thread keeps loaded: those of the shards that it computes in turn. */
const LOADED_MAX = 2;

/** Loaded data sets by digest and name, the one that was used last at the end. */
const loaded = new Map<string, Dataset>();

/**
 * A planned shape with its data set at hand. `object_path`: where this machine keeps the stored data
 * set that the shape refers to. @throws Error if it is not there, or damaged
 */
export function trainableShape(shape: PlannedShape, object_path?: string): Shape {
  const { dataset } = shape;
  if (!isReference(dataset)) return { ...shape, dataset };
  if (object_path === undefined) throw new Error(`data set ${dataset.name} is not at hand`);
  return { ...shape, dataset: loadDataset(dataset, object_path) };
}

function loadDataset({ name, digest }: DatasetReference, object_path: string): Dataset {
  const key = `${digest} ${name}`;
  let dataset = loaded.get(key);
  if (dataset === undefined) {
    const bytes = readFileSync(object_path);
    if (sha256Hex(bytes) !== digest) {
      throw new Error(`${object_path}: the bytes are not those of data set ${name} any more`);
    }
    dataset = decodeDataset(name, digest, bytes);
  }
  loaded.delete(key);
  loaded.set(key, dataset);
  for (const [oldest] of loaded) {
    if (loaded.size <= LOADED_MAX) break;
    loaded.delete(oldest);
  }
  return dataset;
}
