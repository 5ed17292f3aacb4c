/**
 * Where the runs of each seed start: λ0, h(0) and L(0) as measured, and by an engine what was not;
 * and the curvature boundary. Engines are asked for a limited number of seeds, the first of every
 * group, so that this stays small beside the sweep. The limits are counts, never times: what is null
 * follows from the plan.
 */
import type { DuckDBConnection } from "@duckdb/node-api";
import type { Plan, PlannedGroup } from "../../../shared/plan.ts";
import { axisPoints } from "../../../shared/spec/axes.ts";
import { quote } from "../../results/sql_text.ts";
import type { RunsSource } from "../runs_source.ts";
import type { GroupBoundaries } from "./boundaries.ts";
import type { GroupStarts, StartEngine } from "./start_engine.ts";

/** Seeds of a group whose curvature boundary is computed: some milliseconds each at rank 1. */
export const CURVATURE_SEEDS_MAX = 32;
/** Rank of the data up to which it is: the time grows with its square, to 0.1 s at this one. */
export const CURVATURE_RANK_MAX = 8;
/** Sum over those seeds of rank² + 3, each unit one to two milliseconds. */
const CURVATURE_COST_MAX = 1024;
/** A linear predictor decays for ever along its flow, in short steps. */
const PREDICTOR_COST = 256;

/** Draws and eigenvalue operations for the λ0 and h(0) that were not measured: below a second. */
const START_COST_MAX = 2 ** 21;

export interface SeedStart {
  readonly loss: number | null;
  /** λ0 */
  readonly ntk: number | null;
  /** h(0) */
  readonly hessian: number | null;
  /** η0_gf */
  readonly curvature_boundary: number | null;
}

/** The starts of all seeds, in the order of `groups` and their seeds. */
export async function readSeedStarts(
  connection: DuckDBConnection,
  source: RunsSource,
  plan: Plan,
  groups: readonly GroupBoundaries[],
  engine: StartEngine,
): Promise<SeedStart[][]> {
  const planned = plan.groups.filter(({ checks, added }) => !checks && added !== "learning_rates");
  const measured = await readMeasured(connection, source, planned);
  const shapes = new Map(planned.map((group) => [group.shape_group, group]));
  const opened = groups.map(({ group }) => engine.open(shapes.get(group.shape_group)!));
  const curvature = new Allowance(CURVATURE_COST_MAX, opened.map(curvatureCost));
  const starting = new Allowance(START_COST_MAX, opened.map(startCost));
  return groups.map(({ group, seeds }, index) => {
    const starts = opened[index]!;
    const known = measured.get(group.shape_group);
    const curvatureSeeds = curvature.take(index, Math.min(CURVATURE_SEEDS_MAX, seeds.length));
    const startSeeds = starting.take(index, seeds.length);
    return seeds.map(({ seed }, place) => {
      const own = known?.get(seed) ?? NOT_MEASURED;
      const lacks = own.ntk === null || own.hessian === null;
      const computed =
        lacks && starts !== null && place < startSeeds ? starts.measure(Number(seed)) : null;
      return {
        loss: own.loss,
        ntk: own.ntk ?? finiteOrNull(computed?.ntk),
        hessian: own.hessian ?? finiteOrNull(computed?.hessian),
        curvature_boundary:
          place < curvatureSeeds ? (starts?.curvatureBoundary?.(Number(seed)) ?? null) : null,
      };
    });
  });
}

type Measured = Pick<SeedStart, "loss" | "ntk" | "hessian">;

const NOT_MEASURED: Measured = { loss: null, ntk: null, hessian: null };

/** What the first cell of each seed says; starts are the same at all learning rates. */
async function readMeasured(
  connection: DuckDBConnection,
  source: RunsSource,
  planned: readonly PlannedGroup[],
): Promise<Map<string, Map<bigint, Measured>>> {
  const found = new Map<string, Map<bigint, Measured>>();
  const places = planned.map(
    ({ shape_group, first_cell, cells, learning_rates }) =>
      `(${quote(shape_group)}, ${first_cell}, ${first_cell + cells}, ${axisPoints(learning_rates)})`,
  );
  const reader = await connection.runAndReadAll(`
SELECT r.shape_group::VARCHAR, r.seed, r.loss_initial, r.ntk_initial, r.hessian_initial
FROM ${source} r JOIN (VALUES ${places.join(", ")}) AS g(shape_group, first, "end", points)
  ON r.shape_group = g.shape_group
WHERE r.cell >= g.first AND r.cell < g."end" AND (r.cell - g.first) % g.points = 0`);
  for (const row of reader.getRows()) {
    const [group, seed, loss, ntk, hessian] = row as [string, bigint, ...(number | null)[]];
    const seeds = found.get(group) ?? new Map<bigint, Measured>();
    seeds.set(seed, {
      loss: finiteOrNull(loss),
      ntk: finiteOrNull(ntk),
      hessian: finiteOrNull(hessian),
    });
    found.set(group, seeds);
  }
  return found;
}

/** A budget that groups share: none takes more than its part while others wait for theirs. */
class Allowance {
  private left: number;
  /** Groups that may still ask. */
  private waiting: number;
  private readonly costs: readonly (number | null)[];

  /** costs: of one seed of each group; null where it asks for nothing */
  constructor(budget: number, costs: readonly (number | null)[]) {
    this.left = budget;
    this.waiting = costs.filter((cost) => cost !== null).length;
    this.costs = costs;
  }

  /** How many of the seeds of a group may be computed. Each group asks once, in order. */
  take(index: number, seeds: number): number {
    const cost = this.costs[index];
    if (cost === null || cost === undefined) return 0;
    const share = Math.max(1, Math.floor(this.left / this.waiting / cost));
    this.waiting -= 1;
    const granted = Math.min(seeds, share, Math.floor(this.left / cost));
    this.left -= granted * cost;
    return granted;
  }
}

function curvatureCost(starts: GroupStarts | null): number | null {
  if (starts?.curvatureBoundary === undefined || starts.rank > CURVATURE_RANK_MAX) return null;
  return starts.hidden_layers === 0 ? PREDICTOR_COST : starts.rank ** 2 + 3;
}

function startCost(starts: GroupStarts | null): number | null {
  return starts === null ? null : starts.draws + 50 * starts.rank ** 3;
}

function finiteOrNull(value: number | null | undefined): number | null {
  return value !== null && value !== undefined && Number.isFinite(value) ? value : null;
}
