import { canonicalJson } from "../../shared/canonical.ts";
import { datasetSize } from "../../shared/datasets.ts";
import { PART_BYTES_MAX, SHARD_CELLS_MAX } from "../../shared/limits.ts";
import { groupIndexOf, type PlannedGroup } from "../../shared/plan.ts";
import { size } from "../../shared/ranges.ts";
import { RESULT_COLUMNS } from "../../shared/result_columns.ts";
import { type PlannedShape, trajectoryPoints } from "../../shared/shape_group.ts";
import type { State, SweepState, WorkerState } from "./state.ts";

/** The first lease of a shape group on a worker is this small: it measures the rate. */
export const CALIBRATION_CELLS = 64;
/**
 * Where the worker was measured on a group of the same kind, the first lease is this share of a
 * shard at that rate. Groups of a map are so small that measuring each would be most of the work;
 * but its runs may be more or less often spared by divergence, so it is no whole shard.
 */
const KIN_SHARE = 0.25;
/** Under this many cells a shard is mostly overhead. */
export const SHARD_CELLS_MIN = 16;

/**
 * How many cells from `first` on the worker should take: about `shard_ms` of work at its measured
 * rate, less towards the end of the sweep so that all slots finish together, and never past the
 * end of the shape group.
 */
export function shardCells(
  state: State,
  sweep: SweepState,
  worker: WorkerState,
  first: number,
): number {
  const group = sweep.plan.groups[groupIndexOf(sweep.plan, first)]!;
  const rate = worker.rates.get(group.shape_group);
  const kin = KIN_SHARE * (worker.rates.get(kindOf(group)) ?? 0);
  const bySpeed =
    rate === undefined
      ? Math.max(CALIBRATION_CELLS, kin * state.rules.shard_ms)
      : rate * state.rules.shard_ms;
  const byTail = cellsWaiting(sweep) / (2 * Math.max(1, state.slots_connected));
  const wanted = Math.max(SHARD_CELLS_MIN, Math.floor(Math.min(bySpeed, byTail)));
  const most = Math.min(SHARD_CELLS_MAX, cellsOfPart(group.shape));
  return Math.min(wanted, most, group.first_cell + group.cells - first);
}

/** So many cells of a shape fit into one part, whatever their trajectories; at least one. */
function cellsOfPart(shape: PlannedShape): number {
  const numbers = RESULT_COLUMNS.length + trajectoryPoints(shape) * (1 + shape.measure.length);
  // Half the limit: pages have headers, and random numbers do not get smaller.
  return Math.max(1, Math.floor(PART_BYTES_MAX / 2 / (8 * numbers)));
}

function cellsWaiting(sweep: SweepState): number {
  return size(sweep.fresh) + sweep.returned.reduce((sum, { range }) => sum + size([range]), 0);
}

const kinds = new WeakMap<PlannedGroup, string>();

/**
 * Equal for groups whose runs cost about the same: what decides the work of a step and the number
 * of steps, the width to a factor of two. Remembered, as each lease asks.
 */
export function kindOf(group: PlannedGroup): string {
  const known = kinds.get(group);
  if (known !== undefined) return known;
  const { dataset, width, weight_variance, output_learning_rate, initial_weights, ...rest } =
    group.shape;
  const { samples, features, test_samples } = datasetSize(dataset);
  const octave = typeof width === "number" ? Math.floor(Math.log2(width)) : width;
  const sizes = { samples, features, test_samples, octave };
  const kind = canonicalJson({ ...rest, ...sizes, numeric_class: group.numeric_class });
  kinds.set(group, kind);
  return kind;
}

/** A running mean of the rate measured on a shape group, or a kind; recent shards weigh most. */
export function updateRate(
  { fastest }: State,
  { worker, rates }: WorkerState,
  group: string,
  cells_per_ms: number,
): void {
  if (!(cells_per_ms > 0) || !Number.isFinite(cells_per_ms)) return;
  const before = rates.get(group);
  const rate = before === undefined ? cells_per_ms : (before + cells_per_ms) / 2;
  rates.set(group, rate);
  const best = fastest.get(group);
  // The fastest may turn out to be slower than it seemed.
  if (best === undefined || best.worker === worker || rate > best.cells_per_ms) {
    fastest.set(group, { worker, cells_per_ms: rate });
  }
}
