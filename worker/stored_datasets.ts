import { readFileSync } from "node:fs";
import { sha256Hex } from "../shared/canonical.ts";
import { decodeDataset } from "../shared/dataset_object.ts";
import { type Dataset, type DatasetReference, isReference } from "../shared/datasets.ts";
import { messageOf } from "../shared/errors.ts";
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

/** What errors of a file that is gone or damaged begin with; nothing else crosses processes. */
export const LOAD_ERROR = "stored data could not be loaded: ";

/** Whether a shard failed for the file of its data set, and not for its cells. */
export function isLoadError(error: unknown): boolean {
  return messageOf(error).startsWith(LOAD_ERROR);
}

function loadDataset(reference: DatasetReference, object_path: string): Dataset {
  const key = `${reference.digest} ${reference.name}`;
  const dataset = loaded.get(key) ?? readObject(reference, object_path);
  loaded.delete(key);
  loaded.set(key, dataset);
  for (const [oldest] of loaded) {
    if (loaded.size <= LOADED_MAX) break;
    loaded.delete(oldest);
  }
  return dataset;
}

function readObject({ name, digest }: DatasetReference, object_path: string): Dataset {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(object_path);
  } catch (error) {
    throw new Error(`${LOAD_ERROR}${messageOf(error)}`);
  }
  if (sha256Hex(bytes) !== digest) {
    throw new Error(`${LOAD_ERROR}the bytes of ${object_path} are not those of data set ${name}`);
  }
  return decodeDataset(name, digest, bytes);
}
