import { CATAPULT, DIVERGENT, LAZY, UNSETTLED } from "../../shared/phases.ts";

/** A run that ends no better than it began is judged again at 8 and then at 64 times its horizon. */
export const HORIZON_FACTORS = [1, 8, 64] as const;

/** How many losses are averaged when a run is judged at its horizon. */
const JUDGED_LOSSES = 20;

/** The state has left every bound when its squared size exceeds this times (1 + initial size). */
export const SIZE_BOUND = 1e12;

/** A rise counts when L(t+1) − L(t) > ofCurrent · L(t) + ofInitial · L(0). */
export interface RiseTolerance {
  readonly ofCurrent: number;
  readonly ofInitial: number;
}

/** Above the rounding of a loss in float64. */
export const FLOAT64_RISE: RiseTolerance = { ofCurrent: 1e-12, ofInitial: 1e-24 };

/** Above the rounding of a loss in float32 (numerics section 3). */
export const FLOAT32_RISE: RiseTolerance = { ofCurrent: 2e-6, ofInitial: 1e-12 };

/**
 * Follows one run's losses and decides its phase: the one place that says what lazy, catapult,
 * divergent and unsettled mean, whichever engine computes the losses.
 *
 * Call `start`, then `observe` at t = 0, 1, 2, … with the state before step t, until it returns
 * false. Each call tests the state, then does the bookkeeping; the caller steps afterwards. A state
 * that fails the test ends the run, and the rise into it is not counted as an increase.
 *
 * `lossFinal` to `lastIncreaseStep` describe the steps t ≤ T only. A run that is carried on beyond
 * T changes `phase`, `horizonSteps` and `divergedAt` alone.
 */
export class PhaseTracker {
  phase: number = UNSETTLED;
  /** T, 8T or 64T: where `phase` was decided. */
  horizonSteps = 0;
  lossInitial = Number.NaN;
  /** L at min(T, divergedAt). */
  lossFinal = Number.NaN;
  /** max L(t) up to the same step, passing over NaN; NaN when there was nothing else. */
  lossMax = Number.NaN;
  lossMaxStep = 0;
  increases = 0;
  /** The t + 1 of the last increase, or −1. */
  lastIncreaseStep = -1;
  /** First step whose state failed the test, or −1. */
  divergedAt = -1;

  private readonly steps: number;
  private readonly tolerance: RiseTolerance;
  private readonly recent = new Float64Array(JUDGED_LOSSES);
  private previousLoss = Number.NaN;
  private sizeBound = Number.NaN;
  private everIncreased = false;
  private extensions = 0;

  /** `steps` is the horizon T. */
  constructor(steps: number, tolerance: RiseTolerance = FLOAT64_RISE) {
    this.steps = steps;
    this.tolerance = tolerance;
  }

  /** Forgets the last run. */
  start(): void {
    this.phase = UNSETTLED;
    this.horizonSteps = this.steps;
    this.lossInitial = Number.NaN;
    this.lossFinal = Number.NaN;
    this.lossMax = Number.NaN;
    this.lossMaxStep = 0;
    this.increases = 0;
    this.lastIncreaseStep = -1;
    this.divergedAt = -1;
    this.previousLoss = Number.NaN;
    this.everIncreased = false;
    this.extensions = 0;
  }

  /**
   * Takes the state before step t: its loss, its squared size (tr S + q, or |w|²) and whether its
   * gradient is finite. Returns whether the run goes on.
   */
  observe(t: number, loss: number, squaredSize: number, gradientIsFinite: boolean): boolean {
    if (t === 0) {
      this.lossInitial = loss;
      this.sizeBound = SIZE_BOUND * (1 + squaredSize);
    }
    if (t <= this.steps) {
      this.lossFinal = loss;
      if (loss > this.lossMax || (Number.isNaN(this.lossMax) && !Number.isNaN(loss))) {
        this.lossMax = loss;
        this.lossMaxStep = t;
      }
    }

    const finite = gradientIsFinite && Number.isFinite(loss) && Number.isFinite(squaredSize);
    if (!finite || squaredSize > this.sizeBound) {
      this.phase = DIVERGENT;
      this.divergedAt = t;
      return false;
    }

    if (t > 0) {
      const { ofCurrent, ofInitial } = this.tolerance;
      const rise = loss - this.previousLoss;
      if (rise > ofCurrent * this.previousLoss + ofInitial * this.lossInitial) {
        this.everIncreased = true;
        if (t <= this.steps) {
          this.increases += 1;
          this.lastIncreaseStep = t;
        }
      }
    }
    this.previousLoss = loss;
    this.recent[t % JUDGED_LOSSES] = loss;
    return t < this.horizonSteps || this.goesOnFrom(t);
  }

  /** Judges the run at its horizon t, and gives it a longer one if it is unsettled. */
  private goesOnFrom(t: number): boolean {
    if (!this.isUnsettledAt(t)) {
      this.phase = settledPhase(this.everIncreased);
      return false;
    }
    if (this.extensions + 1 === HORIZON_FACTORS.length) return false;
    this.extensions += 1;
    this.horizonSteps = this.steps * HORIZON_FACTORS[this.extensions]!;
    return true;
  }

  private isUnsettledAt(t: number): boolean {
    let excess = 0;
    for (let s = firstJudgedStep(t); s <= t; s++) {
      excess += this.recent[s % JUDGED_LOSSES]! - this.lossInitial;
    }
    return isUnsettled(excess);
  }
}

/** The phase of a run that ended better than it began. */
export function settledPhase(everIncreased: boolean): number {
  return everIncreased ? CATAPULT : LAZY;
}

/** The first of the last 20 steps up to a horizon. */
export function firstJudgedStep(horizon: number): number {
  return Math.max(0, horizon - JUDGED_LOSSES + 1);
}

/**
 * Whether the mean of the last 20 losses is at least L(0). The excesses L − L(0) are summed rather
 * than the losses, so that a run that never moved compares as equal.
 */
export function isUnsettled(excess: number): boolean {
  return excess >= 0;
}
