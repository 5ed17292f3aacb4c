import { expect, test } from "vitest";
import { measureSpeed } from "../../../cli/init/measure_speed.ts";

/** A machine whose time stands still between batches, of which the i-th takes `slowdown(i)` times as long. */
function machine(cells_per_ms: number, slowdown: (batch: number) => number) {
  let now_ms = 0;
  const batches: number[] = [];
  return {
    batches,
    clock: { nowMs: () => now_ms },
    train: async (cells: number) => {
      now_ms += (cells / cells_per_ms) * slowdown(batches.length);
      batches.push(cells);
    },
    elapsed_ms: () => now_ms,
  };
}

test("a speed is that of the machine, whatever else runs on it at the same time", async () => {
  const busy = [1, 3.7, 2.5, 4, 1.1, 8];
  for (const cells_per_ms of [0.4, 4, 40]) {
    for (let shift = 0; shift < busy.length; shift++) {
      const { clock, train } = machine(cells_per_ms, (i) => busy[(i + shift) % busy.length]!);
      const speed = await measureSpeed(clock, 1e6, train);
      expect(speed / (1000 * cells_per_ms)).toBeGreaterThan(0.9);
      expect(speed / (1000 * cells_per_ms)).toBeLessThanOrEqual(1);
    }
  }
});

test("no batch is larger than the sweep, and a slow machine is not kept for long", async () => {
  const small = machine(1000, () => 1);
  expect(await measureSpeed(small.clock, 40, small.train)).toBe(40_000);
  expect(new Set(small.batches)).toEqual(new Set([40]));
  // 64 cells in 16 s: once.
  const slow = machine(0.004, () => 1);
  expect(await measureSpeed(slow.clock, 1e6, slow.train)).toBeCloseTo(4);
  expect(slow.batches).toEqual([64]);
  // A fast one is timed on the largest batch.
  const fast = machine(400, () => 1);
  expect(await measureSpeed(fast.clock, 1e6, fast.train)).toBeCloseTo(400_000);
  expect(fast.batches.at(-1)).toBe(8_192);
  expect(fast.elapsed_ms()).toBeLessThan(1_000);
});
