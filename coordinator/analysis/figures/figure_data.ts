/** The aggregates that the phase figure draws, read from a merged results file. */
import type { DuckDBConnection } from "@duckdb/node-api";
import { PHASES } from "../../../shared/phases.ts";
import type { RunsSource } from "../runs_source.ts";

/** Median and 10–90 % range over the seeds that did not diverge, one entry a learning rate. */
export interface Curve {
  /** Null where no such seed was measured. */
  readonly low: readonly (number | null)[];
  readonly median: readonly (number | null)[];
  readonly high: readonly (number | null)[];
}

/** One shape group along its learning rates; every array has the length of `learning_rate`. */
export interface FigurePanel {
  readonly shape_group: string;
  /** Ascending η; geometric bin centres where a group has more than COLUMN_LIMIT of them. */
  readonly learning_rate: readonly number[];
  /** Share of seeds in each phase, in [0, 1]; the four add up to 1. */
  readonly lazy: readonly number[];
  readonly catapult: readonly number[];
  readonly divergent: readonly number[];
  readonly unsettled: readonly number[];
  /** λ_NTK at the last step; null when the group did not measure it. */
  readonly ntk: Curve | null;
  /** h, the largest eigenvalue of the Hessian of the loss, at the last step; likewise. */
  readonly hessian: Curve | null;
}

export interface FigureData {
  /** The first groups in the order of their cells. */
  readonly panels: readonly FigurePanel[];
  /** Number of groups in the file, of which `panels` may be a part. */
  readonly groups_total: number;
}

/**
 * Most columns a panel keeps. Seeds that each sample learning rates of their own would otherwise
 * give as many columns as cells; a panel is some 450 pixels wide, so nothing visible is lost.
 */
export const COLUMN_LIMIT = 400;

/**
 * Cells are counted by learning rate first, of which there are few, so that binning, shares and the
 * choice of groups cost nothing a cell. A table rather than part of the query, whose planner then
 * knows how small it is.
 */
const placedTable = (source: RunsSource) => `
CREATE TEMP TABLE placed AS
WITH counted AS (
  SELECT
    shape_group,
    learning_rate,
    min(cell) AS first_cell,
    count(*) AS cells,
    ${PHASES.map((phase) => `count(*) FILTER (phase = '${phase}') AS ${phase}`).join(",\n    ")}
  FROM ${source}
  GROUP BY shape_group, learning_rate
),
extent AS (
  SELECT
    shape_group,
    min(first_cell) AS first_cell,
    ln(min(learning_rate)) AS log_lowest,
    (ln(max(learning_rate)) - ln(min(learning_rate))) / ${COLUMN_LIMIT} AS log_bin,
    count(*) > ${COLUMN_LIMIT} AS is_binned
  FROM counted
  GROUP BY shape_group
),
chosen AS (
  SELECT *, count(*) OVER () AS groups_total
  FROM extent
  ORDER BY first_cell
  LIMIT $panels
)
SELECT
  counted.* EXCLUDE (first_cell), chosen.first_cell, chosen.groups_total,
  CASE WHEN is_binned THEN
    exp(log_lowest + log_bin * (0.5 + least(
      floor((ln(learning_rate) - log_lowest) / log_bin), ${COLUMN_LIMIT - 1})))
  ELSE learning_rate END AS eta
FROM counted JOIN chosen USING (shape_group)`;

/** Only measured cells are looked at once more, for quantiles. */
const query = (source: RunsSource) => `
WITH curves AS (
  SELECT shape_group, eta, ${curveColumn("ntk")}, ${curveColumn("hessian")}
  FROM ${source} JOIN placed USING (shape_group, learning_rate)
  WHERE phase <> 'divergent' AND (isfinite(ntk_final) OR isfinite(hessian_final))
  GROUP BY shape_group, eta
),
shares AS (
  SELECT
    shape_group,
    eta,
    any_value(first_cell) AS first_cell,
    any_value(groups_total)::DOUBLE AS groups_total,
    ${PHASES.map((phase) => `(sum(${phase}) / sum(cells))::DOUBLE AS ${phase}`).join(",\n    ")}
  FROM placed
  GROUP BY shape_group, eta
)
SELECT shares.* EXCLUDE (first_cell), ntk, hessian
FROM shares LEFT JOIN curves USING (shape_group, eta)
ORDER BY first_cell, shape_group, eta`;

/** Reads the panels of the first `panels` shape groups (at least 1) of a merged results file. */
export async function readFigureData(
  connection: DuckDBConnection,
  source: RunsSource,
  panels: number,
): Promise<FigureData> {
  await connection.run(placedTable(source), { panels });
  const reader = await connection.runAndReadAll(query(source));
  await connection.run("DROP TABLE placed");
  const rows = reader.getRowObjectsJS() as unknown as QueryRow[];
  const groups: QueryRow[][] = [];
  for (const row of rows) {
    if (groups.at(-1)?.[0]?.shape_group !== row.shape_group) groups.push([]);
    groups.at(-1)!.push(row);
  }
  return { panels: groups.map(figurePanel), groups_total: rows[0]?.groups_total ?? 0 };
}

function figurePanel(rows: readonly QueryRow[]): FigurePanel {
  return {
    shape_group: rows[0]!.shape_group,
    learning_rate: rows.map((row) => row.eta),
    lazy: rows.map((row) => row.lazy),
    catapult: rows.map((row) => row.catapult),
    divergent: rows.map((row) => row.divergent),
    unsettled: rows.map((row) => row.unsettled),
    ntk: curve(rows.map((row) => row.ntk)),
    hessian: curve(rows.map((row) => row.hessian)),
  };
}

function curve(quantiles: readonly (readonly number[] | null)[]): Curve | null {
  if (quantiles.every((each) => each === null)) return null;
  const entry = (index: number) => quantiles.map((each) => each?.[index] ?? null);
  return { low: entry(0), median: entry(1), high: entry(2) };
}

/** NaN marks a measure not taken, and a run that blew up without leaving its bounds may hold ∞. */
function curveColumn(name: string): string {
  return `quantile_cont(${name}_final, [0.1, 0.5, 0.9]) FILTER (isfinite(${name}_final)) AS ${name}`;
}

/** One row of the query as the driver hands it over. */
interface QueryRow {
  readonly shape_group: string;
  readonly groups_total: number;
  readonly eta: number;
  readonly lazy: number;
  readonly catapult: number;
  readonly divergent: number;
  readonly unsettled: number;
  readonly ntk: readonly number[] | null;
  readonly hessian: readonly number[] | null;
}
