import { expect, test } from "vitest";
import { footerProblem } from "../../../coordinator/results/part_footer.ts";
import { cellCoordinates } from "../../../shared/plan.ts";
import { uniformStream } from "../../../shared/random.ts";
import { allocateResultColumns } from "../../../shared/result_columns.ts";
import { buildPlan } from "../../../shared/spec/build_plan.ts";
import { parseSweep } from "../../../shared/spec/load.ts";
import { PartWriter } from "../../../worker/part_writer.ts";

const CELLS = 20;
const SWEEP = `{name: footers, dataset: example3, loss: logistic, seeds: 10,
  model: {hidden_layers: 1, width: 5}, learning_rate: {from: 1, to: 16, points: 33}`;
const group = groupOf(`${SWEEP}}`);
const bytes = await partOf(CELLS, group);
const footerAt = bytes.length - 8 - bytes.readUInt32LE(bytes.length - 8);

function groupOf(sweep: string) {
  return buildPlan(parseSweep(sweep, "test")).groups[0]!;
}

async function partOf(cells: number, { shape }: typeof group): Promise<Buffer> {
  const writer = await PartWriter.open(cells, shape);
  const { learning_rates } = cellCoordinates(group, 0, cells);
  await writer.add(learning_rates, allocateResultColumns(cells));
  return writer.finish();
}

/** Of a shape that no part was looked at before, and of one that is known. */
function problems(part: Buffer, cells = CELLS): (string | undefined)[] {
  return [{ ...group.shape }, group.shape].map((shape) => footerProblem(part, shape, cells));
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
  expect(footerProblem(part, other.shape, CELLS)).toBeUndefined();
});

test("a part that ends anywhere else is refused with words", () => {
  for (let length = 0; length < bytes.length; length += length < footerAt ? 97 : 1) {
    for (const problem of problems(bytes.subarray(0, length))) expect(problem).toBeTypeOf("string");
  }
});

test("a footer with any byte changed gets an answer soon, and never an exception", () => {
  const random = uniformStream(11, 1);
  let refused = 0;
  for (let at = footerAt; at < bytes.length; at++) {
    const changed = Buffer.from(bytes);
    changed[at] = Math.floor(256 * random());
    if (problems(changed).some((problem) => problem !== undefined)) refused++;
  }
  // Encodings, paths and versions are not looked at, and some bytes stay what they were.
  expect(refused).toBeGreaterThan((bytes.length - footerAt) / 4);
});

test("a list that says it is endless is no work", () => {
  // Field 1: a list of 2^49 bytes, of which there are none.
  const footer = Buffer.from([0x19, 0xf3, ...Array(7).fill(0x80), 0x01, 0]);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(footer.length);
  const magic = Buffer.from("PAR1");
  const part = Buffer.concat([magic, footer, length, magic]);
  expect(footerProblem(part, group.shape, CELLS)).toMatch(/ends too early/);
});
