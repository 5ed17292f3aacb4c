import type { DuckDBConnection } from "@duckdb/node-api";
import type { RunsSource } from "../runs_source.ts";
import { type BoundaryQueryRow, SHAPE_COLUMNS } from "./boundary_query.ts";

/**
 * What boundaryQuery gives, for files where each seed of a shape group samples the same learning
 * rates, as those of one block do: the axis with its neighbours is then a small table, and a cell is
 * looked up in it instead of being sorted among its seed's cells.
 *
 * `on_axis` says whether a seed has each learning rate of its group exactly once; unless all have,
 * the other columns mean nothing and boundaryQuery must be asked.
 *
 * Trapezoid weights are summed as whole multiples of 2^−50, so that the sum does not depend on the
 * order in which threads add. All weights of a seed add up to under 1,500 (the log of the range of
 * doubles), and the rounding of each is that of its own last bits.
 */
export async function querySharedAxis(
  connection: DuckDBConnection,
  source: RunsSource,
): Promise<(BoundaryQueryRow & { readonly on_axis: boolean })[]> {
  await connection.run(groupAxisTable(source));
  await connection.run(axisTable(source));
  const reader = await connection.runAndReadAll(query(source));
  await connection.run("DROP TABLE axis; DROP TABLE group_axis");
  return reader.getRowObjectsJS() as unknown as (BoundaryQueryRow & { on_axis: boolean })[];
}

/**
 * The axis of each shape group, numbered: that of its first seed, the same for all groups whose first
 * seeds have as many learning rates with the same marks. A map has thousands of groups on one axis.
 */
const groupAxisTable = (source: RunsSource) => `
CREATE TEMP TABLE group_axis AS
WITH seed_axis AS (
  SELECT shape_group, seed, min(cell) AS first_cell, count(*) AS points,
    bit_xor(hash(learning_rate)) AS marks
  FROM ${source}
  GROUP BY shape_group, seed
),
first_seed AS (
  SELECT shape_group, arg_min(seed, first_cell) AS seed, min(first_cell) AS first_cell,
    arg_min(points, first_cell) AS points, arg_min(marks, first_cell) AS marks,
    min(points) = max(points) AND min(marks) = max(marks) AS is_shared
  FROM seed_axis
  GROUP BY shape_group
)
SELECT
  shape_group,
  seed,
  is_shared,
  dense_rank() OVER (ORDER BY points, marks)::INTEGER AS axis,
  row_number() OVER (PARTITION BY points, marks ORDER BY first_cell) = 1 AS is_first
FROM first_seed`;

/** A table rather than part of the query, whose planner then knows how small it is. */
const axisTable = (source: RunsSource) => `
CREATE TEMP TABLE axis AS
WITH neighbour AS (
  SELECT
    axis,
    learning_rate,
    lag(learning_rate) OVER along AS previous,
    lead(learning_rate) OVER along AS next
  FROM (
    SELECT DISTINCT axis, learning_rate
    FROM ${source} JOIN group_axis USING (shape_group, seed)
    WHERE is_first
  )
  WINDOW along AS (PARTITION BY axis ORDER BY learning_rate)
)
SELECT
  axis,
  learning_rate,
  previous,
  hash(learning_rate) AS mark,
  round(0.5 * (ln(coalesce(next, learning_rate)) - ln(coalesce(previous, learning_rate)))
    * ${2 ** 50}::DOUBLE)::BIGINT AS weight
FROM neighbour`;

const query = (source: RunsSource) => `
WITH cells AS NOT MATERIALIZED (
  SELECT *, phase = 'lazy' AS is_lazy, phase <> 'divergent' AS is_bounded
  FROM ${source}
),
shape AS (
  SELECT
    shape_group,
    min(cell) AS first_cell,
    ${SHAPE_COLUMNS}
  FROM cells
  GROUP BY shape_group
),
axis_extent AS (
  SELECT
    axis,
    count(*) AS points,
    bit_xor(mark) AS marks,
    min(learning_rate) AS lowest,
    max(learning_rate) AS highest,
    min((learning_rate - previous) / previous) AS relative_step
  FROM axis
  GROUP BY axis
),
seed_sums AS (
  SELECT
    shape_group,
    seed,
    any_value(axis) AS axis,
    any_value(is_shared) AS is_shared,
    count(*) AS points,
    bit_xor(mark) AS marks,
    ${boundaryColumns("eta0", "is_lazy")},
    ${boundaryColumns("eta1", "is_bounded")}
  FROM (SELECT cells.*, axis, is_shared FROM cells JOIN group_axis USING (shape_group))
    JOIN axis USING (axis, learning_rate)
  GROUP BY shape_group, seed
)
SELECT
  is_shared AND seed_sums.points = axis_extent.points AND seed_sums.marks = axis_extent.marks AS on_axis,
  shape.* EXCLUDE (first_cell),
  seed, lowest, highest, relative_step,
  eta0_first, below0.previous AS eta0_before, eta0_last, eta0_log_area,
  eta1_first, below1.previous AS eta1_before, eta1_last, eta1_log_area
FROM seed_sums
JOIN axis_extent USING (axis)
JOIN shape USING (shape_group)
LEFT JOIN axis below0 ON below0.axis = seed_sums.axis AND below0.learning_rate = eta0_first
LEFT JOIN axis below1 ON below1.axis = seed_sums.axis AND below1.learning_rate = eta1_first
ORDER BY first_cell, shape_group, seed`;

function boundaryColumns(name: string, isLow: string): string {
  return `
    min(learning_rate) FILTER (NOT ${isLow}) AS ${name}_first,
    max(learning_rate) FILTER (${isLow}) AS ${name}_last,
    sum(weight) FILTER (${isLow})::DOUBLE / ${2 ** 50} AS ${name}_log_area`;
}
