import { existsSync } from "node:fs";
import { join } from "node:path";
import type { FileDatasetEntry } from "../spec/dataset_schema.ts";
import { readCifar10 } from "./cifar10.ts";
import { readCsv } from "./csv.ts";
import { readDataFile } from "./data_file.ts";
import { readIdx } from "./idx.ts";
import type { Labelled } from "./labelled.ts";
import { readNpy } from "./npy.ts";

/** What a data set is made of: samples to train on, and others that came apart from them. */
export interface Sources {
  readonly training: Labelled;
  readonly heldOut: Labelled | undefined;
}

/** The folder inside the archive that CIFAR-10 comes in. */
const CIFAR10_FOLDER = "cifar-10-batches-bin";

/**
 * Reads the files that an entry names; `locate` makes its paths absolute. Test files are not read
 * where nothing is to be held out. @throws UsageError that names the file
 */
export function readSources(entry: FileDatasetEntry, locate: (path: string) => string): Sources {
  const open = (path: string) => readDataFile(locate(path));
  const sources = <Files>(
    { train, test }: { readonly train: Files; readonly test?: Files | undefined },
    read: (files: Files) => Labelled,
  ): Sources => ({
    training: read(train),
    heldOut: test === undefined || entry.test === 0 ? undefined : read(test),
  });

  if ("cifar10" in entry) {
    const { cifar10 } = entry;
    const files = typeof cifar10 === "string" ? cifar10Files(cifar10, locate) : cifar10;
    return sources(files, (paths) => readCifar10([paths].flat().map(open)));
  }
  if ("idx" in entry) {
    const { idx } = entry;
    const files = typeof idx === "string" ? idxFiles(idx, locate) : idx;
    return sources(files, ({ images, labels }) => readIdx(open(images), open(labels)));
  }
  if ("csv" in entry) {
    const { csv } = entry;
    const files = typeof csv === "string" ? { train: csv } : csv;
    return sources(files, (path) => readCsv(open(path), entry));
  }
  const files = "X" in entry.npy ? { train: entry.npy } : entry.npy;
  return sources(files, ({ X, y }) => readNpy(open(X), open(y)));
}

function cifar10Files(folder: string, locate: (path: string) => string) {
  const within = join(folder, CIFAR10_FOLDER);
  const there = existsSync(locate(within)) ? within : folder;
  return {
    train: [1, 2, 3, 4, 5].map((number) => join(there, `data_batch_${number}.bin`)),
    test: join(there, "test_batch.bin"),
  };
}

function idxFiles(folder: string, locate: (path: string) => string) {
  const named = (name: string) => {
    const path = join(folder, name);
    return existsSync(locate(`${path}.gz`)) && !existsSync(locate(path)) ? `${path}.gz` : path;
  };
  const pair = (prefix: string) => ({
    images: named(`${prefix}-images-idx3-ubyte`),
    labels: named(`${prefix}-labels-idx1-ubyte`),
  });
  return { train: pair("train"), test: pair("t10k") };
}
