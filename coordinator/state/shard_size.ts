import { PART_BYTES_MAX, SHARD_CELLS_MAX } from "../../shared/limits.ts";
import { groupIndexOf } from "../../shared/plan.ts";
import { size } from "../../shared/ranges.ts";
import { RESULT_COLUMNS } from "../../shared/result_columns.ts";
import { type PlannedShape, trajectoryPoints } from "../../shared/shape_group.ts";
import type { State, SweepState, WorkerState } from "./state.ts";

/** The first lease of a shape group on a worker is this small: it measures the rate. */
export const CALIBRATION_CELLS = 64;
/** Under this many cells a shard is mostly overhead. */
const SHARD_CELLS_MIN = 16;

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
  const bySpeed = rate === undefined ? CALIBRATION_CELLS : rate * state.rules.shard_ms;
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

/** A running mean of the measured rate; recent shards weigh most. */
export function updateRate(
  { fastest }: State,
  { worker, rates }: WorkerState,
  shape_group: string,
  cells_per_ms: number,
): void {
  if (!(cells_per_ms > 0) || !Number.isFinite(cells_per_ms)) return;
  const before = rates.get(shape_group);
  const rate = before === undefined ? cells_per_ms : (before + cells_per_ms) / 2;
  rates.set(shape_group, rate);
  const best = fastest.get(shape_group);
  // The fastest may turn out to be slower than it seemed.
  if (best === undefined || best.worker === worker || rate > best.cells_per_ms) {
    fastest.set(shape_group, { worker, cells_per_ms: rate });
  }
}
