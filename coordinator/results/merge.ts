import { mkdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { packageVersion } from "../../shared/package_info.ts";
import { PHASES } from "../../shared/phases.ts";
import { type Plan, planDigest, serializePlan } from "../../shared/plan.ts";
import { RESULT_COLUMNS } from "../../shared/result_columns.ts";
import { MEASURES, numericWidth, type Shape } from "../../shared/shape_group.ts";
import type { Commit } from "../journal.ts";
import { publishDurably, sha256File } from "./durable_file.ts";

export const RESULTS_FILE = "results.parquet";
export const PROVENANCE_FILE = "provenance.parquet";

export interface MergedResults {
  readonly rows: number;
  readonly sha256: string;
}

/**
 * Merges the parts of a complete sweep into `folder`/results.parquet, one row a cell in the
 * sweep's order, and writes beside it who computed what. The bytes of results.parquet depend on
 * the plan and the cells alone: not on how the cells were cut into parts, nor by whom.
 *
 * @throws Error if a cell is missing or there twice; no file appears under a final name then.
 */
export async function mergeResults(
  plan: Plan,
  commits: readonly Commit[],
  partsFolder: string,
  folder: string,
): Promise<MergedResults> {
  await mkdir(folder, { recursive: true });
  const temporaryFolder = join(folder, "merge.partial");
  await rm(temporaryFolder, { recursive: true, force: true });
  await mkdir(temporaryFolder, { recursive: true });
  // One thread: row groups are then cut by row count alone, whatever the parts were.
  const instance = await DuckDBInstance.create(":memory:", {
    threads: "1",
    memory_limit: "600MB",
    temp_directory: temporaryFolder,
  });
  const connection = await instance.connect();
  try {
    await connection.run(groupsTable(plan));
    await connection.run(partsTable(commits, partsFolder));
    const results = join(temporaryFolder, RESULTS_FILE);
    const written = await connection.runAndReadAll(
      `COPY (${resultsQuery(plan, commits, partsFolder)}) TO ${quote(results)}
       (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 122880, KV_METADATA ${metadata(plan)})`,
    );
    const rows = Number(written.getRows()[0]?.[0] ?? 0);
    if (rows !== plan.cells) {
      throw new Error(`the parts hold ${rows} cells, but sweep ${plan.name} has ${plan.cells}`);
    }
    const provenance = join(temporaryFolder, PROVENANCE_FILE);
    await connection.run(
      `COPY (SELECT * EXCLUDE (path, accepted_first, accepted_end) FROM parts
             ORDER BY first_cell, committed_at) TO ${quote(provenance)}
       (FORMAT parquet, COMPRESSION zstd)`,
    );
    const sha256 = await sha256File(results);
    await publishDurably(provenance, join(folder, PROVENANCE_FILE));
    await publishDurably(results, join(folder, RESULTS_FILE));
    return { rows, sha256 };
  } finally {
    connection.closeSync();
    instance.closeSync();
    await rm(temporaryFolder, { recursive: true, force: true });
  }
}

/** Whether the merged files of a sweep are where the journal says. */
export async function mergedFilesExist(folder: string): Promise<boolean> {
  const found = await Promise.allSettled(
    [RESULTS_FILE, PROVENANCE_FILE].map((name) => stat(join(folder, name))),
  );
  return found.every(({ status }) => status === "fulfilled");
}

/** What is the same for every cell of a group, to be joined to the cells by their number. */
function groupsTable(plan: Plan): string {
  const rows = plan.groups.map(({ first_cell, grid, shape, shape_group, numeric_class }) => {
    const model = shape.hidden_layers === 0 ? "linear_predictor" : "one_hidden_layer";
    return `(${first_cell}, ${grid}, ${quote(shape_group)}, ${quote(shape.dataset.name)},
      ${quote(model)}, ${quote(shape.loss)},
      ${typeof shape.width === "number" ? shape.width : "NULL"}, ${inverseWidth(shape)},
      '${shape.weight_variance}'::DOUBLE, ${outputRate(shape)}, ${shape.steps}, ${quote(numeric_class)},
      ${MEASURES.map((measure) => shape.measure.includes(measure)).join(", ")},
      ${shape.dataset.test !== undefined})`;
  });
  const flags = [...MEASURES, "test"].map((flag) => `has_${flag}`).join(", ");
  return `CREATE TABLE groups AS SELECT
      first_cell::BIGINT AS first_cell, grid::INTEGER AS grid, shape_group, dataset, model, loss,
      width::BIGINT AS width, inverse_width::DOUBLE AS inverse_width, weight_variance,
      output_ratio::DOUBLE AS output_ratio, output_fixed::DOUBLE AS output_fixed, steps::INTEGER AS steps, numeric_class,
      ${flags}
    FROM (VALUES ${rows.join(",\n")}) AS t(first_cell, grid, shape_group, dataset, model, loss,
      width, inverse_width, weight_variance, output_ratio, output_fixed, steps, numeric_class,
      ${flags})`;
}

/** The list columns that at least one group of the sweep records. */
function trajectoryColumns({ groups }: Plan): string {
  const recorded = groups.filter(({ shape }) => shape.trajectory_every !== null);
  if (recorded.length === 0) return "";
  const measured = MEASURES.filter((measure) =>
    recorded.some(({ shape }) => shape.measure.includes(measure)),
  );
  return ["loss", ...measured].map((name) => `, c.${name}_trajectory`).join("");
}

/** 1/m: 0 in the infinite-width limit, null for the linear predictor. */
function inverseWidth(shape: Shape): string {
  const width = numericWidth(shape);
  return width === null ? "NULL" : `'${1 / width}'`;
}

/** η_v as a multiple of η, and as a rate of its own; one of them is null. */
function outputRate({ hidden_layers, output_learning_rate: rate }: Shape): string {
  if (hidden_layers === 0) return "NULL, NULL";
  return "ratio" in rate ? `'${rate.ratio}', NULL` : `NULL, '${rate.fixed}'`;
}

/** One row for each accepted range of each part. */
function partsTable(commits: readonly Commit[], partsFolder: string): string {
  const rows = commits.flatMap((commit) =>
    commit.accepted.map(
      (accepted) => `(${quote(join(partsFolder, commit.file))}, ${accepted.first}, ${accepted.end},
        ${commit.range.first}, ${commit.range.end - commit.range.first}, ${quote(commit.sha256)},
        ${quote(commit.worker)}, ${quote(commit.host)}, ${commit.slot}, ${quote(commit.lease)},
        ${Math.round(commit.started_ms)}, '${commit.compute_ms}'::DOUBLE,
        ${Math.round(commit.committed_ms)})`,
    ),
  );
  return `CREATE TABLE parts AS SELECT path, accepted_first::BIGINT AS accepted_first,
      accepted_end::BIGINT AS accepted_end, first_cell::BIGINT AS first_cell,
      cell_count::BIGINT AS cell_count, sha256, worker, host, slot::INTEGER AS slot, lease,
      epoch_ms(started_ms::BIGINT) AS started_at, compute_ms,
      epoch_ms(committed_ms::BIGINT) AS committed_at, ${quote(packageVersion)} AS version
    FROM (VALUES ${rows.join(",\n")}) AS t(path, accepted_first, accepted_end, first_cell,
      cell_count, sha256, worker, host, slot, lease, started_ms, compute_ms, committed_ms)`;
}

function resultsQuery(plan: Plan, commits: readonly Commit[], partsFolder: string): string {
  const files = commits.map(({ file }) => quote(join(partsFolder, file)));
  const trimmed = commits.some(
    ({ range, accepted }) =>
      accepted.length !== 1 || accepted[0]!.first !== range.first || accepted[0]!.end !== range.end,
  );
  const byName = "union_by_name = true"; // only some groups may have trajectories
  const cells = trimmed
    ? `SELECT r.* FROM read_parquet([${files}], filename = true, ${byName}) r JOIN parts p
         ON r.filename = p.path AND r.cell >= p.accepted_first AND r.cell < p.accepted_end`
    : `SELECT * FROM read_parquet([${files}], ${byName})`;
  const phases = PHASES.map((phase, code) => `WHEN ${code} THEN '${phase}'`).join(" ");
  const measured = RESULT_COLUMNS.slice(2).map(({ name, nullable }) => {
    const measure = MEASURES.find((candidate) => name.startsWith(`${candidate}_`));
    // Null says "not asked for"; NaN is left to mean what the arithmetic gave.
    if (measure !== undefined) return `CASE WHEN g.has_${measure} THEN c.${name} END AS ${name}`;
    if (name === "test_accuracy") return `CASE WHEN g.has_test THEN c.${name} END AS ${name}`;
    return nullable ? `nullif(c.${name}, -1) AS ${name}` : `c.${name}`;
  });
  // peak and settled are functions of the columns, so parts need not carry them.
  return `SELECT c.cell, g.grid, g.shape_group, g.dataset, g.model, g.loss, g.width,
      g.inverse_width, g.weight_variance, g.steps, c.seed, c.learning_rate,
      coalesce(g.output_ratio * c.learning_rate, g.output_fixed) AS output_learning_rate, CASE c.phase ${phases} END AS phase,
      c.horizon_steps, ${measured.join(", ")},
      c.loss_max > 1.05 * c.loss_initial AS peak,
      c.last_increase_step <= g.steps - greatest(20, g.steps / 10) AS settled,
      g.numeric_class${trajectoryColumns(plan)}
    FROM (${cells}) c ASOF JOIN groups g ON c.cell >= g.first_cell ORDER BY c.cell`;
}

/** Metadata of the file: the whole plan and the versions, and nothing that changes by run. */
function metadata(plan: Plan): string {
  const entries = {
    "phasesweep.version": packageVersion,
    "phasesweep.sweep": plan.name,
    "phasesweep.plan_digest": planDigest(plan),
    "phasesweep.plan": serializePlan(plan),
  };
  const members = Object.entries(entries).map(([key, value]) => `${quote(key)}: ${quote(value)}`);
  return `{${members.join(", ")}}`;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
