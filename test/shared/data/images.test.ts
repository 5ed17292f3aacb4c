import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { beforeAll, describe, expect, test } from "vitest";
import { flatMatrix } from "../../../shared/datasets.ts";
import { temporaryFolder } from "../../e2e/cli.ts";
import {
  cifar10Bytes,
  idxBytes,
  pixel,
  readEntry,
  refusalOf,
  rowsOf,
  writeIdxFolder,
} from "./files.ts";

const FASHION_MNIST = "/usr/share/datasets/fashion-mnist";

let folder = "";
beforeAll(() => {
  folder = temporaryFolder();
  writeIdxFolder(join(folder, "plain"), 4, 30, 12);
  writeIdxFolder(join(folder, "packed"), 4, 30, 12, true);
  mkdirSync(join(folder, "cifar", "cifar-10-batches-bin"), { recursive: true });
  for (let batch = 0; batch < 5; batch++) {
    const path = join(folder, "cifar", "cifar-10-batches-bin", `data_batch_${batch + 1}.bin`);
    writeFileSync(path, cifar10Bytes(20 * batch, 20));
  }
  const path = join(folder, "cifar", "cifar-10-batches-bin", "test_batch.bin");
  writeFileSync(path, cifar10Bytes(100, 40));
});

describe("IDX", () => {
  test("two classes of a folder become −1 and +1, pixels over 255 as float32", () => {
    const { X, y, test: held, name, flat } = readEntry(folder, "{ idx: plain, classes: [2, 0] }");
    expect(name).toBe("plain-2-0");
    // Labels go 0, 1, 2, 0, …: label 2 is the first class, so −1.
    expect(y).toEqual(Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? 1 : -1)));
    expect(Array.from(X[1]!)).toEqual(
      Array.from({ length: 16 }, (_, p) => Math.fround(pixel(2, p) / 255)),
    );
    expect(held!.y).toHaveLength(8);
    expect(flat).toBeInstanceOf(Float32Array);
    expect(flatMatrix({ X, flat: flat! })).toBe(flat);
    expect((X[3] as Float32Array).buffer).toBe(flat!.buffer);
  });

  test("gzip or not, by folder or file by file, the content is the same", () => {
    const plain = readEntry(folder, "{ idx: plain, classes: [1, 2] }");
    const packed = readEntry(folder, "{ idx: packed, classes: [1, 2] }");
    const files = `{ idx: {
      train: { images: plain/train-images-idx3-ubyte, labels: packed/train-labels-idx1-ubyte.gz },
      test: { images: plain/t10k-images-idx3-ubyte, labels: plain/t10k-labels-idx1-ubyte } },
      classes: [1, 2] }`;
    expect(packed.digest).toBe(plain.digest);
    expect(readEntry(folder, files).digest).toBe(plain.digest);
  });

  test("blocks of pixels are averaged before scaling", () => {
    const [row] = rowsOf(readEntry(folder, "{ idx: plain, classes: [0, 1], pool: 2 }"));
    const mean = (pixels: number[]) =>
      pixels.map((p) => pixel(0, p)).reduce((sum, value) => sum + value, 0) / 4;
    expect(row).toEqual(
      [
        [0, 1, 4, 5],
        [2, 3, 6, 7],
        [8, 9, 12, 13],
        [10, 11, 14, 15],
      ].map((block) => Math.fround(mean(block) / 255)),
    );
  });

  test.each([
    ["images cut off", "train-images-idx3-ubyte", idxBytes([30, 4, 4], [1, 2, 3]), "cut off"],
    [
      "too many bytes",
      "train-images-idx3-ubyte",
      idxBytes([1, 4, 4], new Uint8Array(17)),
      "33 bytes",
    ],
    ["a wrong magic", "train-images-idx3-ubyte", idxBytes([30], new Uint8Array(30)), "0x00000801"],
    ["no images", "train-images-idx3-ubyte", idxBytes([0, 4, 4], []), "holds no images"],
    ["almost no bytes", "train-images-idx3-ubyte", Buffer.from([0, 0]), "2 bytes are too few"],
    [
      "labels of others",
      "train-labels-idx1-ubyte",
      idxBytes([29], new Uint8Array(29)),
      "29 labels",
    ],
    [
      "a missing class",
      "train-labels-idx1-ubyte",
      idxBytes([30], new Uint8Array(30)),
      "no sample has label 1; there are 0",
    ],
    [
      "other features to test",
      "t10k-images-idx3-ubyte",
      idxBytes([12, 2, 2], new Uint8Array(48)),
      "4 features",
    ],
  ])("%s: refused with the file", (what, name, bytes, words) => {
    const damaged = join(folder, what.replaceAll(" ", "_"));
    writeIdxFolder(damaged, 4, 30, 12);
    writeFileSync(join(damaged, name), bytes);
    const refusal = refusalOf(damaged, "{ idx: ., classes: [0, 1] }");
    expect(refusal).toContain(join(damaged, name));
    expect(refusal).toContain(words);
    expect(refusal).toContain("fix: ");
  });

  test("a torn gzip file, one that is none, and a missing one are told apart", () => {
    const torn = join(folder, "torn");
    writeIdxFolder(torn, 4, 30, 12, true);
    const images = join(torn, "train-images-idx3-ubyte.gz");
    writeFileSync(images, gzipSync(idxBytes([30, 4, 4], new Uint8Array(480))).subarray(0, 30));
    expect(refusalOf(torn, "{ idx: ., classes: [0, 1] }")).toContain("damaged gzip file");
    writeFileSync(images, "plain text");
    expect(refusalOf(torn, "{ idx: ., classes: [0, 1] }")).toContain("it is no gzip file");
    expect(refusalOf(folder, "{ idx: nowhere, classes: [0, 1] }")).toContain(
      `${join(folder, "nowhere", "train-images-idx3-ubyte")}: no such file`,
    );
    expect(refusalOf(folder, "{ idx: /usr/share/datasets/no-such, classes: [0, 1] }")).toContain(
      "apt-get install dataset-no-such",
    );
  });

  test("blocks that do not fill the image are refused with those that do", () => {
    const refusal = refusalOf(folder, "{ idx: plain, classes: [0, 1], pool: 3 }");
    expect(refusal).toContain("sweep.yaml:2:");
    expect(refusal).toContain("pool by one of 1, 2, 4");
  });
});

describe("CIFAR-10", () => {
  test("classes by name or label, channels pooled apart", () => {
    const named = readEntry(folder, "{ cifar10: cifar, classes: [automobile, dog] }");
    const numbered = readEntry(
      folder,
      "{ cifar10: cifar/cifar-10-batches-bin, classes: [1, 5], name: pair }",
    );
    expect(named.name).toBe("cifar10-automobile-dog");
    expect(numbered.digest).toBe(named.digest);
    expect(named.X).toHaveLength(20);
    expect(named.test!.y).toEqual([-1, 1, -1, 1, -1, 1, -1, 1]);
    expect(Array.from(named.X[1]!.slice(0, 3))).toEqual(
      [0, 1, 2].map((p) => Math.fround(pixel(5, p) / 255)),
    );
    const pooled = readEntry(folder, "{ cifar10: cifar, classes: [1, 5], pool: 32 }");
    const channel = (c: number) => {
      let sum = 0;
      for (let p = 0; p < 1024; p++) sum += pixel(1, 1024 * c + p);
      return Math.fround(sum / 1024 / 255);
    };
    expect(Array.from(pooled.X[0]!)).toEqual([0, 1, 2].map(channel));
  });

  test("files that are no CIFAR-10 are refused", () => {
    const file = (name: string, bytes: Buffer) => {
      writeFileSync(join(folder, name), bytes);
      return refusalOf(folder, `{ cifar10: { train: ${name} }, classes: [1, 5] }`);
    };
    expect(file("cut.bin", cifar10Bytes(0, 2).subarray(0, 6000))).toContain("no whole number");
    expect(file("empty.bin", Buffer.alloc(0))).toContain("no whole number");
    const labelled = cifar10Bytes(0, 12);
    labelled[3073] = 10;
    expect(file("labels.bin", labelled)).toContain("record 1 has label 10");
    expect(file("few.bin", cifar10Bytes(0, 3))).toContain("no sample has label 5");
    expect(refusalOf(folder, "{ cifar10: plain, classes: [1, 5] }")).toContain("data_batch_1.bin");
  });
});

test.skipIf(!existsSync(FASHION_MNIST))(
  "Fashion-MNIST as Debian's dataset-fashion-mnist has it (skipped where that is not installed)",
  () => {
    const entry = `{ idx: ${FASHION_MNIST}, classes: [1, 5], train: 2048, test: 512, pool: 4 }`;
    const { name, X, y, test: held } = readEntry(folder, entry);
    expect(name).toBe("fashion-mnist-1-5-n2048-pool4");
    expect([X.length, X[0]!.length, held!.X.length]).toEqual([2048, 49, 512]);
    expect(y.filter((label) => label === 1)).toHaveLength(1024);
    expect(held!.y.filter((label) => label === 1)).toHaveLength(256);
    expect(Math.max(...X.map((row) => Math.max(...row)))).toBeLessThanOrEqual(1);
    // Trousers (1) fill the middle of the picture, sandals (5) hardly the top.
    const mean = (label: number) => {
      const rows = X.filter((_, i) => y[i] === label);
      return rows.reduce((sum, row) => sum + row[3]!, 0) / rows.length;
    };
    expect(mean(-1)).toBeGreaterThan(3 * mean(1));
  },
);
