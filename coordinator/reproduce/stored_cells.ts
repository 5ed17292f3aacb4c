import type { DuckDBConnection } from "@duckdb/node-api";
import { trajectoryColumns } from "../../shared/part_columns.ts";
import { PHASES, type Phase } from "../../shared/phases.ts";
import { cellCoordinates, groupIndexOf, type Plan, type PlannedGroup } from "../../shared/plan.ts";
import { RESULT_COLUMNS, type ResultColumnName } from "../../shared/result_columns.ts";
import { axisPoints } from "../../shared/spec/axes.ts";
import { AT_END, NEIGHBOURS } from "../results/float32_differences.ts";
import { quote } from "../results/sql_text.ts";
import type { TrainedCell } from "./trained_cell.ts";

/** A row of results.parquet, and what its neighbours on the axis of learning rates say of it. */
export interface StoredCell extends TrainedCell {
  readonly cell: number;
  readonly group: PlannedGroup;
  readonly seed: number;
  readonly learning_rate: number;
  /** A neighbour of the same seed, NEIGHBOURS away at most, has another phase, or is missing. */
  readonly near_change: boolean;
  /** Largest less smallest value among cell and neighbours, for the columns measured at the end. */
  readonly spread: Readonly<Partial<Record<ResultColumnName, number>>>;
}

type Row = Readonly<Record<string, unknown>>;

/** The rows of some cells of a merged file, in their order; cells that it lacks are left out. */
export async function readStoredCells(
  connection: DuckDBConnection,
  path: string,
  plan: Plan,
  cells: readonly number[],
): Promise<StoredCell[]> {
  if (cells.length === 0) return [];
  const places = cells.map((cell) => placeOf(plan, cell));
  const wanted = [...new Set(places.flatMap(({ around }) => around))];
  const reader = await connection.runAndReadAll(
    `SELECT * FROM read_parquet(${quote(path)}) WHERE cell IN (${wanted})`,
  );
  const rows = new Map<number, Row>();
  for (const row of reader.getRowObjectsJS()) rows.set(Number(row.cell), row);
  return places.flatMap((place) => {
    const row = rows.get(place.cell);
    return row === undefined ? [] : [storedCell(place, row, rows)];
  });
}

interface Place {
  readonly cell: number;
  readonly group: PlannedGroup;
  /** The cell and its neighbours of the same seed. */
  readonly around: readonly number[];
}

function placeOf(plan: Plan, cell: number): Place {
  const group = plan.groups[groupIndexOf(plan, cell)]!;
  const points = axisPoints(group.learning_rates);
  const first = cell - ((cell - group.first_cell) % points);
  const from = Math.max(first, cell - NEIGHBOURS);
  const end = Math.min(first + points, cell + NEIGHBOURS + 1);
  return { cell, group, around: Array.from({ length: end - from }, (_, i) => from + i) };
}

function storedCell(
  { cell, group, around }: Place,
  row: Row,
  rows: ReadonlyMap<number, Row>,
): StoredCell {
  const near = around.map((each) => rows.get(each));
  const known = near.filter((each) => each !== undefined);
  const { seeds, learning_rates } = cellCoordinates(group, cell, 1);
  const spread: Partial<Record<ResultColumnName, number>> = {};
  for (const name of AT_END) {
    const values = known.map((each) => each[name]).filter((value) => typeof value === "number");
    spread[name] = values.length === 0 ? 0 : Math.max(...values) - Math.min(...values);
  }
  const columns = RESULT_COLUMNS.map(({ name }) => [name, storedValue(name, row)]);
  const lists = trajectoryColumns(group.shape).map((name) => [name, row[name] ?? []]);
  return {
    cell,
    group,
    seed: seeds[0]!,
    learning_rate: learning_rates[0]!,
    values: Object.fromEntries(columns) as StoredCell["values"],
    lists: Object.fromEntries(lists) as StoredCell["lists"],
    near_change: known.length < near.length || known.some(({ phase }) => phase !== row.phase),
    spread,
  };
}

function storedValue(name: ResultColumnName, row: Row): number | null {
  if (name === "phase") return PHASES.indexOf(row.phase as Phase);
  const value = row[name];
  return value === null || value === undefined ? null : Number(value);
}
