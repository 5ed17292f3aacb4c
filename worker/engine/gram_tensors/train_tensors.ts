import { DIVERGENT, UNSETTLED } from "../../../shared/phases.ts";
import type { Schedule } from "../../../shared/schedule.ts";
import { firstJudgedStep, HORIZON_FACTORS, isUnsettled, settledPhase } from "../phase_tracker.ts";
import type { LaneTensors } from "./lane_tensors.ts";

/** Diverged runs leave when they are this share of a batch: every size compiles shaders anew. */
const LEAVING_SHARE = 1 / 8;

/** One run: what it was asked for, and what has become of it. */
export class TensorRun {
  readonly cell: number;
  eta_input: number;
  eta_output: number;
  lossInitial = Number.NaN;
  /** L at the last step that was looked at. */
  loss = Number.NaN;
  lossMax = Number.NaN;
  lossMaxStep = 0;
  increases = 0;
  lastIncreaseStep = -1;
  divergedAt = -1;
  /** Σ (L − L(0)) over the last steps before a horizon. */
  excess = 0;

  constructor(cell: number, eta_input: number, eta_output: number) {
    this.cell = cell;
    this.eta_input = eta_input;
    this.eta_output = eta_output;
  }

  /** Takes what LaneTensors.advance tells of the steps first .. first + steps − 1. */
  observe(row: Float32Array, first: number, steps: number): void {
    const [lossFirst, lossLast, max, maxAt, increases, lastIncrease, survived, excess] = row;
    if (first === 0) this.lossInitial = lossFirst!;
    this.loss = lossLast!;
    if (max! >= 0 && !(max! <= this.lossMax)) {
      this.lossMax = max!;
      this.lossMaxStep = first + maxAt!;
    }
    this.increases += increases!;
    if (lastIncrease! > 0) this.lastIncreaseStep = first + lastIncrease! - 1;
    if (survived! < steps) this.divergedAt = first + survived!;
    this.excess += excess!;
  }
}

export interface TensorResults {
  /** The run stands at step min(T, diverged_at). */
  reported(run: TensorRun, state: Float32Array): void;
  decided(run: TensorRun, phase: number, horizon_steps: number): void;
  /** The run was at a recorded step t ≤ T; the state is read where `reads_states` says so. */
  recorded(run: TensorRun, t: number, loss: number, state: Float32Array | null): void;
}

export interface TensorSchedule extends Schedule {
  readonly dropped: (rate: number) => number;
  readonly record_every: number | null;
  readonly reads_states: boolean;
  /** Steps whose figures stay on the device before they are read; 2 at least. */
  readonly chunk_steps: number;
}

/**
 * Trains runs for T steps, and those that are unsettled then for 8T and 64T, as trainLanes does. The
 * device is asked once a chunk.
 */
export async function trainTensors(
  tensors: LaneTensors,
  runs: readonly TensorRun[],
  schedule: TensorSchedule,
  results: TensorResults,
): Promise<void> {
  const { steps, drop_at, dropped, chunk_steps } = schedule;
  let active = [...runs];

  const setRates = () =>
    tensors.setRates(
      Float32Array.from(active, (run) => run.eta_input),
      Float32Array.from(active, (run) => run.eta_output),
    );
  /** Lets go of runs that are decided. */
  const keep = (isKept: (run: TensorRun) => boolean) => {
    const kept = [...active.keys()].filter((i) => isKept(active[i]!));
    if (kept.length === active.length) return;
    active = kept.map((i) => active[i]!);
    if (active.length === 0) return;
    tensors.select(kept);
    setRates();
  };
  const report = async (isDue: (run: TensorRun) => boolean) => {
    const due = [...active.keys()].filter((i) => isDue(active[i]!));
    if (due.length === 0) return;
    const states = rowsOf(await tensors.readStates(due), due.length);
    for (const [i, lane] of due.entries()) results.reported(active[lane]!, states(i));
  };
  const hasDiverged = ({ divergedAt }: TensorRun) => divergedAt >= 0;
  const leaveDiverged = async (horizon: number, share: number) => {
    const diverged = active.filter(hasDiverged);
    if (diverged.length === 0 || diverged.length < share * active.length) return;
    if (horizon === steps) await report(hasDiverged);
    for (const run of diverged) results.decided(run, DIVERGENT, horizon);
    keep((run) => !hasDiverged(run));
  };

  setRates();
  let start = 0;
  for (const factor of HORIZON_FACTORS) {
    const horizon = steps * factor;
    const tail = firstJudgedStep(horizon);
    const isExtended = factor > 1;
    if (isExtended && tail > start) for (const run of active) run.excess = 0;
    const every = isExtended ? null : schedule.record_every;
    for (let t = start; t <= horizon && active.length > 0; ) {
      if (t === drop_at && t < horizon) {
        for (const run of active) {
          run.eta_input = dropped(run.eta_input);
          run.eta_output = dropped(run.eta_output);
        }
        setRates();
      }
      const is_noted = isExtended && t === start;
      let end = Math.min(t + chunk_steps, horizon + 1);
      if (t < drop_at) end = Math.min(end, drop_at);
      if (every !== null) end = Math.min(end, t - (t % every) + every);
      const isRecorded = every !== null && t % every === 0;
      const wentOn = active.map((run) => !hasDiverged(run));
      const states =
        isRecorded && schedule.reads_states
          ? rowsOf(await tensors.readStates([...active.keys()]), active.length)
          : null;
      const chunk = { steps: end - t, moves_last: end <= horizon, is_noted, tail: tail - t };
      const rows = rowsOf(await tensors.advance(chunk), active.length);
      const first = is_noted ? t + 1 : t;
      for (const [i, run] of active.entries()) {
        if (hasDiverged(run)) continue;
        run.observe(rows(i), first, end - first);
      }
      if (isRecorded) {
        for (const [i, run] of active.entries()) {
          if (!wentOn[i]) continue;
          results.recorded(run, t, rows(i)[0]!, states === null ? null : states(i));
        }
      }
      await leaveDiverged(horizon, LEAVING_SHARE);
      t = end;
    }
    await leaveDiverged(horizon, 0);
    if (!isExtended) await report(() => true);
    const isLast = factor === HORIZON_FACTORS.at(-1);
    const goesOn = (run: TensorRun) => !isLast && isUnsettled(run.excess);
    for (const run of active) {
      if (goesOn(run)) continue;
      const settled = settledPhase(run.increases > 0);
      results.decided(run, isUnsettled(run.excess) ? UNSETTLED : settled, horizon);
    }
    keep(goesOn);
    if (active.length === 0) return;
    start = horizon;
  }
}

/** The rows of what was read of so many runs. */
function rowsOf(read: Float32Array, count: number): (i: number) => Float32Array {
  const length = read.length / count;
  return (i) => read.subarray(i * length, (i + 1) * length);
}
