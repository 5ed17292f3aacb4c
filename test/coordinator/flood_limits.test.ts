import { expect, test } from "vitest";
import { Rate } from "../../coordinator/access/rate.ts";
import type { Coordinator } from "../../coordinator/coordinator.ts";
import { IncomingParts } from "../../coordinator/rpc/incoming_parts.ts";
import { WorkerSession } from "../../coordinator/rpc/worker_session.ts";
import type { Clock } from "../../shared/clock.ts";
import type { CoordinatorMessage } from "../../shared/generated/phasesweep/v1/CoordinatorMessage.ts";
import { REGISTER_MS_MAX } from "../../shared/limits.ts";

test("a rate allows its burst at once, and then so many a second", () => {
  const rate = new Rate(10, 3, 0);
  const taken = (now_ms: number, tries: number) =>
    Array.from({ length: tries }, () => rate.take(now_ms)).filter(Boolean).length;
  expect(taken(0, 5)).toBe(3);
  expect(taken(100, 5)).toBe(1);
  expect(taken(150, 5)).toBe(0);
  expect(taken(10_000, 5)).toBe(3);
  expect(rate.isFull(20_000)).toBe(true);
});

test("the connection that holds most bytes gives way, not the one that brings the last", () => {
  const parts = new IncomingParts(100);
  const gone: string[] = [];
  const begin = (peer: string, name: string) => parts.begin(peer, () => gone.push(name));
  const slow = [begin("flood", "first"), begin("flood", "second")];
  slow[0]!.add(30);
  slow[1]!.add(50);
  const honest = begin("honest", "honest");
  honest.add(20);
  expect(gone).toEqual([]);
  honest.add(1);
  expect(gone).toEqual(["second"]);
  honest.add(49);
  expect(gone).toEqual(["second"]);
  honest.end();
  // What ended is counted no more, and what gave way is not counted again.
  slow[1]!.add(1_000);
  slow[0]!.add(70);
  expect(gone).toEqual(["second"]);
  slow[0]!.add(1);
  expect(gone).toEqual(["second", "first"]);
});

test("a session that does not register is ended", () => {
  const waiting: { at_ms: number; action: () => void }[] = [];
  const clock: Clock = {
    wallMs: () => 0,
    nowMs: () => 0,
    after: (at_ms, action) => {
      waiting.push({ at_ms, action });
      return () => {};
    },
  };
  const sent: CoordinatorMessage[] = [];
  let ended = 0;
  const lease = { lease_ms: 1_000, renew_ms: 100 };
  const send = (message: CoordinatorMessage) => void sent.push(message);
  new WorkerSession({ observer: {} } as Coordinator, lease, send, () => ended++, { clock });
  expect(waiting.map(({ at_ms }) => at_ms)).toEqual([REGISTER_MS_MAX]);
  waiting[0]!.action();
  expect(sent[0]?.refusal?.reason).toContain("REGISTER_MS_MAX");
  expect(ended).toBe(1);
});
