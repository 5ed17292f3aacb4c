import type { Clock } from "../../shared/clock.ts";

interface Timer {
  readonly due_ms: number;
  readonly order: number;
  readonly action: () => void;
  cancelled: boolean;
}

/** Simulated time: it moves only from one timer to the next, in an order fixed by the seed. */
export class SimTime {
  now_ms = 0;
  private timers: Timer[] = [];
  private order = 0;

  after(delay_ms: number, action: () => void): () => void {
    const timer = {
      due_ms: this.now_ms + Math.max(0, delay_ms),
      order: this.order++,
      action,
      cancelled: false,
    };
    // Binary insertion by (due, order).
    let low = 0;
    let high = this.timers.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const other = this.timers[middle]!;
      if (
        other.due_ms < timer.due_ms ||
        (other.due_ms === timer.due_ms && other.order < timer.order)
      )
        low = middle + 1;
      else high = middle;
    }
    this.timers.splice(low, 0, timer);
    return () => {
      timer.cancelled = true;
    };
  }

  /** Runs timers until `until` says so, or the time is over. Returns whether it said so. */
  async run(until: () => boolean, limit_ms: number): Promise<boolean> {
    for (;;) {
      await settle();
      if (until()) return true;
      const next = this.timers.shift();
      if (next === undefined || next.due_ms > limit_ms) return false;
      if (next.cancelled) continue;
      this.now_ms = next.due_ms;
      next.action();
    }
  }
}

/** Lets every promise that can go on do so. Nothing here waits for anything but promises. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** The clock of one process: when the process dies nothing of it runs any more. */
export class ProcessClock implements Clock {
  private readonly time: SimTime;
  private alive = true;
  private pausedUntil_ms = 0;
  private wallJump_ms = 0;

  constructor(time: SimTime) {
    this.time = time;
  }

  wallMs(): number {
    return 1_700_000_000_000 + this.time.now_ms + this.wallJump_ms;
  }

  /** Somebody sets the clock on the wall; the monotonic one goes on. */
  jump(by_ms: number): void {
    this.wallJump_ms += by_ms;
  }

  nowMs(): number {
    return this.time.now_ms;
  }

  after(delay_ms: number, action: () => void): () => void {
    return this.time.after(delay_ms, () => this.deliver(action));
  }

  kill(): void {
    this.alive = false;
  }

  get isAlive(): boolean {
    return this.alive;
  }

  /** The process stands still (SIGSTOP); what was due meanwhile runs when it goes on. */
  pause(duration_ms: number): void {
    this.pausedUntil_ms = Math.max(this.pausedUntil_ms, this.time.now_ms + duration_ms);
  }

  /** Runs something in this process now, or when it goes on, or never. */
  deliver(action: () => void): void {
    if (!this.alive) return;
    if (this.pausedUntil_ms > this.time.now_ms) {
      this.time.after(this.pausedUntil_ms - this.time.now_ms, () => this.deliver(action));
    } else action();
  }

  /** A promise that resolves after the delay, if the process still lives then. */
  sleep(delay_ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.after(delay_ms, resolve);
    });
  }
}
