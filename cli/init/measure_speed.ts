import type { Clock } from "../../shared/clock.ts";

const CELLS_MIN = 64;
const CELLS_MAX = 8_192;
/** A batch that takes so long is long enough to be timed. */
const LONG_ENOUGH_MS = 100;
/** Batches of that size that are timed, as long as all of them take no longer than PATIENCE_MS. */
const TIMES = 5;
const PATIENCE_MS = 3_000;

/**
 * How fast cells are trained, cells/s: the fastest of several batches, each twice as large as those
 * before until it takes long enough. Whatever else runs on the machine, and the first calls of code that
 * is compiled meanwhile, make a batch slower and never faster, so that the fastest says what the machine
 * can do.
 */
export async function measureSpeed(
  clock: Pick<Clock, "nowMs">,
  cellsMax: number,
  train: (cells: number) => Promise<unknown>,
): Promise<number> {
  const most = Math.min(CELLS_MAX, cellsMax);
  for (let cells = Math.min(CELLS_MIN, most); ; cells = Math.min(2 * cells, most)) {
    let shortest_ms = Number.POSITIVE_INFINITY;
    let total_ms = 0;
    for (let times = 0; times < TIMES && total_ms < PATIENCE_MS; times++) {
      const began_ms = clock.nowMs();
      await train(cells);
      const took_ms = clock.nowMs() - began_ms;
      total_ms += took_ms;
      shortest_ms = Math.min(shortest_ms, took_ms);
      // A larger batch is timed better.
      if (shortest_ms < LONG_ENOUGH_MS && cells < most) break;
    }
    if (shortest_ms >= LONG_ENOUGH_MS || cells === most) {
      return (1000 * cells) / Math.max(shortest_ms, 1);
    }
  }
}
