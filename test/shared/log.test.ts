import { expect, test } from "vitest";
import { LOG_BURST_LINES, LOG_BURST_MS, LOG_FIELD_CHARS_MAX } from "../../shared/limits.ts";
import { type LogOptions, makeLog } from "../../shared/log.ts";

/** A log whose lines and time the test owns. */
function logOf(options: Partial<LogOptions>) {
  const lines: string[] = [];
  const later: (() => void)[] = [];
  const time = { now_ms: 0 };
  const log = makeLog({
    ...{ format: "text", level: "info", colour: false },
    clock: { wallMs: () => Date.UTC(2026, 0, 2, 3, 4, 5) + time.now_ms, nowMs: () => time.now_ms },
    later: (_delay_ms, action) => later.push(action),
    write: (line) => lines.push(line),
    ...options,
  });
  return { log, lines, later, time };
}

test("a line says when, what, and of what", () => {
  const { log, lines } = logOf({});
  log.info("worker connected", { worker: "w-1", host: "node 7", slots: 4, lease: undefined });
  log.warn("shard is leased again", { sweep: "s", shard: "0..63" });
  expect(lines).toEqual([
    '2026-01-02T03:04:05.000Z worker connected worker=w-1 host="node 7" slots=4\n',
    "2026-01-02T03:04:05.000Z warn: shard is leased again sweep=s shard=0..63\n",
  ]);
});

test("in JSON each line is an object of its own, without what is not given", () => {
  const { log, lines } = logOf({ format: "json" });
  log.error("cells are given up", {
    sweep: "s",
    worker: "w",
    error: 'it said "no"',
    host: undefined,
  });
  expect(lines).toHaveLength(1);
  expect(JSON.parse(lines[0]!)).toEqual({
    time: "2026-01-02T03:04:05.000Z",
    level: "error",
    message: "cells are given up",
    sweep: "s",
    worker: "w",
    error: 'it said "no"',
  });
});

test("levels below the least are left out, and above info they have a colour where there is one", () => {
  const quiet = logOf({ level: "warn" });
  for (const level of ["debug", "info", "warn", "error"] as const) quiet.log[level](level);
  expect(quiet.lines.map((line) => line.trim().split(" ").at(-1))).toEqual(["warn", "error"]);
  const coloured = logOf({ colour: true });
  coloured.log.info("plain");
  coloured.log.error("red");
  expect(coloured.lines[0]).not.toContain("\u001b");
  expect(coloured.lines[1]!.startsWith("\u001b[31m")).toBe(true);
  expect(coloured.lines[1]!.endsWith("\u001b[0m\n")).toBe(true);
});

test("nothing from the wire begins a line, moves the cursor or turns the text around", () => {
  const hostile =
    'w\n2026-01-02T03:04:05.000Z error: all is lost\r\u001b[2J\u009b1A\u202e\u2028"\\x="';
  for (const format of ["text", "json"] as const) {
    const { log, lines } = logOf({ format });
    log.info("worker refused", { worker: hostile, error: hostile });
    log.info(hostile);
    expect(lines).toHaveLength(2);
    for (const line of lines) {
      // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not be there
      expect(line.slice(0, -1)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e]/);
      expect(line.endsWith("\n")).toBe(true);
    }
    if (format === "json") expect(JSON.parse(lines[0]!).worker).toBe(hostile);
  }
});

test("a field is no longer than its limit", () => {
  const { log, lines } = logOf({ format: "json" });
  log.info("part refused", { error: "x".repeat(3 * LOG_FIELD_CHARS_MAX) });
  expect(JSON.parse(lines[0]!).error).toHaveLength(LOG_FIELD_CHARS_MAX + 1);
});

test("a flood of one message is counted, and hides no other", () => {
  const { log, lines, later, time } = logOf({ format: "json" });
  for (let i = 0; i < 10_000; i++) log.info("worker connected", { worker: `w${i}` });
  log.error("nothing reaches the disk");
  expect(lines).toHaveLength(LOG_BURST_LINES + 1);
  expect(JSON.parse(lines.at(-1)!).message).toBe("nothing reaches the disk");
  time.now_ms = LOG_BURST_MS;
  for (const action of later.splice(0)) action();
  expect(lines).toHaveLength(LOG_BURST_LINES + 2);
  const { message, held_back } = JSON.parse(lines.at(-1)!);
  expect({ message, held_back }).toEqual({
    message: "worker connected",
    held_back: 10_000 - LOG_BURST_LINES,
  });
  log.info("worker connected", { worker: "later" });
  expect(JSON.parse(lines.at(-1)!).worker).toBe("later");
});
