/** What the figure of trajectories draws, read from a merged results file. */
import type { DuckDBConnection } from "@duckdb/node-api";
import { trajectoryColumn, trajectoryColumns } from "../../../shared/part_columns.ts";
import { PHASES, type Phase } from "../../../shared/phases.ts";
import type { Plan, PlannedGroup } from "../../../shared/plan.ts";
import { MEASURES, type Measure, trajectoryPoints } from "../../../shared/shape_group.ts";
import { quote } from "../../results/sql_text.ts";
import type { RunsSource } from "../runs_source.ts";

/** Quantiles over the seeds, one entry a drawn point; the loss of a run that diverged is Infinity. */
export interface TrajectoryBand {
  readonly low: readonly (number | null)[];
  readonly median: readonly (number | null)[];
  readonly high: readonly (number | null)[];
}

/** The runs of one learning rate. */
export interface TrajectoryCurve {
  readonly learning_rate: number;
  /** The phase of most of its seeds. */
  readonly phase: Phase;
  readonly seeds: number;
  /** Ascending; those in `steps` of the bands. */
  readonly steps: readonly number[];
  readonly loss: TrajectoryBand;
  readonly ntk: TrajectoryBand | null;
  readonly hessian: TrajectoryBand | null;
}

export interface TrajectoryGroup {
  readonly group: PlannedGroup;
  /** Ascending learning rates. */
  readonly curves: readonly TrajectoryCurve[];
}

export interface TrajectoryData {
  readonly groups: readonly TrajectoryGroup[];
  /** Groups with trajectories, of which `groups` may be the first. */
  readonly groups_total: number;
}

/** Learning rates that are drawn of each phase: at these places among those where most seeds have it. */
const PLACES = [0.25, 0.75];
/** Points of a curve: a panel has fewer pixels. */
const POINTS_MAX = 300;

/** A learning rate of a group, with how many of its seeds are in each phase. */
type RateRow = { readonly shape_group: string; readonly learning_rate: number } & Readonly<
  Record<Phase, number>
>;

/** The first `groups` groups with recorded trajectories; without any there is none. */
export async function readTrajectories(
  connection: DuckDBConnection,
  source: RunsSource,
  plan: Plan,
  groups: number,
): Promise<TrajectoryData> {
  const recorded = recordedGroups(plan);
  const shown = recorded.slice(0, groups);
  if (shown.length === 0) return { groups: [], groups_total: 0 };
  const reader = await connection.runAndReadAll(`
    SELECT shape_group::VARCHAR AS shape_group, learning_rate,
      ${PHASES.map((phase) => `count(*) FILTER (phase = ${quote(phase)})::DOUBLE AS ${phase}`)}
    FROM ${source}
    WHERE shape_group IN (${shown.map(({ shape_group }) => quote(shape_group))})
    GROUP BY ALL ORDER BY shape_group, learning_rate`);
  const rates = reader.getRowObjectsJS() as unknown as RateRow[];
  const found: TrajectoryGroup[] = [];
  for (const group of shown) {
    const chosen = chooseRates(rates.filter((row) => row.shape_group === group.shape_group));
    if (chosen.length > 0) {
      found.push({ group, curves: await readCurves(connection, source, group, chosen) });
    }
  }
  return { groups: found, groups_total: recorded.length };
}

function recordedGroups({ groups }: Plan): PlannedGroup[] {
  const found = new Map<string, PlannedGroup>();
  for (const group of groups) {
    if (group.checks !== undefined || trajectoryPoints(group.shape) === 0) continue;
    if (!found.has(group.shape_group)) found.set(group.shape_group, group);
  }
  return [...found.values()];
}

interface ChosenRate {
  readonly learning_rate: number;
  readonly phase: Phase;
  readonly seeds: number;
}

/** Two learning rates of each phase, ascending; of equals in number the earlier phase counts. */
export function chooseRates(rows: readonly RateRow[]): ChosenRate[] {
  const judged = rows.map((row) => {
    const seeds = PHASES.reduce((sum, phase) => sum + row[phase], 0);
    const phase = PHASES.reduce((most, each) => (row[each] > row[most] ? each : most));
    return { learning_rate: row.learning_rate, phase, seeds };
  });
  const chosen = PHASES.flatMap((phase) => {
    const own = judged.filter((each) => each.phase === phase);
    const places = PLACES.map((place) => Math.round(place * (own.length - 1)));
    return own.filter((_, index) => places.includes(index));
  });
  return chosen.sort((a, b) => a.learning_rate - b.learning_rate);
}

async function readCurves(
  connection: DuckDBConnection,
  source: RunsSource,
  { shape_group, shape }: PlannedGroup,
  chosen: readonly ChosenRate[],
): Promise<TrajectoryCurve[]> {
  const points = trajectoryPoints(shape);
  const stride = Math.ceil(points / POINTS_MAX);
  const has = (name: Measure) => trajectoryColumns(shape).includes(trajectoryColumn(name));
  const quantiles = (value: string, name: string) =>
    `quantile_disc(${value}, [0.1, 0.5, 0.9]) AS ${name}`;
  const measured = MEASURES.filter(has).map((name) =>
    quantiles(`CASE WHEN isfinite(${name}) THEN ${name} END`, name),
  );
  const rates = chosen.map(({ learning_rate }) => `'${learning_rate}'::DOUBLE`);
  const reader = await connection.runAndReadAll(`
    SELECT learning_rate, j::DOUBLE AS j,
      ${[quantiles("CASE WHEN isfinite(loss) THEN loss ELSE 'Infinity'::DOUBLE END", "loss"), ...measured]}
    FROM (
      SELECT learning_rate, j, loss_trajectory[j] AS loss
        ${MEASURES.filter(has)
          .map((name) => `, ${trajectoryColumn(name)}[j] AS ${name}`)
          .join("")}
      FROM (
        SELECT *, unnest(range(1, ${points + 1}, ${stride})) AS j FROM ${source}
        WHERE shape_group = ${quote(shape_group)} AND learning_rate IN (${rates})
      )
    ) GROUP BY learning_rate, j ORDER BY learning_rate, j`);
  const rows = reader.getRowObjectsJS() as unknown as PointRow[];
  return chosen.map((rate) => {
    const own = rows.filter((row) => row.learning_rate === rate.learning_rate);
    const bandOf = (name: Measure) => (has(name) ? band(own.map((row) => row[name])) : null);
    return {
      ...rate,
      steps: own.map(({ j }) => (j - 1) * shape.trajectory_every!),
      loss: band(own.map((row) => row.loss)),
      ntk: bandOf("ntk"),
      hessian: bandOf("hessian"),
    };
  });
}

interface PointRow {
  readonly learning_rate: number;
  /** Place in the list, from 1 on. */
  readonly j: number;
  readonly loss: readonly number[] | null;
  readonly ntk: readonly number[] | null;
  readonly hessian: readonly number[] | null;
}

function band(quantiles: readonly (readonly number[] | null)[]): TrajectoryBand {
  const entry = (index: number) => quantiles.map((each) => each?.[index] ?? null);
  return { low: entry(0), median: entry(1), high: entry(2) };
}
