import { beforeEach, expect, test } from "vitest";
import type { StreamEvents } from "../../../../coordinator/dashboard/messages.ts";
import { FleetFeed } from "../../../../coordinator/dashboard/stream/fleet_feed.ts";
import { NoteRing } from "../../../../coordinator/dashboard/stream/note_ring.ts";
import { Streams } from "../../../../coordinator/dashboard/stream/streams.ts";
import { SweepFeed } from "../../../../coordinator/dashboard/stream/sweep_feed.ts";
import type { SweepListener } from "../../../../coordinator/dashboard/views/view_source.ts";
import { NOTHING_BEFORE, type UntimedEvent } from "../../../../coordinator/state/events.ts";
import { initialState, type State } from "../../../../coordinator/state/state.ts";
import { step } from "../../../../coordinator/state/step.ts";
import { SweepFacts } from "../../../../coordinator/sweeps/sweep_facts.ts";
import { SweepWatch } from "../../../../coordinator/sweeps/sweep_watch.ts";
import type { HttpStream } from "../../../../shared/http/http_route.ts";
import {
  CELLS_UNREAD_MAX,
  FLEET_UPDATES_PER_SECOND_MAX,
  HTTP_STREAMS_MAX,
} from "../../../../shared/limits.ts";
import { FLOAT64_EXACT } from "../../../../shared/numeric_class.ts";
import { buildPlan } from "../../../../shared/spec/build_plan.ts";
import { parseSweep } from "../../../../shared/spec/load.ts";
import { HandClock } from "../../../hand_clock.ts";
import { RELEASE } from "../../../release.ts";
import { RULES } from "../../state/rules_fixture.ts";

const PLAN = buildPlan(
  parseSweep(
    `{name: s, description: "a sweep", dataset: example3, loss: logistic, learning_rate: [1, 2],
      seeds: 100000, model: {hidden_layers: 1, width: 10}}`,
    "test.yaml",
  ),
);

type Got = {
  [Name in keyof StreamEvents]: { readonly event: Name; readonly data: StreamEvents[Name] };
};

/** One who reads a stream: at once, or not before `read` is called. */
class Page {
  readonly got: Got[keyof Got][] = [];
  bytes = 0;
  ended = false;
  isSlow = false;
  /** What was sent while it did not read. */
  unread = 0;
  private drain: () => void = () => {};
  private readonly stop: () => void;

  constructor(stream: HttpStream) {
    this.stop = stream.start({
      send: (text) => this.receive(text),
      drained: () => new Promise((resolve) => (this.drain = resolve)),
      end: () => (this.ended = true),
    });
  }

  read(): Promise<void> {
    this.isSlow = false;
    this.unread = 0;
    this.drain();
    return Promise.resolve();
  }

  leave(): void {
    this.stop();
  }

  /** The data of the events of one name so far, which are then forgotten. */
  taken<Name extends keyof StreamEvents>(name: Name): StreamEvents[Name][] {
    const found = this.got.filter(({ event }) => event === name);
    for (const one of found) this.got.splice(this.got.indexOf(one), 1);
    return found.map(({ data }) => data as StreamEvents[Name]);
  }

  private receive(text: string): boolean {
    this.bytes += text.length;
    if (this.isSlow) this.unread++;
    for (const block of text.split("\n\n")) {
      const [, event, data] = /^(?:retry: \d+\n)?event: (\w+)\ndata: (.*)$/.exec(block) ?? [];
      if (event !== undefined) this.got.push({ event, data: JSON.parse(data!) } as never);
    }
    return !this.isSlow;
  }
}

let clock: HandClock;
let state: State;
let streams: Streams;
let notes: NoteRing;
let listeners: Map<string, SweepListener>;
let sweeps: SweepFeed;
let fleet: FleetFeed;
let may: (role: string) => boolean;

beforeEach(() => {
  clock = new HandClock();
  state = initialState(RULES);
  notes = new NoteRing(clock, () => {});
  sweeps = new SweepFeed();
  fleet = new FleetFeed();
  listeners = new Map();
  may = () => true;
  streams = new Streams({
    ...{ clock, sweeps, fleet, notes },
    source: new SweepWatch(
      clock,
      () => state,
      new SweepFacts(),
      (sweep) => `results/${sweep}`,
    ),
    views: {
      follow(sweep, listener) {
        listeners.set(sweep, listener);
        return () => listeners.delete(sweep);
      },
    },
    hello: () => ({ version: "1", single_sweep: false, epoch: 3, host: "h", now_ms: 0 }),
  });
});

function send(event: UntimedEvent): void {
  const { state: next, effects } = step(state, { ...event, now_ms: clock.nowMs() } as never);
  state = next;
  for (const { observer } of [sweeps, fleet]) observer.stepped?.(event, effects, state);
}

const submit = (sweep: string) =>
  send({ type: "sweep_submitted", sweep, plan: { ...PLAN, name: sweep }, before: NOTHING_BEFORE });

const join = (worker: string) =>
  send({
    ...{ type: "worker_registered", worker, host: "h", slots: 1, held: [], ...RELEASE },
    numeric_classes: [FLOAT64_EXACT],
  });

function open(query = ""): Page {
  const stream = streams.open({ query: new URLSearchParams(query), may });
  if (!("start" in stream)) throw new Error(String(stream.body));
  return new Page(stream);
}

test("a reader hears who answers, then all there is, then what changes, and nothing twice", () => {
  submit("old");
  submit("new");
  notes.log.info("it began");
  const page = open();
  expect(page.got.map(({ event }) => event)).toEqual(["hello", "sweeps", "fleet", "notes"]);
  expect(page.taken("hello")).toMatchObject([{ epoch: 3, may_submit: true }]);
  expect(page.taken("sweeps")[0]).toMatchObject([
    { sweep: "new", description: "a sweep", cells: 200_000, state: "running", eta_ms: null },
    { sweep: "old" },
  ]);
  expect(page.taken("fleet")).toMatchObject([{ totals: { workers: 0 }, workers: [], left: [] }]);
  expect(page.taken("notes")[0]).toMatchObject([{ message: "it began", level: "info" }]);
  clock.pass(5_000);
  expect(page.got).toEqual([]);

  send({ type: "sweep_controlled", sweep: "old", control: "paused", priority: 0 });
  notes.log.warn("it stopped", { sweep: "old" });
  clock.pass(250);
  expect(page.taken("sweeps")).toMatchObject([[{ sweep: "old", state: "paused" }]]);
  expect(page.taken("notes")).toMatchObject([
    [{ message: "it stopped", fields: { sweep: "old" } }],
  ]);
  send({ type: "sweep_removed", sweep: "new" });
  clock.pass(250);
  expect(page.taken("removed")).toEqual([["new"]]);
  expect(page.got).toEqual([]);
});

test("sweeps are told at most four times a second, however often they change", () => {
  submit("s");
  const page = open();
  page.taken("sweeps");
  for (let i = 0; i < 100; i++) {
    send({ type: "sweep_controlled", sweep: "s", control: "running", priority: i });
    clock.pass(10);
  }
  expect(page.taken("sweeps").map(([sweep]) => sweep!.priority)).toEqual([24, 49, 74, 99]);
});

test("workers are told to those who asked, and totals to all", () => {
  join("a");
  const [plain, fleetPage] = [open(), open("fleet=1")];
  expect(plain.taken("fleet")).toMatchObject([{ totals: { workers: 1 }, workers: [] }]);
  expect(fleetPage.taken("fleet")).toMatchObject([{ workers: [{ worker: "a" }] }]);
  join("b");
  join("c");
  send({ type: "worker_died", worker: "a", how: "SIGKILL", crashed: false });
  clock.pass(1_000);
  expect(plain.taken("fleet")).toMatchObject([{ totals: { workers: 2 }, workers: [], left: [] }]);
  expect(fleetPage.taken("fleet")).toMatchObject([
    { workers: [{ worker: "b" }, { worker: "c" }], left: ["a"] },
  ]);
});

test("the numbers of a large fleet cost a second no more than those of a small one", () => {
  submit("s");
  const count = 3 * FLEET_UPDATES_PER_SECOND_MAX;
  for (let i = 0; i < count; i++) join(`w${i}`);
  const page = open("fleet=1");
  expect(page.taken("fleet")[0]!.workers).toHaveLength(count);
  const told = new Map<string, number>();
  for (let second = 0; second < 7; second++) {
    for (const lease of state.leases.values()) lease.cells_done += 2 ** second;
    clock.pass(1_000);
    const changes = page.taken("fleet").flatMap(({ workers }) => workers);
    expect(changes.length).toBeLessThanOrEqual(FLEET_UPDATES_PER_SECOND_MAX);
    for (const { worker } of changes) told.set(worker, (told.get(worker) ?? 0) + 1);
  }
  // In turn: nobody is told twice more than another one.
  expect(told.size).toBe(count);
  expect(Math.max(...told.values()) - Math.min(...told.values())).toBeLessThanOrEqual(1);
  // What is not a number is told at once, whatever else there is.
  send({ type: "worker_draining", worker: `w${count - 1}` });
  clock.pass(1_000);
  const [change] = page.taken("fleet");
  expect(change!.workers).toContainEqual(
    expect.objectContaining({ worker: `w${count - 1}`, draining: true }),
  );
});

test("who reads slowly hears of the latest, and nothing piles up", async () => {
  submit("s");
  const page = open("sweep=s");
  page.got.length = 0;
  page.isSlow = true;
  const { cells, boundaries } = listeners.get("s")!;
  for (let i = 0; i < 1_000; i++) {
    send({ type: "sweep_controlled", sweep: "s", control: "running", priority: i });
    cells({ sweep: "s", version: "v", runs: [i, 1, 1] });
    boundaries({ sweep: "s", version: String(i), groups: [] });
    clock.pass(250);
  }
  expect(page.unread).toBe(1);
  page.got.length = 0;
  await page.read();
  clock.pass(250);
  expect(page.taken("sweeps")).toMatchObject([[{ priority: 999 }]]);
  expect(page.taken("boundaries")).toMatchObject([{ version: "999" }]);
  const [change] = page.taken("cells");
  expect(change!.runs).toHaveLength(3 * 999);
  expect(page.taken("plan")).toEqual([]);
});

test("more cells than are kept for a slow reader are to be fetched anew", async () => {
  submit("s");
  const page = open("sweep=s");
  page.isSlow = true;
  const { cells, plan } = listeners.get("s")!;
  const many = Array.from({ length: CELLS_UNREAD_MAX / 3 }, (_, i) => [i, 1, 1]).flat();
  for (let i = 0; i < 3; i++) {
    cells({ sweep: "s", version: "v", runs: many });
    clock.pass(250);
  }
  cells({ sweep: "s", version: "v", runs: [7, 1, 2] });
  page.got.length = 0;
  await page.read();
  clock.pass(250);
  expect(page.taken("plan")).toEqual([{ sweep: "s", version: "v" }]);
  expect(page.taken("cells")).toEqual([]);
  // From then on changes come again; those of cells that are no more do not.
  cells({ sweep: "s", version: "v", runs: [8, 1, 2] });
  plan("w");
  cells({ sweep: "s", version: "w", runs: [9, 1, 3] });
  clock.pass(250);
  expect(page.got.map(({ event }) => event)).toEqual(["plan", "cells"]);
  expect(page.taken("cells")).toEqual([{ sweep: "s", version: "w", runs: [9, 1, 3] }]);
});

test("whoever may read no more hears so within a second, and nothing after", () => {
  const page = open();
  let isRevoked = false;
  may = (role) => !(isRevoked && role === "read");
  const gone = open();
  clock.pass(1_000);
  expect(gone.ended).toBe(false);
  isRevoked = true;
  clock.pass(1_000);
  expect(gone.taken("goodbye")).toMatchObject([{ reason: expect.stringContaining("revoked") }]);
  expect([gone.ended, page.ended]).toEqual([true, false]);
  notes.log.info("a secret");
  clock.pass(1_000);
  expect(gone.taken("notes")).toEqual([]);
  expect(page.taken("notes")).toHaveLength(1);
});

test("there are so many streams and no more, and none costs anything when it is left", () => {
  const pages = Array.from({ length: HTTP_STREAMS_MAX }, () => open("sweep=s"));
  expect(streams.open({ query: new URLSearchParams(), may })).toMatchObject({
    status: 503,
    body: expect.stringContaining("HTTP_STREAMS_MAX"),
  });
  pages[0]!.leave();
  pages[0] = open();
  for (const page of pages) page.leave();
  expect(clock.isIdle).toBe(true);
  expect(listeners.size).toBe(0);
});

test("a sweep that is not there is said to be gone; a silent line is kept open", () => {
  const page = open("sweep=nothing");
  expect(page.taken("removed")).toEqual([["nothing"]]);
  const before = page.bytes;
  clock.pass(3_500);
  expect(page.bytes).toBe(before);
  clock.pass(1_000);
  expect(page.bytes).toBeGreaterThan(before);
});

test("the end of a term ends all streams with its reason, also those that begin just then", () => {
  const page = open();
  const late = streams.open({ query: new URLSearchParams(), may }) as HttpStream;
  streams.end("another one leads");
  expect(page.taken("goodbye")).toEqual([{ reason: "another one leads" }]);
  expect(page.ended).toBe(true);
  const after = new Page(late);
  expect(after.ended).toBe(true);
  expect(clock.isIdle).toBe(true);
});
