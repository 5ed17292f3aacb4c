/**
 * The two boundaries of a sweep, η0 (smallest learning rate that is not lazy) and η1 (smallest that
 * is divergent), found in a merged results file: first for each seed, then over the seeds of a
 * shape group. DuckDB walks the cells; JavaScript sees one row a seed.
 */
import type { DuckDBConnection } from "@duckdb/node-api";
import type { RunsSource } from "../runs_source.ts";
import { fitLogNormal, type LogNormalFit, type NoFit } from "../statistics/log_normal_fit.ts";
import { type BootstrapOptions, median } from "../statistics/median.ts";
import {
  type Beyond,
  censored,
  finiteOrNull,
  type Located,
  locate,
  type MedianBoundary,
  medianBoundary,
} from "./boundary_estimate.ts";
import { type BoundaryQueryRow, boundaryQuery } from "./boundary_query.ts";
import { querySharedAxis } from "./shared_axis_query.ts";

/** One boundary of one seed. Learning rates η are in steps of plain gradient descent. */
interface SeedBoundary extends Located {
  /**
   * [first η on the high side, last η on the low side]: where the verdict goes to and fro. The
   * first exceeds the second when the verdict is a single step; null when one side never occurs.
   */
  readonly band: readonly [number, number] | null;
  /** Whether no η above the first change is on the low side again. */
  readonly single_step: boolean;
  /** η_a · exp(∫ 1[low side] d log η) from the lowest η_a; null where an end of the grid is open. */
  readonly area: number | null;
  /** Which end of the grid leaves `area` open: it then lies beyond that end. */
  readonly area_beyond: Beyond;
}

/** Both boundaries of one (shape group, seed), with the extent of its grid. */
export interface SeedBoundaries {
  readonly shape_group: string;
  readonly seed: bigint;
  readonly eta0: SeedBoundary;
  readonly eta1: SeedBoundary;
  /** Lowest and highest η sampled. */
  readonly grid_range: readonly [number, number];
  /** min (η_{i+1} − η_i)/η_i over neighbouring samples; null with a single one. */
  readonly relative_step: number | null;
}

/** One boundary over the seeds of a shape group, in units of η. */
export interface Summary extends MedianBoundary {
  /** A log-normal law fitted to the brackets of all seeds, beside the median; or why there is none. */
  readonly log_normal: LogNormalFit | NoFit;
  /** Seeds whose boundary lies among, below and above their sampled η; they add up to all. */
  readonly seeds_found: number;
  readonly seeds_below: number;
  readonly seeds_above: number;
  /** Seeds with a boundary in the grid that is one step from the low to the high side. */
  readonly single_step: number;
  /** Seeds where the low side comes back above the first change. */
  readonly not_single_step: number;
  /** Median of the boundary by area, censored like `median`. */
  readonly area_median: number | null;
  /** Finest relative grid step of any seed: the scale below which a window may go unseen. */
  readonly relative_step: number | null;
  /** Widest bracket of any seed, relative to its lower end; equals the step on an even grid. */
  readonly bracket_step: number | null;
}

/** One line of the boundary table: a shape group and its two boundaries. */
export interface BoundaryRow {
  readonly shape_group: string;
  /** Block of the sweep file that the group comes from. */
  readonly grid: number;
  readonly dataset: string;
  readonly model: string;
  readonly loss: string;
  /** Hidden width m; null for the linear predictor. */
  readonly width: number | null;
  /** σ_w². */
  readonly weight_variance: number;
  /** Horizon T in gradient descent steps; null where it differs between learning rates. */
  readonly steps: number | null;
  readonly seeds: number;
  /** Lowest and highest η sampled over the seeds. */
  readonly grid_range: readonly [number, number];
  /** Coverage of the intervals, e.g. 0.95. */
  readonly confidence: number;
  readonly eta0: Summary;
  readonly eta1: Summary;
}

/** Leaves the ends of an interval their third digit. */
export const BOOTSTRAP_RESAMPLES = 10_000;

interface BoundaryOptions {
  /** The uniforms on [0, 1) of a shape group, from their beginning at each call. */
  readonly uniforms: (shape_group: string) => () => number;
  /** Bootstrap resamples; BOOTSTRAP_RESAMPLES unless told. */
  readonly resamples?: number;
  /** Coverage of the intervals; 0.95 unless told. */
  readonly confidence?: number;
}

/** The group's columns shared by its seeds, and the seeds. */
export interface GroupBoundaries {
  readonly group: Omit<BoundaryRow, "seeds" | "grid_range" | "confidence" | "eta0" | "eta1">;
  readonly seeds: readonly SeedBoundaries[];
}

/**
 * Both boundaries of every (shape group, seed) of some result rows, in the order of their cells.
 * An unsettled cell counts as not lazy and not divergent.
 */
export async function readSeedBoundaries(
  connection: DuckDBConnection,
  source: RunsSource,
): Promise<GroupBoundaries[]> {
  const groups: { group: GroupBoundaries["group"]; seeds: SeedBoundaries[] }[] = [];
  for (const row of await queryRows(connection, source)) {
    if (groups.at(-1)?.group.shape_group !== row.shape_group) {
      const { shape_group, grid, dataset, model, loss, width, weight_variance, steps } = row;
      const group = { shape_group, grid, dataset, model, loss, width, weight_variance, steps };
      groups.push({ group, seeds: [] });
    }
    groups.at(-1)!.seeds.push({
      shape_group: row.shape_group,
      seed: row.seed,
      eta0: seedBoundary(row, row.eta0_before, row.eta0_first, row.eta0_last, row.eta0_log_area),
      eta1: seedBoundary(row, row.eta1_before, row.eta1_first, row.eta1_last, row.eta1_log_area),
      grid_range: [row.lowest, row.highest],
      relative_step: row.relative_step,
    });
  }
  return groups;
}

/** By the cheap query where every seed samples its group's whole axis, else by the general one. */
async function queryRows(
  connection: DuckDBConnection,
  source: RunsSource,
): Promise<BoundaryQueryRow[]> {
  const rows = await querySharedAxis(connection, source);
  if (rows.every(({ on_axis }) => on_axis)) return rows;
  const general = await connection.runAndReadAll(boundaryQuery(source));
  return general.getRowObjectsJS() as unknown as BoundaryQueryRow[];
}

/** The boundary table of some result rows: one row a shape group, in the order of its cells. */
export async function readBoundaryRows(
  connection: DuckDBConnection,
  source: RunsSource,
  options: BoundaryOptions,
): Promise<BoundaryRow[]> {
  const groups = await readSeedBoundaries(connection, source);
  return groups.map((group) => summarizeGroup(group, options));
}

/** One line of the boundary table: the two boundaries of a shape group over its seeds. Pure. */
export function summarizeGroup(
  { group, seeds }: GroupBoundaries,
  options: BoundaryOptions,
): BoundaryRow {
  const { uniforms, resamples = BOOTSTRAP_RESAMPLES, confidence = 0.95 } = options;
  const steps = seeds.flatMap((seed) => seed.relative_step ?? []);
  const finest = smallest(steps);
  const summary = (name: "eta0" | "eta1") =>
    summarize(
      seeds.map((seed) => seed[name]),
      fitLogNormal(
        seeds.map((seed) => knownBracket(seed[name], seed.grid_range)),
        confidence,
      ),
      finest,
      // Each draws the group's stream from its beginning, so neither depends on the other's sample.
      { resamples, confidence, uniform: uniforms(group.shape_group) },
    );
  return {
    ...group,
    seeds: seeds.length,
    grid_range: [
      smallest(seeds.map((seed) => seed.grid_range[0]))!,
      -smallest(seeds.map((seed) => -seed.grid_range[1]))!,
    ],
    confidence,
    eta0: summary("eta0"),
    eta1: summary("eta1"),
  };
}

function summarize(
  boundaries: readonly SeedBoundary[],
  log_normal: Summary["log_normal"],
  relative_step: number | null,
  bootstrap: BootstrapOptions,
): Summary {
  const estimates = boundaries.map((each) => censored(each.estimate, each.beyond));
  const areas = boundaries.map((each) => censored(each.area, each.area_beyond));
  const area = median(areas);
  const found = boundaries.filter((each) => each.beyond === null);
  const widths = found.flatMap(({ bracket }) => (bracket ? bracket[1] / bracket[0] - 1 : []));
  const widest = smallest(widths.map((width) => -width));
  return {
    ...medianBoundary(estimates, bootstrap),
    log_normal,
    seeds_found: found.length,
    seeds_below: boundaries.filter((each) => each.beyond === "below").length,
    seeds_above: boundaries.filter((each) => each.beyond === "above").length,
    single_step: found.filter((each) => each.single_step).length,
    not_single_step: boundaries.filter((each) => !each.single_step).length,
    area_median: finiteOrNull(area),
    relative_step,
    bracket_step: widest === null ? null : -widest,
  };
}

/** What a grid knows of a boundary: its bracket, or on which side of the grid it lies. */
function knownBracket(
  { bracket, beyond }: SeedBoundary,
  [lowest, highest]: readonly [number, number],
) {
  if (bracket !== null) return { low: bracket[0], high: bracket[1] };
  return beyond === "below"
    ? { low: 0, high: lowest }
    : { low: highest, high: Number.POSITIVE_INFINITY };
}

function seedBoundary(
  row: BoundaryQueryRow,
  before: number | null,
  first: number | null,
  last: number | null,
  logArea: number | null,
): SeedBoundary {
  const located = locate(before, first);
  // The area needs the low side at the lowest η and the high side at the highest: otherwise part of
  // the integral lies outside the grid, even where the first change lies inside.
  const areaBeyond: Beyond = located.beyond ?? (last === row.highest ? "above" : null);
  return {
    ...located,
    band: first !== null && last !== null ? [first, last] : null,
    single_step: first === null || last === null || last < first,
    area: areaBeyond === null && logArea !== null ? row.lowest * Math.exp(logArea) : null,
    area_beyond: areaBeyond,
  };
}

/** Minimum without spreading the values over a call's arguments, of which there may be too many. */
function smallest(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((least, value) => Math.min(least, value));
}
