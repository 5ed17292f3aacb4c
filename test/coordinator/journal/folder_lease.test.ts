import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { FolderLease } from "../../../coordinator/journal/folder_lease.ts";
import type { Clock } from "../../../shared/clock.ts";
import { filesAtRest } from "../../files_at_rest.ts";

const LEASE_MS = 16_000;
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "lease-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** Time that a test moves; files are real, so it moves only when they have been dealt with. */
class HandTime {
  now_ms = 0;
  private timers: { due_ms: number; action: () => void; owner: string }[] = [];
  /** Processes that are stopped: their timers run when they go on. */
  readonly stopped = new Set<string>();

  clock(owner: string): Clock {
    return {
      wallMs: () => this.now_ms,
      nowMs: () => this.now_ms,
      after: (delay_ms, action) => {
        const timer = { due_ms: this.now_ms + delay_ms, action, owner };
        this.timers.push(timer);
        return () => {
          this.timers = this.timers.filter((other) => other !== timer);
        };
      },
    };
  }

  async pass(duration_ms: number): Promise<void> {
    for (const end_ms = this.now_ms + duration_ms; this.now_ms < end_ms; this.now_ms += 250) {
      const due = this.timers.filter(
        ({ due_ms, owner }) => due_ms <= this.now_ms && !this.stopped.has(owner),
      );
      this.timers = this.timers.filter((timer) => !due.includes(timer));
      for (const { action } of due) action();
      await filesAtRest();
    }
  }
}

const notes: string[] = [];
const acquire = async (time: HandTime, id: string): Promise<FolderLease> => {
  const lease = await FolderLease.acquire({
    folder,
    holder: { id, host: `host-${id}`, pid: 1 },
    lease_ms: LEASE_MS,
    clock: time.clock(id),
    note: (line) => notes.push(line),
    isStopped: () => stopped.has(id),
  });
  if (lease === undefined) throw new Error("stopped");
  return lease;
};
/** Who does not want the folder any more. */
const stopped = new Set<string>();

/** What has been resolved so far. */
function outcomeOf<T>(promise: Promise<T>): { value?: T } {
  const outcome: { value?: T } = {};
  void promise.then((value) => {
    outcome.value = value;
  });
  return outcome;
}

test("a folder that is let go of is taken at once, and one that is held is waited for", async () => {
  const time = new HandTime();
  const one = await acquire(time, "one");
  expect(one.isTakenOver).toBe(false);
  const two = outcomeOf(acquire(time, "two"));
  await time.pass(5 * LEASE_MS);
  expect(two.value).toBeUndefined();
  expect(one.isHeld()).toBe(true);
  expect(notes.filter((line) => line.includes("process 1 on host-one holds"))).toHaveLength(1);
  await one.release();
  expect(one.isHeld()).toBe(false);
  await time.pass(LEASE_MS / 4);
  expect(two.value?.isTakenOver).toBe(false);
  expect(two.value?.isHeld()).toBe(true);
  await two.value?.release();
  expect(readdirSync(folder)).toEqual([]);
});

test("a holder that is stopped loses the folder, knows it before the other has it, and is told", async () => {
  const time = new HandTime();
  const one = await acquire(time, "one");
  const lost = outcomeOf(one.lost);
  const two = outcomeOf(acquire(time, "two"));
  await time.pass(LEASE_MS);
  time.stopped.add("one");
  for (let passed_ms = 0; two.value === undefined; passed_ms += 250) {
    expect(passed_ms).toBeLessThan(2 * LEASE_MS);
    await time.pass(250);
  }
  expect(two.value.isTakenOver).toBe(true);
  expect(one.isHeld()).toBe(false);
  time.stopped.delete("one");
  await time.pass(LEASE_MS);
  expect(lost.value).toBe("the coordinator of process 1 on host-two");
  expect(one.isHeld()).toBe(false);
  expect(two.value.isHeld()).toBe(true);
  await one.release();
  expect(existsSync(join(folder, "coordinator.lease"))).toBe(true);
  await two.value.release();
});

test("a holder that was stopped for less than a lease keeps the folder", async () => {
  const time = new HandTime();
  const one = await acquire(time, "one");
  const lost = outcomeOf(one.lost);
  const two = outcomeOf(acquire(time, "two"));
  await time.pass(LEASE_MS);
  time.stopped.add("one");
  await time.pass(0.7 * LEASE_MS);
  expect(one.isHeld()).toBe(false);
  time.stopped.delete("one");
  await time.pass(3 * LEASE_MS);
  expect(one.isHeld()).toBe(true);
  expect(lost.value).toBeUndefined();
  expect(two.value).toBeUndefined();
  await one.release();
  await time.pass(LEASE_MS / 4);
  await two.value?.release();
});

test("of several that wait for a killed holder one gets the folder, and the others go on waiting", async () => {
  const time = new HandTime();
  await acquire(time, "one");
  time.stopped.add("one");
  const waiting = ["two", "three", "four"].map((id) => outcomeOf(acquire(time, id)));
  await time.pass(4 * LEASE_MS);
  const holders = waiting.filter(({ value }) => value?.isHeld());
  expect(holders).toHaveLength(1);
  await time.pass(4 * LEASE_MS);
  expect(waiting.filter(({ value }) => value?.isHeld())).toEqual(holders);
  expect(waiting.filter(({ value }) => value !== undefined)).toHaveLength(1);
});

test("a torn lease is anybody's after a lease", async () => {
  const time = new HandTime();
  writeFileSync(join(folder, "coordinator.lease"), '{"id": "on');
  const one = outcomeOf(acquire(time, "one"));
  await time.pass(LEASE_MS / 2);
  expect(one.value).toBeUndefined();
  await time.pass(LEASE_MS);
  expect(one.value?.isTakenOver).toBe(true);
});

test("whoever is stopped while it waits takes nothing", async () => {
  const time = new HandTime();
  const one = await acquire(time, "one");
  const two = acquire(time, "stopped one").then(
    () => "took it",
    () => "left",
  );
  await time.pass(LEASE_MS);
  stopped.add("stopped one");
  await time.pass(LEASE_MS);
  expect(await two).toBe("left");
  expect(one.isHeld()).toBe(true);
  await one.release();
});
