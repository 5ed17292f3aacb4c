/** How often something may happen: at most `burst` times at once, and `per_second` on and on. */
export class Rate {
  private readonly per_second: number;
  private readonly burst: number;
  private left: number;
  private last_ms: number;

  constructor(per_second: number, burst: number, now_ms: number) {
    this.per_second = per_second;
    this.burst = burst;
    this.left = burst;
    this.last_ms = now_ms;
  }

  /** Whether it may happen once more now; if so, it is counted. */
  take(now_ms: number): boolean {
    this.fill(now_ms);
    if (this.left < 1) return false;
    this.left--;
    return true;
  }

  /** Whether so little has happened lately that nothing need be remembered of it. */
  isFull(now_ms: number): boolean {
    this.fill(now_ms);
    return this.left === this.burst;
  }

  private fill(now_ms: number): void {
    const gained = ((now_ms - this.last_ms) / 1000) * this.per_second;
    this.left = Math.min(this.burst, this.left + gained);
    this.last_ms = now_ms;
  }
}
