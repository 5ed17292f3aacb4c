import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterAll, expect, test } from "vitest";
import { partProblem } from "../../../coordinator/results/part_check.ts";
import { cellCoordinates } from "../../../shared/plan.ts";
import { uniformStream } from "../../../shared/random.ts";
import { allocateResultColumns, allocateTrajectories } from "../../../shared/result_columns.ts";
import { buildPlan } from "../../../shared/spec/build_plan.ts";
import { parseSweep } from "../../../shared/spec/load.ts";
import { PartWriter } from "../../../worker/part_writer.ts";

const CELLS = 20;
const SWEEP = `{name: footers, dataset: example3, loss: logistic, seeds: 10,
  model: {hidden_layers: 1, width: 5}, learning_rate: {from: 1, to: 16, points: 33}`;
const group = groupOf(`${SWEEP}}`);
const bytes = await partOf(CELLS, group);
const footerAt = bytes.length - 8 - footerLength(bytes);
const listGroup = groupOf(`${SWEEP}, measure: [ntk], trajectory: {every: 10}}`);
const lists = await partOf(CELLS, listGroup);

const folder = mkdtempSync(join(tmpdir(), "footer-"));
const duckdb = await (await DuckDBInstance.create(":memory:", { threads: "1" })).connect();
afterAll(() => {
  duckdb.closeSync();
  rmSync(folder, { recursive: true });
});

function footerLength(part: Buffer): number {
  return part.readUInt32LE(part.length - 8);
}

function groupOf(sweep: string) {
  return buildPlan(parseSweep(sweep, "test")).groups[0]!;
}

async function partOf(cells: number, of: typeof group): Promise<Buffer> {
  const writer = await PartWriter.open(cells, of.shape);
  const { learning_rates } = cellCoordinates(of, 0, cells);
  const trajectories = allocateTrajectories(of.shape, cells);
  // Lists of different lengths.
  trajectories?.counts.forEach((_, row, counts) => {
    counts[row] = 1 + (row % trajectories.points);
  });
  await writer.add(learning_rates, allocateResultColumns(cells), trajectories);
  return writer.finish();
}

/** Of a shape that no part was looked at before, and of one that is known. */
function problems(part: Buffer, cells = CELLS): (string | undefined)[] {
  return [{ ...group.shape }, group.shape].map((shape) => partProblem(part, shape, cells));
}

test("a part of the plan passes, whether or not its shape was seen before", () => {
  expect(problems(bytes)).toEqual([undefined, undefined]);
  expect(problems(bytes, CELLS + 1)).toEqual([
    expect.stringContaining(`${CELLS} rows`),
    expect.stringContaining(`${CELLS} rows`),
  ]);
});

test("a part of another shape does not pass for one that is known", async () => {
  const other = groupOf(`${SWEEP}, measure: [ntk]}`);
  const part = await partOf(CELLS, other);
  for (const problem of problems(part)) expect(problem).toMatch(/the part has the columns/);
  expect(partProblem(part, other.shape, CELLS)).toBeUndefined();
});

test("a part that ends elsewhere is refused with words", () => {
  for (let length = 0; length < bytes.length; length += length < footerAt ? 97 : 1) {
    for (const problem of problems(bytes.subarray(0, length))) expect(problem).toBeTypeOf("string");
  }
});

let written = 0;

/** Whether the merge's reader gets the rows of all columns out of a part. */
async function isReadable(part: Buffer, cells: number): Promise<boolean> {
  // DuckDB keeps what it has read of a file, which is not to be another one soon after.
  const path = join(folder, `${++written}.parquet`);
  writeFileSync(path, part);
  try {
    const answer = await duckdb.runAndReadAll(
      `SELECT count(*), sum(hash(COLUMNS(*))) FROM read_parquet('${path}')`,
    );
    return Number(answer.getRows()[0]![0]) === cells;
  } catch (error) {
    process.stderr.write(`${error}\n`);
    return false;
  }
}

test.each([
  { what: "numbers alone", of: () => ({ part: bytes, shape: group.shape }) },
  { what: "trajectories", of: () => ({ part: lists, shape: listGroup.shape }) },
])("whatever byte of a part with $what changes, it is refused or can be read", async ({ of }) => {
  const { part, shape } = of();
  const random = uniformStream(11, 1);
  let refused = 0;
  let passed = 0;
  for (let at = 0; at < part.length; at++) {
    const changed = Buffer.from(part);
    changed[at] = changed[at]! ^ (1 << Math.floor(8 * random()));
    const problem = partProblem(changed, shape, CELLS);
    expect(partProblem(changed, { ...shape }, CELLS)).toEqual(problem);
    if (problem !== undefined) refused++;
    // Most of what passes is a number that is another number now.
    else if (at >= part.length - footerLength(part) - 8 || random() < 0.1) {
      passed++;
      expect(await isReadable(changed, CELLS), `byte ${at}`).toBe(true);
    }
  }
  expect(refused).toBeGreaterThan(300);
  expect(passed).toBeGreaterThan(50);
});

test("a list that says it is endless is no work", () => {
  // Field 2: 2^49 structs, of which there are none.
  const footer = Buffer.from([0x29, 0xfc, ...Array(7).fill(0x80), 0x01, 0]);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(footer.length);
  const magic = Buffer.from("PAR1");
  const part = Buffer.concat([magic, footer, length, magic]);
  expect(partProblem(part, group.shape, CELLS)).toMatch(/cannot be read/);
});
