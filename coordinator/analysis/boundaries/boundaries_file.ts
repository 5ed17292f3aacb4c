/** boundaries.parquet: one row a (shape group, seed), in the order of the cells. */
import { rm } from "node:fs/promises";
import {
  BIGINT,
  BOOLEAN,
  DOUBLE,
  DuckDBDataChunk,
  DuckDBInstance,
  type DuckDBType,
  type DuckDBValue,
  INTEGER,
  VARCHAR,
} from "@duckdb/node-api";
import type { Plan, PlannedGroup } from "../../../shared/plan.ts";
import { publishDurably } from "../../results/durable_file.ts";
import { quote } from "../../results/sql_text.ts";
import type { GroupBoundaries, SeedBoundaries } from "./boundaries.ts";
import type { SeedStart } from "./seed_starts.ts";
import { type SeedTheory, seedTheory } from "./seed_theory.ts";

/** Rows of one data chunk of DuckDB. */
const CHUNK_ROWS = 2048;

interface Row {
  readonly group: GroupBoundaries["group"];
  readonly planned: PlannedGroup;
  readonly seed: SeedBoundaries;
  readonly start: SeedStart;
  readonly theory: SeedTheory;
}

interface Column {
  readonly name: string;
  readonly type: DuckDBType;
  readonly value: (row: Row) => DuckDBValue;
}

/** Learning rates are in steps of plain gradient descent; null says not known, or not there. */
const COLUMNS: readonly Column[] = [
  { name: "grid", type: INTEGER, value: ({ group }) => group.grid },
  { name: "shape_group", type: VARCHAR, value: ({ group }) => group.shape_group },
  { name: "dataset", type: VARCHAR, value: ({ group }) => group.dataset },
  { name: "model", type: VARCHAR, value: ({ group }) => group.model },
  { name: "loss", type: VARCHAR, value: ({ group }) => group.loss },
  { name: "width", type: BIGINT, value: ({ group }) => bigOrNull(group.width) },
  { name: "weight_variance", type: DOUBLE, value: ({ group }) => group.weight_variance },
  // η_v = ratio · η, or a rate of its own.
  { name: "output_ratio", type: DOUBLE, value: ({ planned }) => outputRate(planned, "ratio") },
  { name: "output_fixed", type: DOUBLE, value: ({ planned }) => outputRate(planned, "fixed") },
  { name: "steps", type: INTEGER, value: ({ group }) => group.steps },
  { name: "numeric_class", type: VARCHAR, value: ({ planned }) => planned.numeric_class },
  { name: "seed", type: BIGINT, value: ({ seed }) => seed.seed },
  ...boundaryColumns("eta0"),
  ...boundaryColumns("eta1"),
  { name: "lowest_learning_rate", type: DOUBLE, value: ({ seed }) => seed.grid_range[0] },
  { name: "highest_learning_rate", type: DOUBLE, value: ({ seed }) => seed.grid_range[1] },
  { name: "relative_step", type: DOUBLE, value: ({ seed }) => seed.relative_step },
  { name: "ntk_initial", type: DOUBLE, value: ({ start }) => start.ntk },
  { name: "hessian_initial", type: DOUBLE, value: ({ start }) => start.hessian },
  { name: "two_over_ntk", type: DOUBLE, value: ({ theory }) => theory.two_over_ntk },
  { name: "four_over_ntk", type: DOUBLE, value: ({ theory }) => theory.four_over_ntk },
  { name: "eight_over_ntk", type: DOUBLE, value: ({ theory }) => theory.eight_over_ntk },
  { name: "two_over_hessian", type: DOUBLE, value: ({ theory }) => theory.two_over_hessian },
  { name: "root_eight_width", type: DOUBLE, value: ({ theory }) => theory.root_eight_width },
  { name: "eta0_exact", type: DOUBLE, value: ({ theory }) => theory.eta0_exact },
  { name: "eta0_curvature", type: DOUBLE, value: ({ start }) => start.curvature_boundary },
];

function boundaryColumns(name: "eta0" | "eta1"): Column[] {
  return [
    { name, type: DOUBLE, value: ({ seed }) => seed[name].estimate },
    { name: `${name}_low`, type: DOUBLE, value: ({ seed }) => seed[name].bracket?.[0] ?? null },
    { name: `${name}_high`, type: DOUBLE, value: ({ seed }) => seed[name].bracket?.[1] ?? null },
    { name: `${name}_beyond`, type: VARCHAR, value: ({ seed }) => seed[name].beyond },
    { name: `${name}_band_low`, type: DOUBLE, value: ({ seed }) => seed[name].band?.[0] ?? null },
    { name: `${name}_band_high`, type: DOUBLE, value: ({ seed }) => seed[name].band?.[1] ?? null },
    { name: `${name}_single_step`, type: BOOLEAN, value: ({ seed }) => seed[name].single_step },
    { name: `${name}_area`, type: DOUBLE, value: ({ seed }) => seed[name].area },
    { name: `${name}_area_beyond`, type: VARCHAR, value: ({ seed }) => seed[name].area_beyond },
  ];
}

/**
 * Writes the rows; `starts` has the order of `groups` and their seeds. The same rows give the same
 * bytes, and the name appears with the whole file.
 */
export async function writeBoundariesFile(
  path: string,
  plan: Plan,
  groups: readonly GroupBoundaries[],
  starts: readonly (readonly SeedStart[])[],
): Promise<void> {
  const temporary = `${path}.partial`;
  // One thread, so that the rows are written in the order in which they were appended.
  const instance = await DuckDBInstance.create(":memory:", { threads: "1" });
  const connection = await instance.connect();
  try {
    const columns = COLUMNS.map(({ name, type }) => `"${name}" ${type.toString()}`);
    await connection.run(`CREATE TABLE boundaries (${columns.join(", ")})`);
    const appender = await connection.createAppender("boundaries");
    for (const rows of chunksOf(plan, groups, starts)) {
      const chunk = DuckDBDataChunk.create(
        COLUMNS.map(({ type }) => type),
        rows.length,
      );
      chunk.setColumns(COLUMNS.map(({ value }) => rows.map(value)));
      appender.appendDataChunk(chunk);
    }
    appender.closeSync();
    await connection.run(
      `COPY boundaries TO ${quote(temporary)} (FORMAT parquet, COMPRESSION zstd)`,
    );
    await publishDurably(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw error;
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

function* chunksOf(
  plan: Plan,
  groups: readonly GroupBoundaries[],
  starts: readonly (readonly SeedStart[])[],
): Generator<Row[]> {
  const plannedOf = new Map<string, PlannedGroup>();
  for (const planned of plan.groups.toReversed()) plannedOf.set(planned.shape_group, planned);
  let rows: Row[] = [];
  for (const [index, { group, seeds }] of groups.entries()) {
    const planned = plannedOf.get(group.shape_group)!;
    for (const [place, seed] of seeds.entries()) {
      const start = starts[index]![place]!;
      rows.push({ group, planned, seed, start, theory: seedTheory(planned.shape, start) });
      if (rows.length < CHUNK_ROWS) continue;
      yield rows;
      rows = [];
    }
  }
  if (rows.length > 0) yield rows;
}

function bigOrNull(value: number | null): bigint | null {
  return value === null ? null : BigInt(value);
}

/** Null for the linear predictor, which has no output layer. */
function outputRate({ shape }: PlannedGroup, kind: "ratio" | "fixed"): number | null {
  if (shape.hidden_layers === 0) return null;
  const rate: { readonly ratio?: number; readonly fixed?: number } = shape.output_learning_rate;
  return rate[kind] ?? null;
}
