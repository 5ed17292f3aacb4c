import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { decodeDataset } from "../../../shared/dataset_object.ts";
import type { Dataset } from "../../../shared/datasets.ts";
import { UsageError } from "../../../shared/errors.ts";
import { buildPlan } from "../../../shared/spec/build_plan.ts";
import { parseSweep } from "../../../shared/spec/load.ts";
import { StoredDatasets } from "../../../shared/spec/read_datasets.ts";

/** An IDX file: `sizes` are its dimensions, the values unsigned bytes. */
export function idxBytes(sizes: readonly number[], values: ArrayLike<number>): Buffer {
  const header = Buffer.alloc(4 + 4 * sizes.length);
  header.writeUInt32BE((8 << 8) | sizes.length);
  for (const [i, size] of sizes.entries()) header.writeUInt32BE(size, 4 + 4 * i);
  return Buffer.concat([header, Buffer.from(Uint8Array.from(values))]);
}

/** Pixel p of image i in the files that tests make. */
export function pixel(i: number, p: number): number {
  return (37 * i + 11 * p + 5 * i * p) % 256;
}

/** Writes the four files of an image set of `size` × `size` pixels with labels 0, 1, 2, 0, 1, … */
export function writeIdxFolder(
  folder: string,
  size: number,
  train: number,
  test: number,
  gzip = false,
): void {
  mkdirSync(folder, { recursive: true });
  for (const [prefix, count] of [
    ["train", train],
    ["t10k", test],
  ] as const) {
    const pixels = Array.from({ length: count * size * size }, (_, at) =>
      pixel(Math.floor(at / (size * size)), at % (size * size)),
    );
    const labels = Array.from({ length: count }, (_, i) => i % 3);
    for (const [name, bytes] of [
      ["images-idx3-ubyte", idxBytes([count, size, size], pixels)],
      ["labels-idx1-ubyte", idxBytes([count], labels)],
    ] as const) {
      const path = join(folder, `${prefix}-${name}`);
      if (gzip) writeFileSync(`${path}.gz`, gzipSync(bytes));
      else writeFileSync(path, bytes);
    }
  }
}

/** Records of CIFAR-10's binary version, first..first + count − 1, with labels i mod 10. */
export function cifar10Bytes(first: number, count: number): Buffer {
  const bytes = Buffer.alloc(count * 3073);
  for (let i = 0; i < count; i++) {
    bytes[i * 3073] = (first + i) % 10;
    for (let p = 0; p < 3072; p++) bytes[i * 3073 + 1 + p] = pixel(first + i, p);
  }
  return bytes;
}

/** A .npy file with a header as numpy.save writes it. */
export function npyBytes(
  descr: string,
  shape: string,
  numbers: Uint8Array,
  { version = 1, fortran = "False" } = {},
): Buffer {
  const dict = `{'descr': '${descr}', 'fortran_order': ${fortran}, 'shape': (${shape}), }`;
  const prefix = version === 1 ? 10 : 12;
  const header = `${dict.padEnd(64 - prefix + 64 * Math.floor(dict.length / 64) - 1)}\n`;
  const begin = Buffer.alloc(prefix);
  begin.write("\x93NUMPY", "latin1");
  begin[6] = version;
  if (version === 1) begin.writeUInt16LE(header.length, 8);
  else begin.writeUInt32LE(header.length, 8);
  return Buffer.concat([begin, Buffer.from(header, "latin1"), numbers]);
}

/** The one data set of a sweep file in `folder`, as a worker would see it. @throws UsageError */
export function readEntry(folder: string, dataset: string): Dataset {
  const stored = new StoredDatasets();
  const text = `name: own
dataset: ${dataset}
model: { hidden_layers: 0 }
loss: logistic
learning_rate: [1]
seeds: 1
`;
  buildPlan(parseSweep(text, join(folder, "sweep.yaml")), { stored });
  const [only] = stored.all();
  const { name, digest } = only!.reference;
  return decodeDataset(name, digest, only!.bytes);
}

/** The words in which a data set is refused. */
export function refusalOf(folder: string, dataset: string): string {
  try {
    readEntry(folder, dataset);
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
  throw new Error(`${dataset} was accepted`);
}

/** The rows of X as plain lists. */
export function rowsOf({ X }: Pick<Dataset, "X">): number[][] {
  return X.map((row) => Array.from(row));
}
