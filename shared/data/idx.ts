import { type DataFile, refuseFile } from "./data_file.ts";
import type { Labelled } from "./labelled.ts";

/** Type code of unsigned bytes, the only one that image sets use. */
const UNSIGNED_BYTE = 0x08;
const TAKE_THE_RIGHT_FILE = "give the file that the data set came with";

/**
 * Images with their labels from two files in IDX format, as MNIST and Fashion-MNIST have them: two
 * zero bytes, a type code, the number of dimensions, each dimension as big-endian u32, then the
 * values (LeCun, Cortes, Burges, "The MNIST database").
 */
export function readIdx(images: DataFile, labels: DataFile): Labelled {
  const [count, height, width] = idxDimensions(images, 3, "images") as [number, number, number];
  const [labelCount] = idxDimensions(labels, 1, "labels");
  if (labelCount !== count) {
    refuseFile(
      labels.path,
      `${labelCount} labels, but ${images.path} has ${count} images`,
      "give files that belong together",
    );
  }
  return {
    source: images.path,
    labels_source: labels.path,
    values: images.bytes.subarray(idxHeaderBytes(3)),
    features: height * width,
    labels: labels.bytes.subarray(idxHeaderBytes(1)),
    image: { channels: 1, height, width },
  };
}

/** The dimensions of an IDX file of unsigned bytes, checked against its size. */
function idxDimensions({ path, bytes }: DataFile, dimensions: number, what: string): number[] {
  const begin = idxHeaderBytes(dimensions);
  if (bytes.length < begin) {
    refuseFile(path, `${bytes.length} bytes are too few for an IDX file`, TAKE_THE_RIGHT_FILE);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const wanted = (UNSIGNED_BYTE << 8) | dimensions;
  const magic = view.getUint32(0);
  if (magic !== wanted) {
    const [found, right] = [magic, wanted].map((word) => `0x${word.toString(16).padStart(8, "0")}`);
    refuseFile(
      path,
      `its first four bytes are ${found}, but IDX files of ${what} begin with ${right}`,
      TAKE_THE_RIGHT_FILE,
    );
  }
  const sizes = Array.from({ length: dimensions }, (_, i) => view.getUint32(4 + 4 * i));
  const values = sizes.reduce((product, size) => product * size, 1);
  if (values === 0) refuseFile(path, `it holds no ${what}`, TAKE_THE_RIGHT_FILE);
  if (bytes.length !== begin + values) {
    refuseFile(
      path,
      `it has ${bytes.length} bytes, but its header (${sizes.join(" × ")}) asks for ${begin + values}`,
      bytes.length < begin + values ? "the file is cut off: fetch it again" : TAKE_THE_RIGHT_FILE,
    );
  }
  return sizes;
}

function idxHeaderBytes(dimensions: number): number {
  return 4 + 4 * dimensions;
}
