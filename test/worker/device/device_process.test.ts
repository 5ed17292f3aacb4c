import { fileURLToPath } from "node:url";
import { afterEach, expect, test } from "vitest";
import { type Clock, systemClock } from "../../../shared/clock.ts";
import type { Backend } from "../../../shared/numeric_class.ts";
import type { PlannedGroup } from "../../../shared/plan.ts";
import { DevicePool } from "../../../worker/device/device_pool.ts";
import { DeviceGone, DeviceProcess } from "../../../worker/device/device_process.ts";
import {
  BUSY_MS,
  CELLS_DONE,
  CELLS_WANTED,
  type ShardTask,
  shardControl,
} from "../../../worker/shard_task.ts";
import { HandClock } from "../../hand_clock.ts";

const script = fileURLToPath(new URL("./stand_in.mjs", import.meta.url));
const opened: DeviceProcess[] = [];
afterEach(() => {
  for (const device of opened.splice(0)) device.close();
});

const HANG_MS = 30_000;

function device(
  how: string,
  { slot = 0, clock = systemClock as Clock } = {},
): DeviceProcess & { notes: string[] } {
  const notes: string[] = [];
  const made = new DeviceProcess({
    ...{ backend: how as Backend, slot, env: {}, clock, script, hang_ms: HANG_MS },
    note: (line) => notes.push(line),
  });
  opened.push(made);
  return Object.assign(made, { notes });
}

function task(cell_count = 10): ShardTask {
  const group = { grid: 0 } as PlannedGroup;
  return { group, first_cell: 0, cell_count, control: shardControl(cell_count) };
}

test("a shard is computed in the other process, bytes and all", async () => {
  const result = await device("works", { slot: 3 }).run(task(12));
  expect(result).toMatchObject({ cells: 12, phases: [12], slot: 3 });
  expect([...result.bytes]).toEqual([1, 2, 3]);
});

test("a device tells how far it is, and hears where to stop", async () => {
  const stopped = task(100);
  const running = device("stops").run(stopped);
  while (Atomics.load(stopped.control, CELLS_DONE) !== 1) await pause();
  expect(Atomics.load(stopped.control, BUSY_MS)).toBe(8);
  Atomics.store(stopped.control, CELLS_WANTED, 5);
  expect((await running).cells).toBe(5);
});

test("an engine that throws is an error of the shard, and the device goes on", async () => {
  const made = device("throws");
  await expect(made.run(task())).rejects.toThrow(/^no such shape$/);
  await expect(made.run(task())).rejects.toThrow("no such shape");
  expect(made.notes).toEqual([]);
});

test("a crash costs the shard in hand; the third in a row is held against it", async () => {
  const made = device("crashes");
  for (const passing of [true, true, false]) {
    const error = await made.run(task()).catch((thrown) => thrown);
    expect(error).toBeInstanceOf(DeviceGone);
    expect(error.message).toContain("died (SIGSEGV)");
    expect(error.passing).toBe(passing);
  }
  expect(made.notes).toHaveLength(3);
});

test("a device without a sign of life is ended", async () => {
  const clock = new HandClock();
  const made = device("hangs", { clock });
  await made.open();
  const running = made.run(task()).catch((thrown) => thrown);
  await expect.poll(() => clock.isIdle).toBe(false);
  clock.pass(HANG_MS - 1);
  expect(made.notes).toEqual([]);
  clock.pass(1);
  expect(await running).toMatchObject({ name: "DeviceGone", passing: true });
  expect(made.notes[0]).toContain("no sign of life for 30 s");
});

test("a device that does not even start is ended", async () => {
  const clock = new HandClock();
  const opening = device("never-ready", { clock }).open();
  clock.pass(HANG_MS);
  await expect(opening).rejects.toThrow("died (SIGKILL) before it was ready");
});

test("a device that waits for work shows no sign of life, and need not", async () => {
  const clock = new HandClock();
  const made = device("works", { clock });
  await made.run(task());
  clock.pass(10 * HANG_MS);
  await made.run(task());
  expect(made.notes).toEqual([]);
});

test.each([
  ["is-unusable", "no such device"],
  ["dies-at-start", "died (SIGKILL) before it was ready"],
])("a device that %s says why", async (how, why) => {
  await expect(device(how).open()).rejects.toThrow(why);
});

test("a pool keeps every device busy, and the rest of the shards waiting", async () => {
  const pool = new DevicePool([device("works"), device("works", { slot: 1 })]);
  const results = await Promise.all(Array.from({ length: 9 }, (_, i) => pool.run(task(i + 1))));
  expect(results.map(({ cells }) => cells)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
  expect(new Set(results.map(({ slot }) => slot))).toEqual(new Set([0, 1]));
  await pool.close();
});

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 5));
}
