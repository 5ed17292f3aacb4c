import { expect, test } from "vitest";
import { ProgressDisplay } from "../../../cli/progress/progress_display.ts";
import { progressBar } from "../../../cli/progress/progress_line.ts";
import { isColoured, progressMode } from "../../../cli/progress/progress_mode.ts";
import { SeveralSweeps } from "../../../cli/progress/several_sweeps.ts";
import type { SweepStatus__Output } from "../../../shared/generated/phasesweep/v1/SweepStatus.ts";

/** A sweep of a million cells of which so many are done. */
function status(cellsDone: number, more: Partial<SweepStatus__Output> = {}): SweepStatus__Output {
  return {
    ...{ sweep: "map", state: "running", cells: 1_000_000, cellsDone, cellsInFlight: 0 },
    ...{ phases: { lazy: cellsDone, catapult: 0, divergent: 0, unsettled: 0 }, trouble: "" },
    ...{ cellsPerSecond: 1000, etaMs: (1_000_000 - cellsDone) / 1 },
    ...more,
  } as SweepStatus__Output;
}

function clockAt() {
  const clock = { now_ms: 0, nowMs: () => clock.now_ms, wallMs: () => 0, after: () => () => {} };
  return clock;
}

const ESCAPE = "\x1b";
/** An escape sequence, or a character. */
const TOKENS = new RegExp(`${ESCAPE}\\[\\d*[A-Za-z]|[^]`, "gu");

/** A terminal of so many columns that understands what is drawn: the lines that a person sees. */
class Screen {
  isTTY = true;
  columns: number;
  lines = [""];
  written = "";
  private row = 0;
  private column = 0;

  constructor(columns: number) {
    this.columns = columns;
  }

  write(text: string): void {
    this.written += text;
    for (const [token] of text.matchAll(TOKENS)) this.take(token);
  }

  /** Wraps what is there as terminals do, when somebody makes the window narrower. */
  resize(columns: number): void {
    const above = this.lines.slice(0, this.row);
    const line = this.lines[this.row]!;
    const wrapped = line.match(new RegExp(`.{1,${columns}}`, "gu")) ?? [""];
    this.lines = [...above, ...wrapped];
    this.row = this.lines.length - 1;
    this.columns = columns;
  }

  private take(token: string): void {
    if (token === "\r") this.column = 0;
    else if (token === "\n") {
      this.row++;
      this.column = 0;
      this.lines[this.row] ??= "";
    } else if (token.startsWith(ESCAPE) && token.endsWith("A")) {
      this.row -= Number(token.slice(2, -1));
    } else if (token === "\x1b[J") {
      this.lines[this.row] = this.lines[this.row]!.slice(0, this.column);
      this.lines.length = this.row + 1;
    } else if (!token.startsWith("\x1b")) {
      const line = this.lines[this.row]!.padEnd(this.column);
      this.lines[this.row] = line.slice(0, this.column) + token + line.slice(this.column + 1);
      this.column++;
    }
  }
}

test("a bar on a terminal, lines where redraws are kept, and what was asked for", () => {
  const auto = (isTty: boolean, env = {}) => progressMode("auto", { isTty, env });
  expect(auto(true)).toBe("bar");
  expect(auto(false)).toBe("lines");
  expect(auto(true, { TERM: "dumb" })).toBe("lines");
  expect(auto(true, { CI: "true" })).toBe("lines");
  expect(auto(true, { CI: "false" })).toBe("bar");
  expect(auto(true, { JPY_PARENT_PID: "17" })).toBe("lines");
  expect(auto(true, { GIT_PAGER: "cat", CLICOLOR_FORCE: "1" })).toBe("lines");
  expect(progressMode("bar", { isTty: false, env: { CI: "1" } })).toBe("bar");
  expect(isColoured(true, {})).toBe(true);
  expect(isColoured(true, { NO_COLOR: "1", FORCE_COLOR: "1" })).toBe(false);
  expect(isColoured(false, { FORCE_COLOR: "1" })).toBe(true);
  expect(isColoured(true, { TERM: "dumb" })).toBe(false);
});

test("a bar fits the columns that there are, and keeps what matters most", () => {
  for (let columns = 1; columns <= 200; columns++) {
    const line = progressBar(status(450_000), { number: 2, of: 5, eta_ms: 9e6 }, columns);
    expect(line.length).toBeLessThanOrEqual(columns);
    if (columns >= 18) expect(line).toContain("45 %");
  }
  expect(progressBar(status(450_000), undefined, 200)).toContain(
    "45 % · 450,000/1,000,000 cells · 1,000 cells/s · lazy 450,000 catapult 0 divergent 0 · ETA 9:10",
  );
  expect(progressBar(status(450_000), undefined, 20)).toBe("45 % · ETA 9:10");
  expect(progressBar(status(1_000_000, { state: "merging" }), undefined, 80)).toContain("merging");
});

test("one line of a terminal is drawn, notes stand above it, and nothing is left in the end", () => {
  const screen = new Screen(80);
  const clock = clockAt();
  const display = new ProgressDisplay(screen, clock, {});
  display.show(status(100_000));
  expect(screen.lines).toHaveLength(1);
  expect(screen.lines[0]).toContain("10 %");
  clock.now_ms += 1000;
  display.note("a worker was killed");
  display.show(status(200_000));
  expect(screen.lines).toHaveLength(2);
  expect(screen.lines[0]).toBe("a worker was killed");
  expect(screen.lines[1]).toContain("20 %");
  screen.resize(30);
  expect(screen.lines.length).toBeGreaterThan(2);
  clock.now_ms += 1000;
  display.show(status(300_000));
  expect(screen.lines).toEqual(["a worker was killed", expect.stringContaining("30 %")]);
  display.end();
  expect(screen.lines).toEqual(["a worker was killed", ""]);
  // The cursor is not hidden, so a process that is killed leaves a terminal that can be used.
  expect(screen.written).not.toContain("\x1b[?25");
});

test("a terminal is drawn to ten times a second at most", () => {
  const screen = new Screen(80);
  const clock = clockAt();
  const display = new ProgressDisplay(screen, clock, {});
  let draws = 0;
  for (let i = 0; i < 1000; i++) {
    const before = screen.written.length;
    display.show(status(i * 1000));
    if (screen.written.length > before) draws++;
    clock.now_ms += 1;
  }
  expect(draws).toBeGreaterThan(5);
  expect(draws).toBeLessThanOrEqual(10);
});

test("a day of lines can be read, and each says when", () => {
  const lines: string[] = [];
  const clock = clockAt();
  const out = { write: (text: string) => lines.push(text) };
  const display = new ProgressDisplay(out, clock, {});
  for (; clock.now_ms < 24 * 3_600_000; clock.now_ms += 500) {
    display.show(status(clock.now_ms / 100));
  }
  expect(lines.length).toBeLessThan(400);
  expect(lines.filter((line) => /^\[\d+(\.\d)? s\]/.test(line)).length).toBeGreaterThan(5);
  expect(lines.at(-1)).toMatch(/^\[23:\d\d:\d\d\] 86 % · 86\d,\d{3}\/.* · ETA \d+/);
  expect(lines.some((line) => line.includes(ESCAPE) || line.includes("\r"))).toBe(false);
});

test("JSON lines are objects, notes too; quiet says only what goes wrong", () => {
  const lines: string[] = [];
  const clock = clockAt();
  const out = { write: (text: string) => lines.push(text) };
  const display = new ProgressDisplay(out, clock, {}, { progress: "json" });
  display.show(status(1000), { number: 1, of: 2, eta_ms: 5 });
  clock.now_ms += 1000;
  display.show(status(2000, { trouble: "the disk is full" }));
  const documents = lines.map((line) => JSON.parse(line));
  expect(documents[0].progress).toMatchObject({ sweep: "map", number: 1, of: 2, cells_done: 1000 });
  expect(documents[1]).toEqual({ note: "the disk is full" });
  lines.length = 0;
  const silent = new ProgressDisplay(out, clock, {}, { quiet: true, progress: "bar" });
  silent.show(status(1000));
  silent.show(status(1000, { trouble: "the disk is full" }));
  silent.end();
  expect(lines).toEqual(["the disk is full\n"]);
});

test("several sweeps end when the last does, at the speed of what is done", () => {
  const clock = clockAt();
  const several = new SeveralSweeps([1_000_000, 2_000_000], clock);
  expect(several.among(0, status(0, { etaMs: -1 }))).toEqual({ number: 1, of: 2, eta_ms: -1 });
  clock.now_ms = 500_000;
  expect(several.among(0, status(500_000))).toEqual({ number: 1, of: 2, eta_ms: 2_500_000 });
  expect(several.among(1, status(100_000)).eta_ms).toBe(900_000);
});
