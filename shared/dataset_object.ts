import { sha256Hex } from "./canonical.ts";
import type { Dataset, DatasetReference, FlatNumbers, Samples } from "./datasets.ts";

/**
 * A stored data set: one object of bytes, whose sha256 is its name. Equal numbers give equal bytes,
 * so the digest is also the content's identity.
 *
 *     8 bytes  "PSWDATA1"
 *     4 × u32  bytes of a number (4 or 8), samples n, features d, held-out samples
 *     n + test i8 labels, −1 or +1, then zeros up to a multiple of 8
 *     (n + test) × d numbers, row-major
 *
 * All little-endian. Numbers have 4 bytes exactly where every one of them is a float32; −0 is
 * stored as 0.
 */
const MAGIC = "PSWDATA1";
export const OBJECT_HEADER_BYTES = 24;
const ALIGNMENT = 8;

/** What the header of a stored data set says. */
export interface ObjectHeader {
  readonly number_bytes: 4 | 8;
  readonly samples: number;
  readonly features: number;
  readonly test_samples: number;
  /** Bytes of the whole object. */
  readonly bytes: number;
}

/** Numbers to be stored: held-out samples after those of the training. */
export interface DatasetContent {
  /** −1 or +1, those of held-out samples last. n + test */
  readonly y: readonly number[];
  /** (n + test) × d, row-major */
  readonly values: ArrayLike<number>;
  readonly samples: number;
  readonly features: number;
}

/** A stored data set with what a plan says of it. */
export interface StoredDataset {
  readonly reference: DatasetReference;
  readonly bytes: Uint8Array;
}

export function encodeDataset(name: string, content: DatasetContent): StoredDataset {
  const { y, values, samples, features } = content;
  let isFloat32 = true;
  for (let i = 0; i < values.length && isFloat32; i++) {
    isFloat32 = Math.fround(values[i]!) === values[i]!;
  }
  const number_bytes = isFloat32 ? 4 : 8;
  const test_samples = y.length - samples;
  const begin = valuesBegin(y.length);
  const bytes = new Uint8Array(begin + number_bytes * values.length);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < MAGIC.length; i++) bytes[i] = MAGIC.charCodeAt(i);
  for (const [i, word] of [number_bytes, samples, features, test_samples].entries()) {
    view.setUint32(MAGIC.length + 4 * i, word, true);
  }
  for (const [i, label] of y.entries()) view.setInt8(OBJECT_HEADER_BYTES + i, label);
  const numbers = numbersOf(bytes.buffer, begin, number_bytes, values.length);
  for (let i = 0; i < values.length; i++) numbers[i] = values[i]! + 0;
  const digest = sha256Hex(bytes);
  const sizes = { samples, features, test_samples };
  return { bytes, reference: { name, digest, bytes: bytes.length, ...sizes } };
}

/** Reads the header from the first OBJECT_HEADER_BYTES of an object; undefined if it is none. */
export function readObjectHeader(bytes: Uint8Array): ObjectHeader | undefined {
  if (bytes.length < OBJECT_HEADER_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, OBJECT_HEADER_BYTES);
  for (let i = 0; i < MAGIC.length; i++) if (bytes[i] !== MAGIC.charCodeAt(i)) return undefined;
  const [number_bytes, samples, features, test_samples] = [0, 1, 2, 3].map((i) =>
    view.getUint32(MAGIC.length + 4 * i, true),
  ) as [number, number, number, number];
  if ((number_bytes !== 4 && number_bytes !== 8) || samples === 0 || features === 0) {
    return undefined;
  }
  const rows = samples + test_samples;
  const length = valuesBegin(rows) + number_bytes * rows * features;
  return { number_bytes, samples, features, test_samples, bytes: length };
}

/**
 * The data set that an object holds; its rows are views of the object's memory. The digest is taken
 * as known. @throws Error on what is no whole object of finite numbers and labels −1, +1
 */
export function decodeDataset(name: string, digest: string, object: Uint8Array): Dataset {
  const header = readObjectHeader(object);
  if (header === undefined || header.bytes !== object.length) {
    throw new Error(`data set ${name} (${digest}): ${object.length} bytes that are no stored data`);
  }
  const { number_bytes, samples, features, test_samples } = header;
  const rows = samples + test_samples;
  // Typed arrays need aligned memory, which a Buffer of the pool does not give.
  const bytes = object.byteOffset % ALIGNMENT === 0 ? object : new Uint8Array(object);
  const begin = bytes.byteOffset + valuesBegin(rows);
  const flat = numbersOf(bytes.buffer, begin, number_bytes, rows * features);
  const labels = new Int8Array(bytes.buffer, bytes.byteOffset + OBJECT_HEADER_BYTES, rows);
  if (!labels.every((label) => label === 1 || label === -1)) {
    throw new Error(`data set ${name} (${digest}): a label is neither −1 nor +1`);
  }
  if (!(flat as Float64Array).every(Number.isFinite)) {
    throw new Error(`data set ${name} (${digest}): a number is not finite`);
  }
  const part = (first: number, end: number): Samples => ({
    X: Array.from({ length: end - first }, (_, i) =>
      flat.subarray((first + i) * features, (first + i + 1) * features),
    ),
    y: Array.from(labels.subarray(first, end)),
    flat: flat.subarray(first * features, end * features),
  });
  const training = { name, digest, ...part(0, samples) };
  return test_samples === 0 ? training : { ...training, test: part(samples, rows) };
}

function valuesBegin(rows: number): number {
  return ALIGNMENT * Math.ceil((OBJECT_HEADER_BYTES + rows) / ALIGNMENT);
}

function numbersOf(
  buffer: ArrayBufferLike,
  begin: number,
  number_bytes: number,
  length: number,
): FlatNumbers {
  return number_bytes === 4
    ? new Float32Array(buffer, begin, length)
    : new Float64Array(buffer, begin, length);
}
