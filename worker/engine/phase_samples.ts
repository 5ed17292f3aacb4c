import type { Phase } from "../../shared/phases.ts";
import type { PhaseOracle } from "./phase_oracle.ts";

/** Parts into which a section cuts a bracket. */
const SECTION_PARTS = 9;

/** Whether a phase lies on the upper side of a boundary. */
export type Side = (phase: Phase) => boolean;

/** Neighbouring learning rates on either side of a boundary, low < high. */
export interface Bracket {
  readonly low: number;
  readonly high: number;
}

/** Every learning rate that was tried, with its phase, in ascending order. */
export class PhaseSamples {
  readonly learning_rates: number[] = [];
  readonly phases: Phase[] = [];
  /** Runs asked for. */
  evaluations = 0;
  private readonly phasesOf: PhaseOracle;

  constructor(phasesOf: PhaseOracle) {
    this.phasesOf = phasesOf;
  }

  /** Tries learning rates (in any order, none of them tried before) and returns their phases. */
  add(learning_rates: readonly number[]): readonly Phase[] {
    const phases = this.phasesOf(learning_rates);
    this.evaluations += learning_rates.length;
    const all = this.learning_rates
      .map((learning_rate, i) => ({ learning_rate, phase: this.phases[i]! }))
      .concat(learning_rates.map((learning_rate, i) => ({ learning_rate, phase: phases[i]! })))
      .sort((a, b) => a.learning_rate - b.learning_rate);
    for (const [i, { learning_rate, phase }] of all.entries()) {
      this.learning_rates[i] = learning_rate;
      this.phases[i] = phase;
    }
    return phases;
  }

  /** Every neighbouring pair with the lower one below the boundary and the higher one above. */
  rises(isAbove: Side): Bracket[] {
    return this.changes(isAbove).filter(({ rising }) => rising);
  }

  /** Every neighbouring pair on different sides of the boundary. */
  changes(isAbove: Side): (Bracket & { readonly rising: boolean })[] {
    const found: (Bracket & { rising: boolean })[] = [];
    for (let i = 1; i < this.phases.length; i++) {
      const rising = isAbove(this.phases[i]!);
      if (rising === isAbove(this.phases[i - 1]!)) continue;
      found.push({ low: this.learning_rates[i - 1]!, high: this.learning_rates[i]!, rising });
    }
    return found;
  }

  /** Whether no sample on the lower side has one on the upper side below it. */
  isSingleStep(isAbove: Side): boolean {
    return this.changes(isAbove).length <= 1;
  }

  /**
   * Narrows the first or the last rise by k-section until high/low − 1 ≤ resolution. What the
   * sections see is kept, so that `isSingleStep` judges it too. There must be a rise.
   */
  narrow(isAbove: Side, which: "first" | "last", resolution: number): Bracket {
    for (;;) {
      const rise = this.rises(isAbove).at(which === "first" ? 0 : -1)!;
      const inner = between(rise, SECTION_PARTS);
      if (rise.high - rise.low <= resolution * rise.low || inner.length === 0) return rise;
      this.add(inner);
    }
  }

  /** ∫ 1[below the boundary] d log η between two samples; a change counts half its interval. */
  logMeasureBelow(isAbove: Side, { low, high }: Bracket): number {
    let measure = 0;
    for (let i = 1; i < this.phases.length; i++) {
      if (this.learning_rates[i - 1]! < low || this.learning_rates[i]! > high) continue;
      const length = Math.log(this.learning_rates[i]! / this.learning_rates[i - 1]!);
      if (!isAbove(this.phases[i - 1]!)) measure += 0.5 * length;
      if (!isAbove(this.phases[i]!)) measure += 0.5 * length;
    }
    return measure;
  }
}

/** The inner points that cut a bracket into equal parts in log η; fewer where doubles run out. */
export function between({ low, high }: Bracket, parts: number): number[] {
  const points: number[] = [];
  for (let i = 1; i < parts; i++) {
    const point = low * (high / low) ** (i / parts);
    if (point > (points.at(-1) ?? low) && point < high) points.push(point);
  }
  return points;
}
