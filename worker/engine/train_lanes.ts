import { DIVERGENT, UNSETTLED } from "../../shared/phases.ts";
import type { LearningRateDrop } from "../../shared/shape_group.ts";
import { type GramKernel, LANE_COLUMNS } from "./gram_kernel.ts";
import { firstJudgedStep, HORIZON_FACTORS, isUnsettled, settledPhase } from "./phase_tracker.ts";

/** Steps between two looks at which lanes are finished; a finished lane idles until then. */
const CHUNK_STEPS = 16;

/** What the runs of a kernel come to. `run` is the lane that a run was set up in. */
export interface LaneResults {
  /** The lane stands at step min(T, diverged_at): what is to be reported can be read there. */
  reported(run: number, lane: number): void;
  /** The run's phase is known. `diverged_at` is −1 unless it diverged. */
  decided(run: number, phase: number, horizon_steps: number, diverged_at: number): void;
  /** Called at each step t ≤ T, before the state moves, while any lane goes on. */
  watched?(t: number): void;
}

/**
 * Trains the first `count` lanes for T = `steps` steps, and those that are unsettled then for 8T
 * and 64T. Lanes that are finished make room at once: the last lane moves into their place, so the
 * work is that of the runs that still go on. A run's numbers do not depend on any of this. With
 * `drop`, the learning rates change once on the way (drop.at < T).
 */
export function trainLanes(
  kernel: GramKernel,
  count: number,
  steps: number,
  drop: LearningRateDrop | null,
  results: LaneResults,
): void {
  const runOf = Int32Array.from({ length: count }, (_, lane) => lane);
  let active = count;

  const remove = (lane: number) => {
    active--;
    if (lane === active) return;
    kernel.moveLane(active, lane);
    runOf[lane] = runOf[active]!;
  };
  const dropDiverged = (horizon: number) => {
    for (let lane = active - 1; lane >= 0; lane--) {
      const diverged_at = kernel.get(lane, LANE_COLUMNS.diverged_at);
      if (diverged_at < 0) continue;
      const run = runOf[lane]!;
      if (horizon === steps) results.reported(run, lane);
      results.decided(run, DIVERGENT, horizon, diverged_at);
      remove(lane);
    }
  };

  let start = 0;
  for (const factor of HORIZON_FACTORS) {
    const horizon = steps * factor;
    const tail = firstJudgedStep(horizon);
    const extends_ = factor > 1;
    if (extends_ && tail > start) {
      for (let lane = 0; lane < active; lane++) kernel.set(lane, LANE_COLUMNS.excess, 0);
    }
    const chunk = results.watched === undefined || extends_ ? CHUNK_STEPS : 1;
    for (let t = start; t < horizon && active > 0; ) {
      if (t === drop?.at) dropLearningRates(kernel, active, drop);
      const end = Math.min(t + chunk, horizon, t < (drop?.at ?? 0) ? drop!.at : horizon);
      const noted = extends_ && t === start;
      if (chunk === 1) {
        kernel.advance(active, t, end, tail, true, false);
        results.watched?.(t);
        kernel.advance(active, t, end, tail, false, true);
      } else {
        kernel.advance(active, t, end, tail, !noted, true);
      }
      dropDiverged(horizon);
      t = end;
    }
    if (active === 0) return;
    kernel.advance(active, horizon, horizon + 1, tail, true, false);
    if (!extends_) results.watched?.(horizon);
    dropDiverged(horizon);

    const isLast = factor === HORIZON_FACTORS.at(-1);
    for (let lane = active - 1; lane >= 0; lane--) {
      const run = runOf[lane]!;
      if (!extends_) results.reported(run, lane);
      const unsettled = isUnsettled(kernel.get(lane, LANE_COLUMNS.excess));
      if (unsettled && !isLast) continue;
      const phase = unsettled
        ? UNSETTLED
        : settledPhase(kernel.get(lane, LANE_COLUMNS.increases) > 0);
      results.decided(run, phase, horizon, -1);
      remove(lane);
    }
    start = horizon;
  }
}

function dropLearningRates(kernel: GramKernel, active: number, drop: LearningRateDrop): void {
  for (let lane = 0; lane < active; lane++) {
    for (const column of [LANE_COLUMNS.eta_input, LANE_COLUMNS.eta_output]) {
      kernel.set(lane, column, "to" in drop ? drop.to : drop.factor * kernel.get(lane, column));
    }
  }
}
