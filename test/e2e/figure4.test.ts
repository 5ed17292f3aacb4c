import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { expect, test } from "vitest";
import { packageRoot } from "../../shared/package_info.ts";
import { uniformStream } from "../../shared/random.ts";
import { phasesweep, skipBecause, sweepFile, temporaryFolder } from "./cli.ts";

const PIXELS = 3072;
const CAR = 1;
const DOG = 5;
const FASHION = "/usr/share/datasets/fashion-mnist";

/** Images in CIFAR-10's binary format, a label and 3,072 bytes each: cars above, dogs below. */
function batch(images: number, stream: number): Buffer {
  const random = uniformStream(4, stream);
  const bytes = Buffer.alloc(images * (1 + PIXELS));
  for (let i = 0; i < images; i++) {
    const label = i % 2 === 0 ? CAR : DOG;
    bytes[i * (1 + PIXELS)] = label;
    for (let pixel = 0; pixel < PIXELS; pixel++) {
      const isBright = pixel % 1024 < 512 === (label === CAR);
      bytes[i * (1 + PIXELS) + 1 + pixel] = Math.floor((isBright ? 130 : 40) + 100 * random());
    }
  }
  return bytes;
}

/** A shipped sweep file with few and short runs. */
function shortened(name: string): string {
  return readFileSync(join(packageRoot, "sweeps", name), "utf8")
    .replaceAll(/points: \d+/g, "points: 3")
    .replace(/seeds: \d+/, "seeds: 1")
    .replaceAll(/steps: \d+/g, "steps: 40")
    .replaceAll("physical_time: 50", "physical_time: 0.5")
    .replace("width: 500", "width: 20");
}

async function accuracies(results: string): Promise<{ grid: number; accuracy: number }[]> {
  const connection = await (await DuckDBInstance.create(":memory:")).connect();
  const reader = await connection.runAndReadAll(
    `SELECT "grid", max(test_accuracy) AS accuracy FROM '${join(results, "results.parquet")}'
     WHERE phase <> 'divergent' GROUP BY "grid" ORDER BY "grid"`,
  );
  return reader.getRowObjectsJS() as unknown as { grid: number; accuracy: number }[];
}

test("Figure 4 runs on files in the format of CIFAR-10", async () => {
  const folder = temporaryFolder();
  const data = join(folder, "cifar-10-batches-bin");
  mkdirSync(data);
  for (let i = 1; i <= 5; i++) writeFileSync(join(data, `data_batch_${i}.bin`), batch(420, i));
  writeFileSync(join(data, "test_batch.bin"), batch(512, 6));
  const results = join(folder, "results");
  const sweep = sweepFile(folder, shortened("figure4_cifar10.yaml"));
  const { code, stderr } = await phasesweep("run", sweep, "--results", results, "--json");
  expect(stderr).not.toContain("lack cells");
  expect(code).toBe(0);
  const found = await accuracies(results);
  expect(found.map(({ grid }) => grid)).toEqual([0, 1, 2, 3, 4, 5]);
  // A linear net tells bright tops from bright bottoms.
  for (const { accuracy } of found) expect(accuracy).toBeGreaterThan(0.8);
});

test("Figure 4 without its images says which file is missing", async () => {
  const folder = temporaryFolder();
  const sweep = sweepFile(folder, shortened("figure4_cifar10.yaml"));
  const { code, stderr } = await phasesweep("plan", sweep);
  expect(code).toBe(2);
  expect(stderr).toContain("cifar-10-batches-bin");
});

test.for(["figure4_fashion.yaml", "paper/figure4.yaml"])(
  "Figure 4 runs on Debian's Fashion-MNIST: %s",
  async (name, { skip }) => {
    const missing = "dataset-fashion-mnist is not installed: apt-get install dataset-fashion-mnist";
    skipBecause(existsSync(FASHION) ? undefined : missing, skip);
    const folder = temporaryFolder();
    const results = join(folder, "results");
    const sweep = sweepFile(folder, shortened(name));
    const { code, stdout } = await phasesweep("run", sweep, "--results", results, "--json");
    expect(code).toBe(0);
    expect((await accuracies(results)).map(({ grid }) => grid)).toEqual([0, 1, 2, 3, 4, 5]);
    const { paper, files } = JSON.parse(stdout);
    expect(paper.name).toBe("figure4");
    expect(existsSync(files.paper_figure)).toBe(true);
  },
);
