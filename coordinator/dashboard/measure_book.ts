import type { DuckDBConnection } from "@duckdb/node-api";
import { UsageError } from "../../shared/errors.ts";
import type { PlannedGroup } from "../../shared/plan.ts";
import { MEASURES } from "../../shared/shape_group.ts";
import { cellsWithin, gridRuns, type RunsSource, rangeOf } from "../analysis/runs_source.ts";
import { quote } from "../results/sql_text.ts";
import { withCommittedRows } from "./committed_rows.ts";
import { withDuckDb } from "./duck_db.ts";
import type { Measures } from "./messages.ts";
import { Slices } from "./slices.ts";
import type { SweepView } from "./sweep_view.ts";
import type { ViewSource } from "./view_source.ts";

/** An answer is good for so long, and for so many times as long as it took. */
const FRESH_MS = 5_000;
const FRESH_TIMES = 10;

interface Answer {
  readonly measures: Promise<Measures>;
  /** Of the view that was asked. */
  readonly version: string;
  /** The cells of a merged sweep do not change any more. */
  readonly isFinal: boolean;
  until_ms: number;
}

type Quantity = Measures["curves"][number]["quantity"];

/** Measures of shape groups, each read once for all who ask, and of one sweep one after another. */
export class MeasureBook {
  private readonly source: ViewSource;
  private readonly answers = new Map<string, Map<string, Answer>>();
  private readonly queues = new Map<string, Promise<unknown>>();

  constructor(source: ViewSource) {
    this.source = source;
  }

  read(view: SweepView, shape_group: string): Promise<Measures> {
    const { clock } = this.source;
    const answers = this.answers.get(view.name) ?? new Map<string, Answer>();
    this.answers.set(view.name, answers);
    const known = answers.get(shape_group);
    const isKnown = known?.version === view.version && known.isFinal === view.isMerged;
    if (isKnown && (known.isFinal || clock.nowMs() < known.until_ms)) return known.measures;
    const before = this.queues.get(view.name) ?? Promise.resolve();
    const measures = before.then(async () => {
      const began_ms = clock.nowMs();
      const found = await readMeasures(this.source, view, shape_group);
      const took_ms = clock.nowMs() - began_ms;
      answer.until_ms = clock.nowMs() + Math.max(FRESH_MS, FRESH_TIMES * took_ms);
      return found;
    });
    const answer: Answer = {
      measures,
      version: view.version,
      isFinal: view.isMerged,
      until_ms: Number.POSITIVE_INFINITY,
    };
    answers.set(shape_group, answer);
    const settled = measures.catch(() => {
      if (answers.get(shape_group) === answer) answers.delete(shape_group);
    });
    this.queues.set(view.name, settled);
    return measures;
  }

  forget(sweep: string): void {
    this.answers.delete(sweep);
  }

  /** Resolves when nothing is being read. */
  async close(): Promise<void> {
    await Promise.all(this.queues.values());
    this.queues.clear();
    this.answers.clear();
  }
}

async function readMeasures(
  source: ViewSource,
  view: SweepView,
  shape_group: string,
): Promise<Measures> {
  const plan = await view.planned();
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
  const ask = (runs: RunsSource) =>
    withDuckDb((connection) => readCurves(connection, runs, plan.name, group));
  if (view.isMerged) {
    const runs = gridRuns(view.resultsPath, plan);
    return ask(
      `(SELECT * FROM ${runs} WHERE shape_group = ${quote(shape_group)} AND ${cellsWithin(ranges)})`,
    );
  }
  return withCommittedRows(source.storage, plan, ranges, new Slices(source.clock), async (query) =>
    query === undefined ? nothing(plan.name, group) : ask(`(${query})`),
  );
}

function quantitiesOf({ shape: { measure } }: PlannedGroup): Quantity[] {
  const measured = MEASURES.filter((name) => measure.includes(name)).flatMap(
    (name) => [`${name}_initial`, `${name}_final`] as const,
  );
  return [...measured, "loss_final"];
}

async function readCurves(
  connection: DuckDBConnection,
  runs: RunsSource,
  sweep: string,
  group: PlannedGroup,
): Promise<Measures> {
  const quantities = quantitiesOf(group);
  const stays = "phase <> 'divergent'";
  const columns = quantities.map(
    (name) =>
      `quantile_cont(${name}, [0.1, 0.5, 0.9]) FILTER (${stays} AND isfinite(${name})) AS ${name}`,
  );
  const reader = await connection.runAndReadAll(
    `SELECT learning_rate, count(*) FILTER (${stays})::DOUBLE AS cells, ${columns}
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

function nothing(sweep: string, group: PlannedGroup): Measures {
  const curves = quantitiesOf(group).map((quantity) => ({
    ...{ quantity, low: [], median: [], high: [] },
  }));
  return { sweep, shape_group: group.shape_group, learning_rates: [], cells: [], curves };
}
