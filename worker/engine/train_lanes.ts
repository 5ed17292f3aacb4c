import { DIVERGENT, UNSETTLED } from "../../shared/phases.ts";
import type { Schedule } from "../../shared/schedule.ts";
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
  /** The run stands at a recorded step t ≤ T; not called any more once it has diverged before t. */
  recorded?(run: number, lane: number, t: number): void;
}

/**
 * Trains the first `count` lanes for T = `steps` steps, and those that are unsettled then for 8T
 * and 64T. Lanes that are finished make room at once: the last lane moves into their place, so the
 * work is that of the runs that still go on. A run's numbers do not depend on any of this. Before
 * step `drop_at`, if that is not −1, the learning rates become what `dropped` makes of them. With
 * `record_every`, runs stop at every so many steps up to T to be recorded.
 */
export function trainLanes(
  kernel: GramKernel,
  count: number,
  { steps, drop_at }: Schedule,
  dropped: (rate: number) => number,
  record_every: number | null,
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

  const recordLanes = (t: number) => {
    for (let lane = 0; lane < active; lane++) results.recorded?.(runOf[lane]!, lane, t);
  };

  let start = 0;
  for (const factor of HORIZON_FACTORS) {
    const horizon = steps * factor;
    const tail = firstJudgedStep(horizon);
    const extends_ = factor > 1;
    if (extends_ && tail > start) {
      for (let lane = 0; lane < active; lane++) kernel.set(lane, LANE_COLUMNS.excess, 0);
    }
    const every = extends_ ? null : record_every;
    for (let t = start; t < horizon && active > 0; ) {
      if (t === drop_at) dropLearningRates(kernel, active, dropped);
      const noted = extends_ && t === start;
      let end = Math.min(t + CHUNK_STEPS, horizon);
      if (t < drop_at) end = Math.min(end, drop_at);
      if (every !== null) {
        if (t % every === 0) {
          kernel.advance(active, t, t + 1, tail, true, false);
          recordLanes(t);
          // Before anything moves: a lane that failed is reported where it failed.
          dropDiverged(horizon);
          if (active > 0) kernel.advance(active, t, t + 1, tail, false, true);
          end = t + 1;
        } else {
          end = Math.min(end, t - (t % every) + every);
          kernel.advance(active, t, end, tail);
        }
      } else {
        kernel.advance(active, t, end, tail, !noted, true);
      }
      dropDiverged(horizon);
      t = end;
    }
    if (active === 0) return;
    kernel.advance(active, horizon, horizon + 1, tail, true, false);
    if (every !== null && horizon % every === 0) recordLanes(horizon);
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

function dropLearningRates(
  kernel: GramKernel,
  active: number,
  dropped: (rate: number) => number,
): void {
  for (let lane = 0; lane < active; lane++) {
    for (const column of [LANE_COLUMNS.eta_input, LANE_COLUMNS.eta_output]) {
      kernel.set(lane, column, dropped(kernel.get(lane, column)));
    }
  }
}
