import type { DuckDBConnection } from "@duckdb/node-api";
import type { Loss } from "../../../shared/losses.ts";
import { PHASES, type Phase } from "../../../shared/phases.ts";
import { type PanelLine, phaseLine } from "../figures/line_panel.ts";
import type { LegendItem } from "../figures/svg_legend.ts";
import type { Run } from "../figures/svg_text.ts";
import { plain } from "../labels.ts";
import type { RunsSource } from "../runs_source.ts";

/** A run whose course was recorded at every step. */
export interface Trajectory {
  readonly grid: number;
  readonly dataset: string;
  readonly loss: Loss;
  /** Hidden width m; null for the linear predictor. */
  readonly width: number | null;
  readonly seed: number;
  readonly learning_rate: number;
  readonly phase: Phase;
  /** L(t) from t = 0 on, as far as the run went. */
  readonly losses: readonly number[];
  /** λ(t); empty where it was not recorded. */
  readonly ntk: readonly number[];
}

/** The names of the columns of some rows. */
async function columnsOf(connection: DuckDBConnection, source: RunsSource): Promise<Set<string>> {
  const described = await connection.runAndReadAll(`DESCRIBE SELECT * FROM ${source}`);
  return new Set(described.getRows().map(([name]) => String(name)));
}

/**
 * The recorded runs of all seeds, or of one seed of each group: the one with the most catapult runs,
 * as the paper shows such a network, and the lowest of equals. In the order of groups, seeds and η;
 * empty without any.
 */
export async function readTrajectories(
  connection: DuckDBConnection,
  source: RunsSource,
  { seeds = "one" }: { readonly seeds?: "one" | "all" } = {},
): Promise<Trajectory[]> {
  const columns = await columnsOf(connection, source);
  if (!columns.has("loss_trajectory")) return [];
  const ntk = columns.has("ntk_trajectory") ? "coalesce(ntk_trajectory, [])" : "[]::DOUBLE[]";
  const reader = await connection.runAndReadAll(`
    WITH recorded AS (SELECT * FROM ${source} WHERE loss_trajectory IS NOT NULL),
    chosen AS (
      SELECT shape_group, seed FROM recorded GROUP BY shape_group, seed
      QUALIFY ${seeds === "all" ? "true OR" : ""} row_number() OVER (PARTITION BY shape_group
        ORDER BY count(*) FILTER (phase = 'catapult') DESC, seed) = 1)
    SELECT "grid"::INTEGER AS grid, dataset, loss, width::DOUBLE AS width, seed::DOUBLE AS seed,
      learning_rate, phase::VARCHAR AS phase, loss_trajectory AS losses, ${ntk} AS ntk
    FROM recorded JOIN chosen USING (shape_group, seed)
    ORDER BY min(cell) OVER (PARTITION BY shape_group), seed, learning_rate`);
  return reader.getRowObjectsJS() as unknown as Trajectory[];
}

/** Runs with the same `key`, in the order in which keys come. */
export function groupedBy<Item>(
  items: readonly Item[],
  key: (item: Item) => string,
): readonly (readonly [Item, ...Item[]])[] {
  const groups = new Map<string, [Item, ...Item[]]>();
  for (const item of items) {
    const group = groups.get(key(item));
    if (group === undefined) groups.set(key(item), [item]);
    else group.push(item);
  }
  return [...groups.values()];
}

/** At most `limit` of some runs, evenly spread from the first to the last; of one, the first. */
export function spread<Item>(items: readonly Item[], limit: number): readonly Item[] {
  if (items.length <= limit) return items;
  return Array.from(
    { length: limit },
    (_, i) => items[Math.round((i * (items.length - 1)) / Math.max(1, limit - 1))]!,
  );
}

/** "η = 1.6668": what a key calls a run. */
export function rateName({ learning_rate }: Trajectory): Run[] {
  return [`η = ${plain(Number(learning_rate.toPrecision(5)))}`];
}

/** One line a run along its steps, styled by its phase; `value` picks what is drawn. */
export function trajectoryLines(
  runs: readonly Trajectory[],
  value: (run: Trajectory) => readonly number[],
): PanelLine[] {
  return runs.map((run) => {
    const own = runs.filter(({ phase }) => phase === run.phase);
    return {
      ...phaseLine(run.phase, own.indexOf(run), own.length),
      name: rateName(run),
      points: value(run).map((each, step) => [step, each] as const),
    };
  });
}

/** A legend of the phases that some runs have. */
export function phaseKey(runs: readonly Trajectory[]): LegendItem[] {
  return PHASES.filter((phase) => runs.some((run) => run.phase === phase)).map((phase) => {
    const { stroke, dash } = phaseLine(phase, 0, 1);
    const dashes = dash === "" ? "" : ` stroke-dasharray="${dash}"`;
    return {
      sample: (x, y) =>
        `<path d="M${x} ${y + 7}h26" stroke="${stroke}" stroke-width="2"${dashes}/>`,
      name: [phase],
    };
  });
}
