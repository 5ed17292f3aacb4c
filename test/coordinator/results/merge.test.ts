import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import type { Commit } from "../../../coordinator/journal.ts";
import { mergeResults, RESULTS_FILE } from "../../../coordinator/results/merge.ts";
import { cellCoordinates, groupIndexOf, type Plan } from "../../../shared/plan.ts";
import type { Range } from "../../../shared/ranges.ts";
import { allocateResultColumns, RESULT_COLUMNS } from "../../../shared/result_columns.ts";
import { buildPlan } from "../../../shared/spec/build_plan.ts";
import { loadSweepFile } from "../../../shared/spec/load.ts";
import { PartWriter } from "../../../worker/part_writer.ts";
import { connect } from "../analysis/results_fixture.ts";
import { uniformStream } from "../analysis/uniform_stream.ts";

const folder = mkdtempSync(join(tmpdir(), "merge-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Blocks with unlike measures, models, seeds and axes; `scale` sets the number of cells. */
function planOf(scale: number): Plan {
  const path = join(folder, `sweep-${scale}.yaml`);
  writeFileSync(
    path,
    `
name: merge-test
grids:
  - dataset: [example3, example4]
    loss: logistic
    model: { hidden_layers: 1, width: 5 }
    learning_rate: { from: 1, to: 16, points: 33 }
    seeds: [7, 3, 11, 4000000000, 5]
    training: { steps: 100 }
    measure: [ntk]
  - dataset: example3
    loss: exponential
    model: { hidden_layers: 0 }
    learning_rate: [0.1, 0.7, 3]
    seeds: ${3 * scale}
    training: { steps: 1000 }
`,
  );
  return buildPlan(loadSweepFile(path));
}

/** Numbers that depend on the cell alone, with NaN and −1 among them. */
async function partOf(plan: Plan, { first, end }: Range): Promise<Buffer> {
  const group = plan.groups[groupIndexOf(plan, first)]!;
  const { learning_rates } = cellCoordinates(group, first, end - first);
  const results = allocateResultColumns(end - first);
  for (const [index, { name, nullable }] of RESULT_COLUMNS.entries()) {
    for (let row = 0; row < end - first; row++) {
      const cell = first + row;
      if (name === "phase") results.phase[row] = cell % 4;
      else if (nullable && cell % 3 === 0) results[name][row] = -1;
      else if (name.startsWith("ntk") && cell % 5 === 0) results[name][row] = Number.NaN;
      else results[name][row] = (cell * (index + 1)) % 1009;
    }
  }
  const writer = await PartWriter.open(end - first, group.shape.measure);
  // In batches, as a shard adds them.
  for (let at = 0; at < end - first; at += 1000) {
    const batch = Object.fromEntries(
      RESULT_COLUMNS.map(({ name }) => [name, results[name].subarray(at, at + 1000)]),
    ) as unknown as typeof results;
    await writer.add(learning_rates.subarray(at, at + 1000), batch);
  }
  return await writer.finish();
}

/** Merges parts that hold `held` and count for `accepted`; the sha256 of what comes out. */
async function merged(
  name: string,
  plan: Plan,
  parts: readonly { held: Range; accepted: readonly Range[] }[],
): Promise<string> {
  const place = join(folder, name);
  mkdirSync(place);
  const commits: Commit[] = [];
  for (const [index, { held, accepted }] of parts.entries()) {
    const file = `part-${index}.parquet`;
    const bytes = await partOf(plan, held);
    writeFileSync(join(place, file), bytes);
    commits.push({
      ...{ sweep: plan.name, file, sha256: "", bytes: bytes.length, range: held, accepted },
      ...{ phases: [0, 0, 0, 0], worker: `w${index % 3}`, host: "h", slot: 0, lease: `${index}` },
      ...{ started_ms: index, compute_ms: 1.5, committed_ms: 2 * index },
    });
  }
  const { rows, sha256 } = await mergeResults(plan, commits, place, place);
  expect(rows).toBe(plan.cells);
  const bytes = readFileSync(join(place, RESULTS_FILE));
  expect(createHash("sha256").update(bytes).digest("hex")).toBe(sha256);
  expect(readdirSync(place)).not.toContain("merge.partial");
  return sha256;
}

/** Parts of sizes that `next` gives, cut at the ends of groups as leases are. */
function cut(plan: Plan, next: () => number): { held: Range; accepted: Range[] }[] {
  const ranges: Range[] = [];
  for (let first = 0; first < plan.cells; ) {
    const group = plan.groups[groupIndexOf(plan, first)]!;
    const end = Math.min(first + next(), group.first_cell + group.cells);
    ranges.push({ first, end });
    first = end;
  }
  return ranges.map((range) => ({ held: range, accepted: [range] }));
}

test("rows are the cells of the plan, in their order", async () => {
  const plan = planOf(100);
  await merged(
    "rows",
    plan,
    cut(plan, () => 97),
  );
  const connection = await connect();
  const reader = await connection.runAndReadAll(
    `SELECT * FROM read_parquet('${join(folder, "rows", RESULTS_FILE)}')`,
  );
  const rows = reader.getRowObjectsJS();
  expect(rows).toHaveLength(plan.cells);
  for (const [cell, row] of rows.entries()) {
    const group = plan.groups[groupIndexOf(plan, cell)]!;
    const { seeds, learning_rates } = cellCoordinates(group, cell, 1);
    const measured = group.shape.measure.length > 0;
    expect(row).toMatchObject({
      cell: BigInt(cell),
      grid: group.grid,
      shape_group: group.shape_group,
      dataset: group.shape.dataset.name,
      model: measured ? "one_hidden_layer" : "linear_predictor",
      width: measured ? 5n : null,
      steps: group.shape.steps,
      seed: BigInt(seeds[0]!),
      learning_rate: learning_rates[0],
      phase: ["lazy", "catapult", "divergent", "unsettled"][cell % 4],
      loss_initial: (cell * 3) % 1009,
      diverged_at: cell % 3 === 0 ? null : (cell * 9) % 1009,
      ntk_final: measured ? (cell % 5 === 0 ? Number.NaN : (cell * 12) % 1009) : null,
      hessian_final: null,
    });
  }
  connection.closeSync();
});

test("the bytes do not depend on how few cells were cut into parts", async () => {
  const plan = planOf(100);
  const uniform = uniformStream(5);
  const whole = await merged(
    "few-whole",
    plan,
    cut(plan, () => plan.cells),
  );
  expect(
    await merged(
      "few-1",
      plan,
      cut(plan, () => 1),
    ),
  ).toBe(whole);
  expect(
    await merged(
      "few-7",
      plan,
      cut(plan, () => 7),
    ),
  ).toBe(whole);
  expect(
    await merged(
      "few-any",
      plan,
      cut(plan, () => 1 + Math.floor(90 * uniform())),
    ),
  ).toBe(whole);
});

test("nor on how many were, over several row groups, with parts that count in part", async () => {
  const plan = planOf(15_000);
  const uniform = uniformStream(6);
  const whole = await merged(
    "many-whole",
    plan,
    cut(plan, () => plan.cells),
  );
  const sizes: [string, () => number][] = [
    ["2047", () => 2047],
    ["2049", () => 2049],
    ["122881", () => 122_881],
    ["any", () => Math.floor(10 ** (1.5 + 3.5 * uniform()))],
  ];
  for (const [name, next] of sizes) {
    expect(await merged(`many-${name}`, plan, cut(plan, next))).toBe(whole);
  }
  // Each part also holds up to 500 cells on either side that others count for, and one in the
  // middle of which a third one counts.
  const trimmed = cut(plan, () => 5003).map(({ held: { first, end } }) => {
    const group = plan.groups[groupIndexOf(plan, first)]!;
    return {
      held: {
        first: Math.max(group.first_cell, first - Math.floor(500 * uniform())),
        end: Math.min(group.first_cell + group.cells, end + Math.floor(500 * uniform())),
      },
      accepted: [{ first, end }],
    };
  });
  const { held, accepted } = trimmed[9]!;
  const { first, end } = accepted[0]!;
  trimmed[9] = {
    held,
    accepted: [
      { first, end: first + 100 },
      { first: first + 103, end },
    ],
  };
  const middle = { first: first + 100, end: first + 103 };
  trimmed.splice(40, 0, { held: middle, accepted: [middle] });
  expect(await merged("many-trimmed", plan, trimmed)).toBe(whole);
});

test.each<[string, (parts: { accepted: Range[] }[]) => void, RegExp]>([
  ["missing", (parts) => parts.splice(3, 1), /cell 21 .* in none of the parts/],
  ["missing at the end", (parts) => parts.pop(), /in none of the parts/],
  ["there twice", (parts) => parts.push(parts[3]!), /in several parts/],
])("a cell that is %s is an error, and nothing appears", async (name, change, problem) => {
  const plan = planOf(1);
  const parts = cut(plan, () => 7);
  change(parts);
  await expect(merged(name, plan, parts)).rejects.toThrow(problem);
  expect(readdirSync(join(folder, name)).filter((file) => !file.startsWith("part-"))).toEqual([]);
});
