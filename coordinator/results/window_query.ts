import { PHASES } from "../../shared/phases.ts";
import type { Plan, PlannedGroup } from "../../shared/plan.ts";
import { RESULT_COLUMNS } from "../../shared/result_columns.ts";
import { MEASURES } from "../../shared/shape_group.ts";
import { axisPoints, seedAt } from "../../shared/spec/axes.ts";
import { quote } from "./sql_text.ts";

/** Cells of one part that count, all of one group. */
export interface Piece {
  /** Path of the part. */
  readonly path: string;
  /** The cell of the part's first row. */
  readonly part_first: number;
  /** Cells first..end−1 are taken. */
  readonly first: number;
  readonly end: number;
  /** Index into the plan's groups. */
  readonly group: number;
}

/**
 * The result rows of consecutive cells in their order, as a query over the pieces of parts that
 * hold them. The order is asked for, as DuckDB may pass a small piece on after the next large one.
 *
 * Texts are enumerations on the way: Parquet then writes them as codes without hashing each one.
 */
export function windowQuery(plan: Plan, pieces: readonly Piece[]): string {
  const groups = [...new Set(pieces.map(({ group }) => group))].map((index) => ({
    index,
    planned: plan.groups[index]!,
  }));
  const asked = groups.map(({ planned }) => planned.shape.measure);
  const measures = MEASURES.filter((name) => asked.some((each) => each.includes(name)));
  // Parts of groups with unlike measures have unlike columns.
  const unlike = asked.some((each) => measures.some((name) => !each.includes(name)));
  const first = pieces[0]!.first;
  const end = pieces.at(-1)!.end;
  const seeds = groups.map(
    ({ index, planned }) => `WHEN ${index} THEN ${seedText(planned, first, end)}`,
  );
  return `SELECT cell, "grid", shape_group, dataset, model, loss, width, weight_variance, steps,
      CASE group_index ${seeds.join(" ")} END AS seed,
      learning_rate, phase, ${RESULT_COLUMNS.slice(1).map(({ name }) => name)},
      peak, settled, numeric_class
    FROM (
      SELECT p.part_first + c.file_row_number AS cell,
        p.part_first + c.file_row_number - g.first_cell AS place,
        g.*, c.learning_rate, ${phaseColumn()}, ${resultColumns(measures)},
        c.loss_max > 1.05 * c.loss_initial AS peak,
        c.last_increase_step <= g.steps - greatest(20, g.steps / 10) AS settled
      FROM read_parquet([${pieces.map(({ path }) => quote(path)).join(",")}],
          file_row_number = true, union_by_name = ${unlike}) c
        JOIN ${piecesTable(pieces)} p ON c.file_index = p.piece
        JOIN ${groupsTable(groups)} g ON p.group_index = g.group_index
      WHERE c.file_row_number >= p.from_row AND c.file_row_number < p.end_row
    ) ORDER BY cell`;
}

/** Seed of the cell at `place` of a group, for the cells of the sweep from `first` to `end`. */
function seedText({ seeds, learning_rates, first_cell }: PlannedGroup, first: number, end: number) {
  const points = axisPoints(learning_rates);
  if (!("values" in seeds)) return `${seeds.from} + place // ${points}`;
  const lowest = Math.max(0, Math.floor((first - first_cell) / points));
  const highest = Math.min(seeds.values.length - 1, Math.floor((end - 1 - first_cell) / points));
  const values: number[] = [];
  for (let i = lowest; i <= highest; i++) values.push(seedAt(seeds, i));
  return `('[${values}]'::BIGINT[])[place // ${points} - ${lowest} + 1]`;
}

function phaseColumn(): string {
  const type = enumeration(PHASES);
  const cases = PHASES.map((phase, code) => `WHEN ${code} THEN ${quote(phase)}::${type}`);
  return `CASE c.phase ${cases.join(" ")} END AS phase`;
}

function resultColumns(measures: readonly string[]): string {
  return RESULT_COLUMNS.slice(1)
    .map(({ name, nullable }) => {
      const measure = MEASURES.find((candidate) => name.startsWith(`${candidate}_`));
      // Null says "not asked for"; NaN is left to mean what the arithmetic gave.
      if (measure !== undefined && !measures.includes(measure)) return `NULL::DOUBLE AS ${name}`;
      if (measure !== undefined) return `CASE WHEN g.has_${measure} THEN c.${name} END AS ${name}`;
      return nullable ? `nullif(c.${name}, -1) AS ${name}` : `c.${name}`;
    })
    .join(", ");
}

function piecesTable(pieces: readonly Piece[]): string {
  const rows = pieces.map(
    ({ part_first, first, end, group }, index) =>
      `(${index}, ${group}, ${part_first}, ${first - part_first}, ${end - part_first})`,
  );
  return `(SELECT piece::UBIGINT AS piece, group_index::INTEGER AS group_index,
      part_first::BIGINT AS part_first, from_row::BIGINT AS from_row, end_row::BIGINT AS end_row
    FROM (VALUES ${rows.join(",")}) AS t(piece, group_index, part_first, from_row, end_row))`;
}

/** What is the same for every cell of a group. */
function groupsTable(groups: readonly { index: number; planned: PlannedGroup }[]): string {
  const rows = groups.map(({ index, planned: { first_cell, grid, shape, ...group } }) =>
    [
      ...[index, first_cell, grid, quote(group.shape_group), quote(shape.dataset.name)],
      ...[quote(modelName(shape.hidden_layers)), quote(shape.loss), shape.width ?? "NULL"],
      ...[`'${shape.weight_variance}'::DOUBLE`, shape.steps, quote(group.numeric_class)],
      ...MEASURES.map((measure) => shape.measure.includes(measure)),
    ].join(", "),
  );
  const planned = groups.map((group) => group.planned);
  const texts = {
    shape_group: planned.map(({ shape_group }) => shape_group),
    dataset: planned.map(({ shape }) => shape.dataset.name),
    model: planned.map(({ shape }) => modelName(shape.hidden_layers)),
    loss: planned.map(({ shape }) => shape.loss),
    numeric_class: planned.map(({ numeric_class }) => numeric_class),
  };
  const enumerated = Object.entries(texts).map(
    ([name, values]) => `${name}::${enumeration([...new Set(values)])} AS ${name}`,
  );
  const flags = MEASURES.map((measure) => `has_${measure}`).join(", ");
  return `(SELECT group_index::INTEGER AS group_index, first_cell::BIGINT AS first_cell,
      "grid"::INTEGER AS "grid", width::BIGINT AS width, weight_variance, steps::INTEGER AS steps,
      ${enumerated.join(", ")}, ${flags}
    FROM (VALUES ${rows.map((row) => `(${row})`).join(",")}) AS t(group_index, first_cell, "grid",
      shape_group, dataset, model, loss, width, weight_variance, steps, numeric_class, ${flags}))`;
}

function modelName(hidden_layers: 0 | 1): string {
  return hidden_layers === 0 ? "linear_predictor" : "one_hidden_layer";
}

function enumeration(values: readonly string[]): string {
  return `ENUM(${values.map(quote).join(", ")})`;
}
