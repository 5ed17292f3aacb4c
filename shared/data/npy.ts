import { type DataFile, refuseFile } from "./data_file.ts";
import type { Labelled } from "./labelled.ts";

const MAGIC = "\x93NUMPY";
const SAVE_AGAIN = "save it again with numpy.save, as a plain array of numbers";

/** A number of each type that a header may name, read at a byte. */
const READERS: Readonly<
  Record<string, (view: DataView, at: number, little: boolean) => number | bigint>
> = {
  f4: (view, at, little) => view.getFloat32(at, little),
  f8: (view, at, little) => view.getFloat64(at, little),
  i1: (view, at) => view.getInt8(at),
  i2: (view, at, little) => view.getInt16(at, little),
  i4: (view, at, little) => view.getInt32(at, little),
  i8: (view, at, little) => view.getBigInt64(at, little),
  u1: (view, at) => view.getUint8(at),
  u2: (view, at, little) => view.getUint16(at, little),
  u4: (view, at, little) => view.getUint32(at, little),
  u8: (view, at, little) => view.getBigUint64(at, little),
};

/** A numeric array as numpy.save writes it. */
interface NumpyArray {
  readonly shape: readonly number[];
  /** In C order. */
  readonly values: Float64Array;
}

/** Samples from one array (n × d, or n × … whose further axes become features), labels from another. */
export function readNpy(X: DataFile, y: DataFile): Labelled {
  const samples = parseNpy(X);
  const labels = parseNpy(y);
  const [count = 0, ...rest] = samples.shape;
  if (rest.length === 0) {
    refuseFile(
      X.path,
      `X has one axis, (${count}), but must be samples × features`,
      "save X[:, None] for a single feature",
    );
  }
  const isColumn = labels.shape.length === 2 && labels.shape[1] === 1;
  if (labels.shape.length !== 1 && !isColumn) {
    refuseFile(y.path, `y is ${shapeText(labels)}, but must have one axis`, "save y.ravel()");
  }
  if (labels.shape[0] !== count) {
    refuseFile(
      y.path,
      `y has ${labels.shape[0]} labels, but ${X.path} has ${count} samples`,
      "give arrays that belong together",
    );
  }
  const features = rest.reduce((product, size) => product * size, 1);
  const labels_source = y.path;
  return { source: X.path, labels_source, values: samples.values, features, labels: labels.values };
}

/**
 * Reads the .npy format, versions 1 to 3 (NumPy Enhancement Proposal 1): magic, version, length of
 * the header, a Python dict as header, then the numbers. @throws UsageError
 */
export function parseNpy({ path, bytes }: DataFile): NumpyArray {
  const refuse = (problem: string): never => refuseFile(path, problem, SAVE_AGAIN);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < 10 || latin1(bytes, 0, MAGIC.length) !== MAGIC) {
    refuse("it is no .npy file (it does not begin with \\x93NUMPY)");
  }
  const version = bytes[6]!;
  if (version < 1 || version > 3) refuse(`its format version ${version} is none of 1, 2 and 3`);
  const headerAt = version === 1 ? 10 : 12;
  if (bytes.length < headerAt) refuse("it is cut off in its header");
  const begin = headerAt + (version === 1 ? view.getUint16(8, true) : view.getUint32(8, true));
  if (bytes.length < begin) refuse("it is cut off in its header");
  const header = latin1(bytes, headerAt, begin);

  const [, order = "", type = ""] = /'descr'\s*:\s*'([<>|=]?)(\w+)'/.exec(header) ?? [];
  const read = READERS[type];
  if (read === undefined || order === "=") {
    refuse(
      `its type is ${/'descr'\s*:\s*([^,]*)/.exec(header)?.[1] ?? "missing"}, not one of float32, float64 and the integers`,
    );
  }
  if (!/'fortran_order'\s*:\s*False/.test(header)) {
    refuseFile(path, "it is not in C order", "save numpy.ascontiguousarray(array)");
  }
  const [, axes] = /'shape'\s*:\s*\(([\d\s,]*)\)/.exec(header) ?? [];
  if (axes === undefined) refuse("its header has no shape");
  const shape = axes!
    .split(",")
    .map((size) => size.trim())
    .filter((size) => size !== "")
    .map(Number);
  const count = shape.reduce((product, size) => product * size, 1);
  if (shape.length === 0 || count === 0) refuse(`it holds no numbers (shape (${axes}))`);
  const width = Number(type.slice(1));
  if (bytes.length !== begin + width * count) {
    refuseFile(
      path,
      `it has ${bytes.length} bytes, but its header (${shape.join(" × ")}, ${type}) asks for ${begin + width * count}`,
      "the file is cut off, or another wrote to it: save it again",
    );
  }
  const values = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const value = Number(read!(view, begin + i * width, order !== ">"));
    if (!Number.isFinite(value) || (type.endsWith("8") && type[0] !== "f" && !isExact(value))) {
      refuseFile(
        path,
        Number.isFinite(value)
          ? `number ${i} is ${value}, past the integers that a double holds exactly`
          : `number ${i} is ${value}`,
        "only finite numbers can be trained on: mend or leave out those samples",
      );
    }
    values[i] = value;
  }
  return { shape, values };
}

function isExact(value: number): boolean {
  return Number.isSafeInteger(value);
}

function latin1(bytes: Uint8Array, begin: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + begin, end - begin).toString("latin1");
}

function shapeText({ shape }: NumpyArray): string {
  return shape.join(" × ");
}
