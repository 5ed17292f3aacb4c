import { datasetSize } from "../../shared/datasets.ts";
import { partColumns, trajectoryColumns } from "../../shared/part_columns.ts";
import { PHASES } from "../../shared/phases.ts";
import type { Plan, PlannedGroup } from "../../shared/plan.ts";
import { RESULT_COLUMNS } from "../../shared/result_columns.ts";
import { MEASURES, numericWidth, type PlannedShape } from "../../shared/shape_group.ts";
import { axisPoints, seedCount, seedReader } from "../../shared/spec/axes.ts";
import type { Piece, Window } from "./pieces.ts";
import { planCellOf, stripColumns, stripValues } from "./plan_cell_query.ts";
import { quote } from "./sql_text.ts";

/**
 * The result rows of consecutive cells in their order, as a query over the pieces of parts that
 * hold them. The order is asked for, as DuckDB may pass a small piece on after the next large one.
 *
 * Texts are enumerations on the way: Parquet then writes them as codes without hashing each one.
 */
export function windowQuery(plan: Plan, { first, end, pieces }: Window<Piece>): string {
  const groups = [...new Set(pieces.map(({ group }) => group))].map((index) => ({
    index,
    planned: plan.groups[index]!,
  }));
  const carried = groups.map(({ planned: { shape } }) => [
    ...partColumns(shape).map(({ name }) => name as string),
    ...trajectoryColumns(shape),
  ]);
  const columns = new Set(carried.flat());
  // Parts of groups that ask for unlike things have unlike columns.
  const unlike = carried.some(({ length }) => length < columns.size);
  const lists = [...new Set(plan.groups.flatMap(({ shape }) => trajectoryColumns(shape)))];
  const listed = groups.filter(({ planned: { seeds } }) => !("from" in seeds));
  const seeds = listed.map(
    ({ index, planned }) => `WHEN ${index} THEN ${seedText(planned, first, end)}`,
  );
  const seed = "seed_from + place // points";
  const paths = [...new Set(pieces.map(({ path }) => path))];
  return `SELECT cell, "grid", shape_group, dataset, model, loss, width, inverse_width,
      weight_variance, bias_variance, input_scale, hidden_layers, steps, ${seeds.length === 0 ? seed : `CASE group_index ${seeds.join(" ")} ELSE ${seed} END`} AS seed, learning_rate,
      coalesce(output_ratio * learning_rate, output_fixed) AS output_learning_rate, phase,
      ${RESULT_COLUMNS.slice(1).map(({ name }) => name)}, peak, settled,
      ${["numeric_class", ...lists]}
    FROM (
      SELECT ${planCellOf(pieces)} AS cell, cell - g.first_cell AS place, g.*, ${STEPS} AS steps, c.learning_rate, ${phaseColumn()}, ${resultColumns(columns)},
        ${lists.map((name) => `${columns.has(name) ? `c.${name}` : "NULL::DOUBLE[]"} AS ${name},`).join(" ")}
        c.loss_max > 1.05 * c.loss_initial AS peak,
        c.last_increase_step <= ${STEPS} - greatest(20, ${STEPS} / 10) AS settled
      FROM read_parquet([${paths.map(quote).join(",")}],
          file_row_number = true, union_by_name = ${unlike}) c
        ${paths.length < pieces.length ? "ASOF JOIN" : "JOIN"} ${piecesTable(pieces, paths)} p
          ON c.file_index = p.file ${paths.length < pieces.length ? "AND c.file_row_number >= p.from_row" : ""}
        JOIN ${groupsTable(groups)} g ON p.group_index = g.group_index
      WHERE c.file_row_number >= p.from_row AND c.file_row_number < p.end_row
    ) ORDER BY cell`;
}

/** The horizon T of a cell (shared/schedule.ts). */
const STEPS = `coalesce(g.fixed_steps,
  greatest(1, round(g.physical_time / c.learning_rate))::INTEGER + g.extra_steps)`;

/** What a group may have or not have: columns of that prefix are null where it has not. */
const FLAGS = [...MEASURES, "test"];

/** Seed of the cell at `place` of a group whose seeds are a list, for the cells of the sweep from `first` to `end`. */
function seedText({ seeds, learning_rates, first_cell }: PlannedGroup, first: number, end: number) {
  const points = axisPoints(learning_rates);
  const lowest = Math.max(0, Math.floor((first - first_cell) / points));
  const highest = Math.min(seedCount(seeds) - 1, Math.floor((end - 1 - first_cell) / points));
  const seedAt = seedReader(seeds);
  const values: number[] = [];
  for (let i = lowest; i <= highest; i++) values.push(seedAt(i));
  return `('[${values}]'::BIGINT[])[place // ${points} - ${lowest} + 1]`;
}

function phaseColumn(): string {
  const type = enumeration(PHASES);
  const cases = PHASES.map((phase, code) => `WHEN ${code} THEN ${quote(phase)}::${type}`);
  return `CASE c.phase ${cases.join(" ")} END AS phase`;
}

function resultColumns(columns: ReadonlySet<string>): string {
  return RESULT_COLUMNS.slice(1)
    .map(({ name, nullable }) => {
      // Null says "not asked for"; NaN is left to mean what the arithmetic gave.
      if (!columns.has(name)) return `NULL::DOUBLE AS ${name}`;
      const flag = FLAGS.find((candidate) => name.startsWith(`${candidate}_`));
      if (flag !== undefined) return `CASE WHEN g.has_${flag} THEN c.${name} END AS ${name}`;
      return nullable ? `nullif(c.${name}, -1) AS ${name}` : `c.${name}`;
    })
    .join(", ");
}

function piecesTable(pieces: readonly Piece[], paths: readonly string[]): string {
  const files = new Map(paths.map((path, index) => [path, index]));
  const isCut = pieces.some(({ strip }) => strip !== undefined);
  const rows = pieces.map(
    ({ path, part_first, first, end, group, strip }, index) =>
      `(${index}, ${files.get(path)}, ${group}, ${part_first}, ${first - part_first}, ${end - part_first}${isCut ? `, ${stripValues(strip)}` : ""})`,
  );
  const columns = isCut ? stripColumns : [];
  return `(SELECT piece::UBIGINT AS piece, file::UBIGINT AS file, group_index::INTEGER AS group_index,
      part_first::BIGINT AS part_first, from_row::BIGINT AS from_row, end_row::BIGINT AS end_row
      ${columns.map((name) => `, ${name}::BIGINT AS ${name}`).join("")}
    FROM (VALUES ${rows.join(",")}) AS t(piece, file, group_index, part_first, from_row, end_row
      ${columns.map((name) => `, ${name}`).join("")}))`;
}

/** What is the same for every cell of a group. */
function groupsTable(groups: readonly { index: number; planned: PlannedGroup }[]): string {
  const rows = groups.map(({ index, planned: { first_cell, grid, shape, ...group } }) =>
    [
      ...[index, first_cell, grid, "from" in group.seeds ? group.seeds.from : "NULL"],
      ...[axisPoints(group.learning_rates)],
      ...[quote(group.shape_group), quote(shape.dataset.name)],
      ...[quote(modelName(shape)), quote(shape.loss)],
      ...[typeof shape.width === "number" ? shape.width : "NULL", inverseWidth(shape)],
      ...[`'${shape.weight_variance}'::DOUBLE`, ...outputRate(shape), ...horizon(shape)],
      ...[double(shape.bias_variance), double(shape.input_scale ?? 1), shape.hidden_layers],
      ...[quote(group.numeric_class), ...MEASURES.map((name) => shape.measure.includes(name))],
      datasetSize(shape.dataset).test_samples > 0,
    ].join(", "),
  );
  const planned = groups.map((group) => group.planned);
  const texts = {
    shape_group: planned.map(({ shape_group }) => shape_group),
    dataset: planned.map(({ shape }) => shape.dataset.name),
    model: planned.map(({ shape }) => modelName(shape)),
    loss: planned.map(({ shape }) => shape.loss),
    numeric_class: planned.map(({ numeric_class }) => numeric_class),
  };
  const enumerated = Object.entries(texts).map(
    ([name, values]) => `${name}::${enumeration([...new Set(values)])} AS ${name}`,
  );
  const flags = FLAGS.map((flag) => `has_${flag}`).join(", ");
  return `(SELECT group_index::INTEGER AS group_index, first_cell::BIGINT AS first_cell,
      "grid"::INTEGER AS "grid", seed_from::BIGINT AS seed_from, points::BIGINT AS points,
      width::BIGINT AS width, inverse_width::DOUBLE AS inverse_width,
      weight_variance, output_ratio::DOUBLE AS output_ratio, output_fixed::DOUBLE AS output_fixed,
      fixed_steps::INTEGER AS fixed_steps, physical_time::DOUBLE AS physical_time,
      extra_steps::INTEGER AS extra_steps, bias_variance::DOUBLE AS bias_variance,
      input_scale::DOUBLE AS input_scale, hidden_layers::INTEGER AS hidden_layers,
      ${enumerated.join(", ")}, ${flags}
    FROM (VALUES ${rows.map((row) => `(${row})`).join(",")}) AS t(group_index, first_cell, "grid",
      seed_from, points, shape_group, dataset, model, loss, width, inverse_width, weight_variance, output_ratio,
      output_fixed, fixed_steps, physical_time, extra_steps, bias_variance, input_scale, hidden_layers,
      numeric_class, ${flags}))`;
}

/** 1/m: 0 in the infinite-width limit, null for the linear predictor. */
function inverseWidth(shape: PlannedShape): string {
  const width = numericWidth(shape);
  return width === null ? "NULL" : `'${1 / width}'`;
}

/** η_v as a multiple of η, and as a rate of its own; one of them is null. */
function outputRate({ hidden_layers, output_learning_rate: rate }: PlannedShape): [string, string] {
  if (hidden_layers === 0) return ["NULL", "NULL"];
  return "ratio" in rate ? [`'${rate.ratio}'`, "NULL"] : ["NULL", `'${rate.fixed}'`];
}

/** Fixed steps, or else physical time and extra steps. */
function horizon({ steps }: PlannedShape): [string | number, string, string | number] {
  if (typeof steps === "number") return [steps, "NULL", "NULL"];
  return ["NULL", double(steps.physical_time), steps.extra_steps];
}

function double(value: number | undefined): string {
  return value === undefined ? "NULL" : `'${value}'`;
}

const NUMERALS = ["no", "one", "two", "three", "four", "five", "six", "seven", "eight"];

/** `linear_predictor`, `one_hidden_layer`, `two_hidden_layers_with_bias` */
export function modelName({ hidden_layers, bias_variance }: PlannedShape): string {
  const biased = bias_variance === undefined ? "" : "_with_bias";
  if (hidden_layers === 0) return `linear_predictor${biased}`;
  return `${NUMERALS[hidden_layers]}_hidden_layer${hidden_layers > 1 ? "s" : ""}${biased}`;
}

function enumeration(values: readonly string[]): string {
  return `ENUM(${values.map(quote).join(", ")})`;
}
