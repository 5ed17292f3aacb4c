import type { Clock } from "../shared/clock.ts";

/** A clock that a test moves on by hand. */
export class HandClock implements Clock {
  private now_ms = 1_000;
  private readonly waiting = new Set<{ readonly at_ms: number; readonly action: () => void }>();

  wallMs(): number {
    return this.now_ms;
  }

  nowMs(): number {
    return this.now_ms;
  }

  after(delay_ms: number, action: () => void): () => void {
    const entry = { at_ms: this.now_ms + delay_ms, action };
    this.waiting.add(entry);
    return () => this.waiting.delete(entry);
  }

  /** Whether anybody waits for anything. */
  get isIdle(): boolean {
    return this.waiting.size === 0;
  }

  /** Lets time pass, and all happen that falls due, in its order. */
  pass(duration_ms: number): void {
    const end_ms = this.now_ms + duration_ms;
    for (;;) {
      const [next] = [...this.waiting]
        .filter(({ at_ms }) => at_ms <= end_ms)
        .sort((a, b) => a.at_ms - b.at_ms);
      if (next === undefined) break;
      this.waiting.delete(next);
      this.now_ms = next.at_ms;
      next.action();
    }
    this.now_ms = end_ms;
  }
}
