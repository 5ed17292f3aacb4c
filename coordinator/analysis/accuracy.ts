/**
 * Test accuracy along the learning rate, and whether the best of it lies in the lazy or in the
 * catapult phase (Figure 4 of Huang et al. 2020), for the groups whose data sets have test samples.
 */
import type { DuckDBConnection } from "@duckdb/node-api";
import { canonicalJson } from "../../shared/canonical.ts";
import { datasetSize } from "../../shared/datasets.ts";
import { PHASES, type Phase } from "../../shared/phases.ts";
import type { Plan, PlannedGroup } from "../../shared/plan.ts";
import { type HeldOutRow, type PointRow, queryAccuracy } from "./accuracy_query.ts";
import type { RunsSource } from "./runs_source.ts";
import { trainingLabel } from "./training_label.ts";

/** A mean over seeds and its standard error; null error with a single one. Shares, in [0, 1]. */
export interface MeanAccuracy {
  readonly mean: number;
  readonly standard_error: number | null;
}

/** One learning rate of a group. */
export interface AccuracyPoint {
  readonly learning_rate: number;
  readonly seeds: number;
  /** Share of the seeds in each phase; the four add up to 1. */
  readonly shares: Readonly<Record<Phase, number>>;
  /** Over the seeds that did not diverge; null where all did. */
  readonly accuracy: MeanAccuracy | null;
}

/**
 * The best of one phase against the best of the other without the optimism of choosing the best of
 * many after looking: both learning rates are chosen on all seeds but one and evaluated on that one,
 * for each seed in turn. As the choices share seeds, the errors are approximate.
 */
interface HeldOutComparison {
  /** Seeds that have both numbers; the others diverged at a rate that was chosen for them. */
  readonly seeds: number;
  readonly seeds_left_out: number;
  readonly lazy: MeanAccuracy;
  readonly catapult: MeanAccuracy;
  /** Catapult less lazy, seed by seed. */
  readonly difference: MeanAccuracy;
  /** Lowest and highest learning rate that was chosen. */
  readonly lazy_range: readonly [number, number];
  readonly catapult_range: readonly [number, number];
}

/** A shape group with test samples. */
export interface AccuracyGroup {
  readonly shape_group: string;
  /** Its training schedule in words (training_label.ts). */
  readonly training: string;
  /** Equal for groups that differ in their training schedule alone. */
  readonly same_but_training: string;
  /** σ_b² and s_in; null and 1 where there are none. */
  readonly bias_variance: number | null;
  readonly input_scale: number;
  readonly test_samples: number;
  /** Ascending learning rates. */
  readonly points: readonly AccuracyPoint[];
  /**
   * The learning rates with the highest mean accuracy among those where more than half of the seeds
   * are lazy, and catapult. Chosen after looking, so the accuracies are on the high side.
   */
  readonly best_lazy: AccuracyPoint | null;
  readonly best_catapult: AccuracyPoint | null;
  /** Null where fewer than two seeds have both. */
  readonly held_out: HeldOutComparison | null;
}

/** The groups of a merged results file with test samples, in the order of the plan. */
export async function readAccuracy(
  connection: DuckDBConnection,
  source: RunsSource,
  plan: Plan,
): Promise<AccuracyGroup[]> {
  const tested = testedGroups(plan);
  if (tested.length === 0) return [];
  const samples = (group: PlannedGroup) => datasetSize(group.shape.dataset).test_samples;
  const { points, held_out } = await queryAccuracy(
    connection,
    source,
    tested.map((group) => ({ shape_group: group.shape_group, samples: samples(group) })),
  );
  const pointsOf = grouped(points, (row) => row.shape_group);
  const heldOutOf = grouped(held_out, (row) => row.shape_group);
  // A group of which no cell could be computed has no rows.
  return tested.flatMap((group) => {
    const rows = pointsOf.get(group.shape_group);
    if (rows === undefined) return [];
    return [accuracyGroup(group, samples(group), rows, heldOutOf.get(group.shape_group) ?? [])];
  });
}

/** The groups with test samples, each identity once, without those that only check others. */
function testedGroups({ groups }: Plan): PlannedGroup[] {
  const found = new Map<string, PlannedGroup>();
  for (const group of groups) {
    if (group.checks !== undefined || datasetSize(group.shape.dataset).test_samples === 0) continue;
    if (!found.has(group.shape_group)) found.set(group.shape_group, group);
  }
  return [...found.values()];
}

function accuracyGroup(
  { shape_group, shape, numeric_class }: PlannedGroup,
  test_samples: number,
  rows: readonly PointRow[],
  heldOut: readonly HeldOutRow[],
): AccuracyGroup {
  const points = rows.map((row) => accuracyPoint(row, test_samples));
  const { steps, drop, measure, trajectory_every, dataset, ...rest } = shape;
  return {
    shape_group,
    training: trainingLabel({ steps, drop }),
    same_but_training: canonicalJson({ ...rest, dataset: dataset.name, numeric_class }),
    bias_variance: shape.bias_variance ?? null,
    input_scale: shape.input_scale ?? 1,
    test_samples,
    points,
    best_lazy: bestOf(points, "lazy"),
    best_catapult: bestOf(points, "catapult"),
    held_out: compareHeldOut(heldOut, test_samples),
  };
}

function accuracyPoint(row: PointRow, samples: number): AccuracyPoint {
  const { learning_rate, seeds, measured: n, total, spread } = row;
  const shares = Object.fromEntries(PHASES.map((phase) => [phase, row[phase] / seeds]));
  const accuracy = n === 0 ? null : { mean: total! / (n * samples), standard_error: null };
  return {
    learning_rate,
    seeds,
    shares: shares as Record<Phase, number>,
    accuracy:
      accuracy === null || n < 2
        ? accuracy
        : // Variance of the mean, spread / (n (n − 1)) / n, as a share of the samples.
          { ...accuracy, standard_error: Math.sqrt(spread! / (n - 1)) / (n * samples) },
  };
}

/** The point of the highest mean accuracy among those mostly of a phase; the lowest η of equals. */
function bestOf(points: readonly AccuracyPoint[], phase: Phase): AccuracyPoint | null {
  let best: AccuracyPoint | null = null;
  for (const point of points) {
    if (point.accuracy === null || !(point.shares[phase] > 0.5)) continue;
    if (best === null || point.accuracy.mean > best.accuracy!.mean) best = point;
  }
  return best;
}

function compareHeldOut(rows: readonly HeldOutRow[], samples: number): HeldOutComparison | null {
  const seeds = [...grouped(rows, (row) => row.seed).values()].map((each) => ({
    lazy: each.find(({ phase }) => phase === "lazy"),
    catapult: each.find(({ phase }) => phase === "catapult"),
  }));
  const pairs = seeds.flatMap(({ lazy, catapult }) => {
    if (lazy === undefined || catapult === undefined) return [];
    if (lazy.correct === null || catapult.correct === null) return [];
    return [{ lazy: lazy.correct, catapult: catapult.correct, rates: [lazy, catapult] as const }];
  });
  if (pairs.length < 2) return null;
  const range = (side: 0 | 1) => {
    const rates = pairs.map((pair) => pair.rates[side].learning_rate).sort((a, b) => a - b);
    return [rates[0]!, rates.at(-1)!] as const;
  };
  return {
    seeds: pairs.length,
    seeds_left_out: seeds.length - pairs.length,
    lazy: meanOf(pairs.map(({ lazy }) => lazy / samples)),
    catapult: meanOf(pairs.map(({ catapult }) => catapult / samples)),
    difference: meanOf(pairs.map(({ lazy, catapult }) => (catapult - lazy) / samples)),
    lazy_range: range(0),
    catapult_range: range(1),
  };
}

/** Mean of at least two values, and its standard error: the deviation (n − 1) by √n. */
function meanOf(values: readonly number[]): MeanAccuracy {
  const n = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, standard_error: Math.sqrt(squares / (n - 1) / n) };
}

/** The rows of each key, keys and rows in the order in which they come. */
function grouped<Row, Key>(rows: readonly Row[], keyOf: (row: Row) => Key): Map<Key, Row[]> {
  const groups = new Map<Key, Row[]>();
  for (const row of rows) {
    const group = groups.get(keyOf(row));
    if (group === undefined) groups.set(keyOf(row), [row]);
    else group.push(row);
  }
  return groups;
}
