import type { GroupSummary, SweepPlan } from "../../messages.ts";
import { edgesAround, intervalAt, isLog, positionOf, type Scale } from "./axis.ts";
import { type Columns, columnsOf } from "./columns.ts";
import type { MapView } from "./views.ts";

/** Cells of one group in a map. Seeds are the rows of a group, learning rates its columns. */
interface Part {
  readonly first_cell: number;
  readonly cells: number;
  readonly rates: number;
  /** Row of the map by row of the group. */
  readonly rows: Int32Array;
}

/**
 * Where the cells of a view lie: a row has strips, one a seed and group, each with the learning rates
 * of one list; the columns of a row are the learning rates of all its strips.
 */
export interface MapModel {
  readonly x: Scale;
  readonly y: Scale & { readonly label: string; readonly is_seeds: boolean };
  /** Seeds, or values of the parameter, ascending from the bottom. */
  readonly values: Float64Array;
  /** Edges of rows, in positions on the y axis (of seeds: their numbers in `values`). */
  readonly row_edges: Float64Array;
  readonly columns: readonly Columns[];
  /** Index into `columns` by row. */
  readonly columns_of: Uint32Array;
  /** Strips of row r: strip_start[r], …, strip_start[r + 1] − 1. */
  readonly strip_start: Uint32Array;
  /** First cell of a strip, and which list of its columns it has. */
  readonly strip_first: Uint32Array;
  readonly strip_list: Uint32Array;
  /** Ascending by first cell. */
  readonly parts: readonly Part[];
  /** Lowest and highest edge of any column. */
  readonly x_low: number;
  readonly x_high: number;
  readonly rates: number;
  readonly shape_group_of_row: readonly string[];
}

/** Lays out the cells of a view; without objects a cell, so that millions of them are no matter. */
export function mapModel(plan: SweepPlan, view: MapView): MapModel {
  const wanted = new Set(view.shape_groups);
  const groups = plan.groups
    .filter(({ shape_group }) => wanted.has(shape_group))
    .sort((a, b) => a.first_cell - b.first_cell);
  const { values, rowsOf, shape_group_of_row } = rowsOfView(plan, view, groups);
  const rates = [...new Set(groups.flatMap(({ rate_axis }) => plan.rate_axes[rate_axis]!))];
  const ascending = Float64Array.from(rates).sort();
  const x = { is_log: isLog(ascending) };

  const parts = groups.map((group) => ({
    first_cell: group.first_cell,
    cells: group.cells,
    rates: plan.rate_axes[group.rate_axis]!.length,
    rows: rowsOf(group),
  }));
  const strip_start = new Uint32Array(values.length + 1);
  for (const { rows } of parts) for (const row of rows) strip_start[row + 1]!++;
  for (let row = 0; row < values.length; row++) strip_start[row + 1]! += strip_start[row]!;
  const strips = strip_start[values.length]!;
  const strip_first = new Uint32Array(strips);
  const strip_axis = new Uint32Array(strips);
  const next = strip_start.slice();
  for (const [index, { first_cell, rates: length, rows }] of parts.entries()) {
    for (let i = 0; i < rows.length; i++) {
      const strip = next[rows[i]!]!++;
      strip_first[strip] = first_cell + i * length;
      strip_axis[strip] = groups[index]!.rate_axis;
    }
  }
  const { columns, columns_of, strip_list } = columnsOfRows(plan, x, strip_start, strip_axis);
  const y = {
    is_log: view.plane?.is_log ?? false,
    label: view.plane?.parameter ?? "seed",
    is_seeds: view.plane === null,
  };
  const positions = Float64Array.from(values, (value, i) =>
    y.is_seeds ? i : positionOf(y, value),
  );
  return {
    ...{ x, y, values, columns, columns_of, strip_start, strip_first, strip_list, parts },
    row_edges: edgesAround(positions),
    // Folded rather than spread over a call's arguments, of which there may be too many.
    x_low: columns.reduce((low, { edges }) => Math.min(low, edges[0]!), Number.POSITIVE_INFINITY),
    x_high: columns.reduce(
      (high, { edges }) => Math.max(high, edges[edges.length - 1]!),
      Number.NEGATIVE_INFINITY,
    ),
    rates: rates.length,
    shape_group_of_row,
  };
}

function rowsOfView(plan: SweepPlan, { plane }: MapView, groups: readonly GroupSummary[]) {
  if (plane !== null) {
    const rowOf = new Map(plane.rows.map(({ shape_group }, row) => [shape_group, row]));
    return {
      values: Float64Array.from(plane.rows, ({ value }) => value),
      rowsOf: (group: GroupSummary) =>
        new Int32Array(plan.seed_axes[group.seed_axis]!.length).fill(rowOf.get(group.shape_group)!),
      shape_group_of_row: plane.rows.map(({ shape_group }) => shape_group),
    };
  }
  const seeds = new Set<number>();
  for (const { seed_axis } of groups)
    for (const seed of plan.seed_axes[seed_axis]!) seeds.add(seed);
  const values = Float64Array.from(seeds).sort();
  const rowOf = new Map<number, number>();
  for (let row = 0; row < values.length; row++) rowOf.set(values[row]!, row);
  return {
    values,
    rowsOf: ({ seed_axis }: GroupSummary) =>
      Int32Array.from(plan.seed_axes[seed_axis]!, (seed) => rowOf.get(seed)!),
    shape_group_of_row: [],
  };
}

/** Rows with the same lists of learning rates share their columns. */
function columnsOfRows(
  plan: SweepPlan,
  x: Scale,
  strip_start: Uint32Array,
  strip_axis: Uint32Array,
) {
  const columns: Columns[] = [];
  const byKey = new Map<string, { index: number; lists: readonly number[] }>();
  const columns_of = new Uint32Array(strip_start.length - 1);
  const strip_list = new Uint32Array(strip_axis.length);
  for (let row = 0; row < columns_of.length; row++) {
    const axes = strip_axis.subarray(strip_start[row]!, strip_start[row + 1]!);
    const lists = [...new Set(axes)].sort((a, b) => a - b);
    const key = lists.join();
    let found = byKey.get(key);
    if (found === undefined) {
      found = { index: columns.length, lists };
      byKey.set(key, found);
      columns.push(
        columnsOf(
          lists.map((axis) => plan.rate_axes[axis]!),
          x,
        ),
      );
    }
    columns_of[row] = found.index;
    for (let strip = strip_start[row]!; strip < strip_start[row + 1]!; strip++) {
      strip_list[strip] = found.lists.indexOf(strip_axis[strip]!);
    }
  }
  return { columns, columns_of, strip_list };
}

/** The lowest and highest row that cells first, …, first + count − 1 touch; null: none does. */
export function rowsTouched(
  { parts }: MapModel,
  first: number,
  count: number,
): { low: number; high: number } | null {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let i = partAfter(parts, first); i < parts.length; i++) {
    const { first_cell, cells, rates, rows } = parts[i]!;
    if (first_cell >= first + count) break;
    const from = Math.floor(Math.max(0, first - first_cell) / rates);
    const to = Math.floor((Math.min(cells, first + count - first_cell) - 1) / rates);
    for (let row = from; row <= to; row++) {
      low = Math.min(low, rows[row]!);
      high = Math.max(high, rows[row]!);
    }
  }
  return low <= high ? { low, high } : null;
}

/** The first part that ends after a cell. */
function partAfter(parts: readonly Part[], cell: number): number {
  let low = 0;
  let high = parts.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (parts[middle]!.first_cell + parts[middle]!.cells <= cell) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The cells of a row and column, and how often each code occurs among them. */
export interface Spot {
  readonly row: number;
  readonly column: number;
  readonly learning_rate: number;
  /** Seed, or value of the parameter. */
  readonly value: number;
  readonly cells: readonly number[];
}

/** What lies at a position of the map; null: nothing. */
export function spotAt(model: MapModel, x: number, y: number): Spot | null {
  const row = intervalAt(model.row_edges, y);
  if (row < 0 || row >= model.values.length) return null;
  const { edges } = model.columns[model.columns_of[row]!]!;
  const column = intervalAt(edges, x);
  return column < 0 || column >= edges.length - 1 ? null : spotOf(model, row, column);
}

export function spotOf(model: MapModel, row: number, column: number): Spot {
  const { rates, start, list, index } = model.columns[model.columns_of[row]!]!;
  const cells: number[] = [];
  for (let strip = model.strip_start[row]!; strip < model.strip_start[row + 1]!; strip++) {
    for (let entry = start[column]!; entry < start[column + 1]!; entry++) {
      if (list[entry] === model.strip_list[strip]) {
        cells.push(model.strip_first[strip]! + index[entry]!);
      }
    }
  }
  return { row, column, learning_rate: rates[column]!, value: model.values[row]!, cells };
}

/** Row and column of a cell of the plan; null: it is in another map. */
export function spotOfCell(model: MapModel, cell: number): Spot | null {
  const part = model.parts[partAfter(model.parts, cell)];
  if (part === undefined || part.first_cell > cell) return null;
  const row = part.rows[Math.floor((cell - part.first_cell) / part.rates)]!;
  const at = (cell - part.first_cell) % part.rates;
  const { start, list, index } = model.columns[model.columns_of[row]!]!;
  for (let column = 0; column + 1 < start.length; column++) {
    for (let entry = start[column]!; entry < start[column + 1]!; entry++) {
      if (index[entry] !== at) continue;
      for (let strip = model.strip_start[row]!; strip < model.strip_start[row + 1]!; strip++) {
        const isHere = model.strip_first[strip]! + at === cell;
        if (isHere && model.strip_list[strip] === list[entry]) return spotOf(model, row, column);
      }
    }
  }
  return null;
}
