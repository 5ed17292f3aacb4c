import { DOUBLE, type DuckDBConnection, DuckDBDataChunk } from "@duckdb/node-api";
import { UsageError } from "../../../shared/errors.ts";
import { DIVERGENT, PHASES } from "../../../shared/phases.ts";
import type { Plan, PlannedGroup } from "../../../shared/plan.ts";
import { MEASURES } from "../../../shared/shape_group.ts";
import { cellsWithin, gridRuns, type RunsSource, rangeOf } from "../../analysis/runs_source.ts";
import type { Commit } from "../../journal/journal.ts";
import { columnsOfPart } from "../../results/part_check.ts";
import type { PartPiece } from "../../results/pieces.ts";
import { quote } from "../../results/sql_text.ts";
import type { Storage } from "../../storage.ts";
import type { Measures } from "../messages.ts";
import { withCommittedRows } from "./committed_rows.ts";
import { withDuckDb } from "./duck_db.ts";
import { noPart, readSharedParts } from "./shared_parts.ts";
import { Slices } from "./slices.ts";
import type { SweepReader } from "./sweep_reader.ts";
import type { ViewSource } from "./view_source.ts";

type Quantity = Measures["curves"][number]["quantity"];

/** Rows that are handed to DuckDB at a time, and after which it is to take them in. */
const CHUNK_ROWS = 2_048;
const FLUSH_ROWS = 16_384;

/** Quantiles of one shape group from what is committed of it. @throws UsageError if there is none such */
export async function readMeasures(
  { storage, clock }: ViewSource,
  reader: SweepReader,
  shape_group: string,
): Promise<Measures> {
  const plan = await reader.planned();
  // At learning rates that rounds added there are only seeds that change their phase there.
  const groups = plan.groups.filter(
    (group) =>
      group.shape_group === shape_group && !group.checks && group.added !== "learning_rates",
  );
  const [group] = groups;
  if (group === undefined) {
    throw new UsageError({
      place: `sweep ${plan.name}`,
      problem: `it has no shape group ${shape_group}`,
      fix: "take one of its plan",
    });
  }
  const ranges = groups.map(rangeOf);
  const read = (isMerged: boolean) =>
    withDuckDb(async (connection) => {
      if (isMerged) {
        const runs = `(SELECT ${columnsOf(group)} FROM ${gridRuns(reader.resultsPath, plan)}
        WHERE shape_group = ${quote(shape_group)} AND ${cellsWithin(ranges)})`;
        return readCurves(connection, runs, plan.name, group);
      }
      const slices = new Slices(clock);
      const pieces = await reader.pieces(ranges);
      const shared = pieces.filter(({ commit }) => commit.offset !== null);
      const alone = pieces.filter(({ commit }) => commit.offset === null);
      await decode(connection, storage, plan, group, shared, slices);
      if (alone.length === 0) return readCurves(connection, "decoded", plan.name, group);
      return withCommittedRows(plan, alone, (query) => {
        const runs = `(FROM decoded UNION ALL SELECT ${columnsOf(group)} FROM (${query}))`;
        return readCurves(connection, runs, plan.name, group);
      });
    });
  return reader.steadily(read);
}

function quantitiesOf({ shape: { measure } }: PlannedGroup): Quantity[] {
  const measured = MEASURES.filter((name) => measure.includes(name)).flatMap(
    (name) => [`${name}_initial`, `${name}_final`] as const,
  );
  return [...measured, "loss_final"];
}

/** Of result rows, what the table `decoded` has. */
function columnsOf(group: PlannedGroup): string {
  const isDivergent = `(phase = ${quote(PHASES[DIVERGENT]!)})::DOUBLE AS is_divergent`;
  return ["learning_rate", isDivergent, ...quantitiesOf(group)].join(", ");
}

/** Makes the table `decoded` of parts that share files: a file for each would take DuckDB long. */
async function decode(
  connection: DuckDBConnection,
  storage: Storage,
  plan: Plan,
  group: PlannedGroup,
  pieces: readonly PartPiece[],
  slices: Slices,
): Promise<void> {
  const quantities = quantitiesOf(group);
  const columns = ["learning_rate", "is_divergent", ...quantities];
  await connection.run(
    `CREATE TEMP TABLE decoded (${columns.map((name) => `${name} DOUBLE NOT NULL`)})`,
  );
  const appender = await connection.createAppender("decoded");
  const types = columns.map(() => DOUBLE);
  let chunk = DuckDBDataChunk.create(types, CHUNK_ROWS);
  let vectors = columns.map((_, k) => chunk.getColumnVector(k));
  let [rows, unflushed] = [0, 0];
  const append = (length: number) => {
    for (const vector of vectors) vector.flush();
    chunk.rowCount = length;
    appender.appendDataChunk(chunk);
    unflushed += length;
    if (unflushed >= FLUSH_ROWS) {
      appender.flushSync();
      unflushed = 0;
    }
    chunk = DuckDBDataChunk.create(types, CHUNK_ROWS);
    vectors = columns.map((_, k) => chunk.getColumnVector(k));
    rows = 0;
  };
  for (const ofFile of byFile(pieces)) {
    const wanted = new Map<Commit, PartPiece[]>();
    for (const piece of ofFile) {
      wanted.set(piece.commit, [...(wanted.get(piece.commit) ?? []), piece]);
    }
    await readSharedParts(storage, [...wanted.keys()], slices, (commit, bytes) => {
      const { range } = commit;
      const { shape } = plan.groups[wanted.get(commit)![0]!.group]!;
      const names = ["learning_rate", "phase", ...quantities];
      const numbers = columnsOfPart(bytes, shape, range.end - range.first, names);
      if (numbers === undefined) throw noPart(commit);
      for (const { first, end } of wanted.get(commit)!) {
        for (let row = first - range.first; row < end - range.first; row++) {
          for (const [k, values] of numbers.entries()) {
            const value = values[row]!;
            vectors[k]!.setItem(rows, k === 1 ? Number(value === DIVERGENT) : value);
          }
          if (++rows === CHUNK_ROWS) append(rows);
        }
      }
    });
  }
  if (rows > 0) append(rows);
  appender.closeSync();
}

function byFile(pieces: readonly PartPiece[]): Iterable<PartPiece[]> {
  const files = new Map<string, PartPiece[]>();
  for (const piece of pieces) {
    const known = files.get(piece.commit.file);
    if (known === undefined) files.set(piece.commit.file, [piece]);
    else known.push(piece);
  }
  return files.values();
}

async function readCurves(
  connection: DuckDBConnection,
  runs: RunsSource,
  sweep: string,
  group: PlannedGroup,
): Promise<Measures> {
  const quantities = quantitiesOf(group);
  const columns = quantities.map(
    (name) =>
      `quantile_cont(${name}, [0.1, 0.5, 0.9]) FILTER (is_divergent = 0 AND isfinite(${name})) AS ${name}`,
  );
  const reader = await connection.runAndReadAll(
    `SELECT learning_rate, count(*) FILTER (is_divergent = 0)::DOUBLE AS cells, ${columns}
     FROM ${runs} GROUP BY learning_rate ORDER BY learning_rate`,
  );
  const rows = reader.getRowObjectsJS() as unknown as ({
    readonly learning_rate: number;
    readonly cells: number;
  } & Readonly<Record<Quantity, readonly number[] | null>>)[];
  return {
    sweep,
    shape_group: group.shape_group,
    learning_rates: rows.map(({ learning_rate }) => learning_rate),
    cells: rows.map(({ cells }) => cells),
    curves: quantities.map((quantity) => {
      const entry = (index: number) => rows.map((row) => row[quantity]?.[index] ?? null);
      return { quantity, low: entry(0), median: entry(1), high: entry(2) };
    }),
  };
}
