/** The only source of time. Everything that waits or stamps takes a Clock, so tests own time. */
export interface Clock {
  /** Milliseconds since 1970-01-01 UTC, for records that people read. May jump. */
  wallMs(): number;
  /** Monotonic milliseconds, for deadlines and rates. */
  nowMs(): number;
  /** Calls `action` once after `delay_ms`; the returned function cancels it. */
  after(delay_ms: number, action: () => void): () => void;
}

export const systemClock: Clock = {
  wallMs: () => Date.now(),
  nowMs: () => performance.now(),
  after(delay_ms, action) {
    const timer = setTimeout(action, delay_ms);
    return () => clearTimeout(timer);
  },
};

/** Calls `action` after `delay_ms`, if the process has anything else to do for so long. */
export function afterUnheld(delay_ms: number, action: () => void): () => void {
  const timer = setTimeout(action, delay_ms);
  timer.unref();
  return () => clearTimeout(timer);
}

/** Resolves after `delay_ms`. */
export function sleep(clock: Clock, delay_ms: number): Promise<void> {
  return new Promise((resolve) => {
    clock.after(delay_ms, resolve);
  });
}
