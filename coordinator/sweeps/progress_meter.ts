import type { Clock } from "../../shared/clock.ts";

const WINDOW_MS = 15_000;

/** Cells per second of one sweep over the last seconds, and what that means for its end. */
export class ProgressMeter {
  private readonly clock: Clock;
  private samples: { now_ms: number; cells: number }[] = [];

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** Notes how many cells are done. Fewer than before (lost shards) begins the window anew. */
  record(cells: number): void {
    const now_ms = this.clock.nowMs();
    const last = this.samples.at(-1);
    if (last !== undefined && cells < last.cells) this.samples = [];
    this.samples.push({ now_ms, cells });
    while (this.samples.length > 2 && this.samples[0]!.now_ms < now_ms - WINDOW_MS) {
      this.samples.shift();
    }
  }

  cellsPerSecond(): number {
    const first = this.samples[0];
    const last = this.samples.at(-1);
    if (first === undefined || last === undefined || last.now_ms <= first.now_ms) return 0;
    return (1000 * (last.cells - first.cells)) / (last.now_ms - first.now_ms);
  }

  /** Milliseconds until `cells` are done at the present rate; −1 while there is none. */
  etaMs(cells: number): number {
    const rate = this.cellsPerSecond();
    const last = this.samples.at(-1);
    return rate > 0 && last !== undefined ? (1000 * (cells - last.cells)) / rate : -1;
  }
}
