import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import type { Commit } from "../../../coordinator/journal/journal.ts";
import { mergeResults, RESULTS_FILE } from "../../../coordinator/results/merge.ts";
import { placeParts } from "../../../coordinator/results/part_files.ts";
import { cellCoordinates, groupIndexOf, type Plan } from "../../../shared/plan.ts";
import { type Range, size, subtract } from "../../../shared/ranges.ts";
import {
  allocateResultColumns,
  allocateTrajectories,
  RESULT_COLUMNS,
} from "../../../shared/result_columns.ts";
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
    trajectory: { every: 20 }
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

/** A number that depends on the cell and the column alone; NaN and −1 are among them. */
function numberOf(cell: number, name: string): number {
  const { nullable = false } = RESULT_COLUMNS.find((column) => column.name === name) ?? {};
  if (name === "phase") return cell % 4;
  if (nullable && cell % 3 === 0) return -1;
  if (name.startsWith("ntk") && cell % 5 === 0) return Number.NaN;
  return (cell * name.length) % 1009;
}

/** Likewise the trajectory, of which there is a point at least. */
function listOf(cell: number, quantity: string, points: number): number[] {
  return Array.from({ length: 1 + (cell % points) }, (_, j) => cell + quantity.length * j);
}

async function partOf(plan: Plan, { first, end }: Range): Promise<Buffer> {
  const { shape, ...group } = plan.groups[groupIndexOf(plan, first)]!;
  const writer = await PartWriter.open(end - first, shape);
  // In batches, as a shard adds them.
  for (let at = first; at < end; at += 1000) {
    const rows = Math.min(1000, end - at);
    const { learning_rates } = cellCoordinates({ shape, ...group }, at, rows);
    const results = allocateResultColumns(rows);
    const lists = allocateTrajectories(shape, rows);
    for (let row = 0; row < rows; row++) {
      for (const { name } of RESULT_COLUMNS) results[name][row] = numberOf(at + row, name);
      if (lists === undefined) continue;
      const { points, counts, loss, ntk } = lists;
      loss.set(listOf(at + row, "loss", points), row * points);
      ntk!.set(listOf(at + row, "ntk", points), row * points);
      counts[row] = 1 + ((at + row) % points);
    }
    await writer.add(learning_rates, results, lists);
  }
  return await writer.finish();
}

/** Merges parts that hold `held` and count for `accepted`; the sha256 of what comes out. */
async function merged(
  name: string,
  plan: Plan,
  parts: readonly { held: Range; accepted: readonly Range[] }[],
  without: readonly Range[] = [],
): Promise<string> {
  const place = join(folder, name);
  mkdirSync(place);
  const placed: Parameters<typeof placeParts>[0][number][] = [];
  for (const [index, { held, accepted }] of parts.entries()) {
    const bytes = await partOf(plan, held);
    const commit = {
      ...{ sweep: plan.name, sha256: "", bytes: bytes.length, range: held, accepted },
      ...{
        phases: [0, 0, 0, 0],
        worker: `w${index % 3}`,
        host: "h",
        version: "0.2.0",
        slot: 0,
        lease: `${index}`,
      },
      ...{ started_ms: index, compute_ms: 1.5, committed_ms: 2 * index },
    };
    placed.push({ commit, bytes });
  }
  const commits: Commit[] = [];
  // Groups of 1 to 7 as a coordinator commits them: the small ones of a group share a file.
  let named = 0;
  for (let at = 0; at < placed.length; at += 1 + (at % 7)) {
    const group = placed.slice(at, at + 1 + (at % 7));
    const files = placeParts(group, () => `part-${named++}.parquet`);
    for (const { file, chunks, commits: own } of files) {
      writeFileSync(join(place, file), Buffer.concat(chunks));
      commits.push(...own);
    }
  }
  const { rows, sha256 } = await mergeResults({ plan, work: plan }, commits, without, {
    ...{ parts: place, folder: place, start: 1 },
    confirm: async () => {},
  });
  expect(rows).toBe(plan.cells - size(without));
  const bytes = readFileSync(join(place, RESULTS_FILE));
  expect(createHash("sha256").update(bytes).digest("hex")).toBe(sha256);
  expect(readdirSync(place)).not.toContain("merge-1.partial");
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
      loss_initial: numberOf(cell, "loss_initial"),
      diverged_at: cell % 3 === 0 ? null : numberOf(cell, "diverged_at"),
      ntk_final: measured ? numberOf(cell, "ntk_final") : null,
      hessian_final: null,
      test_accuracy: null,
      loss_trajectory: measured ? listOf(cell, "loss", 6) : null,
      ntk_trajectory: measured ? listOf(cell, "ntk", 6) : null,
    });
  }
  connection.closeSync();
});

test("cells that could not be computed are left out, and no others may be", async () => {
  const plan = planOf(100);
  const bad = { first: 40, end: 42 };
  const parts = cut(plan, () => 97).flatMap(({ held }) =>
    subtract([held], [bad]).map((range) => ({ held: range, accepted: [range] })),
  );
  await merged("without", plan, parts, [bad]);
  const connection = await connect();
  const reader = await connection.runAndReadAll(
    `SELECT cell FROM read_parquet('${join(folder, "without", RESULTS_FILE)}')`,
  );
  const cells = reader.getRows().map(([cell]) => Number(cell));
  connection.closeSync();
  expect(cells).toHaveLength(plan.cells - 2);
  expect(cells.slice(38, 42)).toEqual([38, 39, 42, 43]);
  await expect(merged("without-too-much", plan, parts, [{ first: 41, end: 42 }])).rejects.toThrow(
    "cell 40",
  );
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

test("the statistics of each row group are those of its own cells", async () => {
  const plan = planOf(100_000);
  await merged(
    "statistics",
    plan,
    cut(plan, () => 100_003),
  );
  const connection = await connect();
  const reader = await connection.runAndReadAll(
    `SELECT stats_min_value::BIGINT AS low, stats_max_value::BIGINT AS high, row_group_num_rows AS rows
     FROM parquet_metadata('${join(folder, "statistics", RESULTS_FILE)}')
     WHERE path_in_schema = 'cell' ORDER BY row_group_id`,
  );
  let next = 0n;
  for (const row of reader.getRowObjectsJS()) {
    const { low, high, rows } = row as { low: bigint; high: bigint; rows: bigint };
    expect([low, high]).toEqual([next, next + rows - 1n]);
    next += rows;
  }
  expect(next).toBe(BigInt(plan.cells));
  connection.closeSync();
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
