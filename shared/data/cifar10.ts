import { type DataFile, refuseFile } from "./data_file.ts";
import type { ImageSize, Labelled } from "./labelled.ts";

/** The classes of CIFAR-10 by label. */
export const CIFAR10_CLASSES = [
  "airplane",
  "automobile",
  "bird",
  "cat",
  "deer",
  "dog",
  "frog",
  "horse",
  "ship",
  "truck",
] as const;

const IMAGE: ImageSize = { channels: 3, height: 32, width: 32 };
const PIXELS = IMAGE.channels * IMAGE.height * IMAGE.width;
/** A label, then the pixels. */
const RECORD_BYTES = 1 + PIXELS;

/**
 * Images with their labels from files in the binary version of CIFAR-10 (Krizhevsky 2009,
 * "Learning multiple layers of features from tiny images"): records of one label byte and 3 × 32 × 32
 * pixels, channel by channel, row by row.
 */
export function readCifar10(files: readonly DataFile[]): Labelled {
  const count = files.reduce((sum, file) => sum + recordCount(file), 0);
  const values = new Uint8Array(count * PIXELS);
  const labels = new Uint8Array(count);
  let at = 0;
  for (const { path, bytes } of files) {
    for (let begin = 0; begin < bytes.length; begin += RECORD_BYTES) {
      const label = bytes[begin]!;
      if (label >= CIFAR10_CLASSES.length) {
        refuseFile(
          path,
          `record ${begin / RECORD_BYTES} has label ${label}, but labels go from 0 to 9`,
          "give files of the binary version of CIFAR-10 (data_batch_1.bin …)",
        );
      }
      labels[at] = label;
      values.set(bytes.subarray(begin + 1, begin + RECORD_BYTES), at * PIXELS);
      at++;
    }
  }
  const source = files.map(({ path }) => path).join(", ");
  return { source, values, features: PIXELS, labels, image: IMAGE };
}

function recordCount({ path, bytes }: DataFile): number {
  const records = bytes.length / RECORD_BYTES;
  if (records === 0 || !Number.isInteger(records)) {
    refuseFile(
      path,
      `${bytes.length} bytes are no whole number of CIFAR-10 records of ${RECORD_BYTES} bytes`,
      "give files of the binary version of CIFAR-10 (data_batch_1.bin …); one cut off must be fetched again",
    );
  }
  return records;
}
