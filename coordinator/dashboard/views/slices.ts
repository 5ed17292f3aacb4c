import { setImmediate } from "node:timers/promises";
import type { Clock } from "../../../shared/clock.ts";

/** So long a slice of work may keep the event loop from others. */
const SLICE_MS = 5;

/** Long work in slices: whoever does it asks now and then whether it is time for others. */
export class Slices {
  private readonly clock: Clock;
  private began_ms: number;

  constructor(clock: Clock) {
    this.clock = clock;
    this.began_ms = clock.nowMs();
  }

  get isOver(): boolean {
    return this.clock.nowMs() - this.began_ms > SLICE_MS;
  }

  /** Lets others go first. */
  async next(): Promise<void> {
    await setImmediate();
    this.began_ms = this.clock.nowMs();
  }
}
