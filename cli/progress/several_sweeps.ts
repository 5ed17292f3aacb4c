import type { Clock } from "../../shared/clock.ts";
import type { SweepStatus__Output } from "../../shared/generated/phasesweep/v1/SweepStatus.ts";
import { type Among, cellsShown } from "./progress_line.ts";

/** How long several sweeps that run one after another take, by the speed of what is done of them. */
export class SeveralSweeps {
  private readonly cells: readonly number[];
  private readonly clock: Clock;
  private readonly began_ms: number;

  /** `cells`: of each sweep, in the order in which they run. */
  constructor(cells: readonly number[], clock: Clock) {
    this.cells = cells;
    this.clock = clock;
    this.began_ms = clock.nowMs();
  }

  /** Where the sweep of this index (from 0) stands among all. */
  among(index: number, status: SweepStatus__Output): Among {
    const of = this.cells.length;
    const sum = (cells: readonly number[]) => cells.reduce((total, each) => total + each, 0);
    const done = sum(this.cells.slice(0, index)) + cellsShown(status);
    const left = sum(this.cells.slice(index + 1));
    const elapsed_ms = this.clock.nowMs() - this.began_ms;
    const isKnown = status.etaMs >= 0 && done > 0;
    return {
      number: index + 1,
      of,
      eta_ms: isKnown ? status.etaMs + (left * elapsed_ms) / done : -1,
    };
  }
}
