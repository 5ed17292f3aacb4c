import type { Clock } from "../../shared/clock.ts";
import type { SweepStatus__Output } from "../../shared/generated/phasesweep/v1/SweepStatus.ts";
import { formatCount, formatDuration } from "../text/format.ts";
import { type Among, cellsShown, progressBar, progressLine } from "./progress_line.ts";
import {
  isColoured,
  type ProgressChoice,
  type ProgressMode,
  progressMode,
} from "./progress_mode.ts";

/** A terminal is drawn to no more often than this. */
const DRAW_EVERY_MS = 100;
const JSON_EVERY_MS = 1_000;
/** Lines come the more seldom the longer it takes, so that a day of them can still be read. */
const LINE_EVERY_MS = 5_000;
const LINE_EVERY_MS_MAX = 300_000;
const LINES_A_DOUBLING = 12;
const COLUMNS_COMMON = 80;

/** What it writes to: standard error, or what a test has in its place. */
export interface ProgressOutput {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export interface ProgressOptions {
  readonly progress?: ProgressChoice;
  readonly quiet?: boolean;
}

/**
 * Shows a sweep's progress: one line drawn again and again on a terminal, lines now and then elsewhere.
 * The cursor is never hidden, so that there is nothing to restore when a process is killed.
 */
export class ProgressDisplay {
  private readonly out: ProgressOutput;
  private readonly clock: Clock;
  private readonly mode: ProgressMode;
  private readonly coloured: boolean;
  private readonly began_ms: number;
  private among: Among | undefined;
  private last_ms = Number.NEGATIVE_INFINITY;
  /** What stands in the line of the terminal; empty if nothing does. */
  private drawn = "";
  private trouble = "";
  private cells = 0;

  constructor(
    out: ProgressOutput,
    clock: Clock,
    env: Readonly<Record<string, string | undefined>>,
    { progress = "auto", quiet = false }: ProgressOptions = {},
  ) {
    const isTty = out.isTTY === true;
    this.out = out;
    this.clock = clock;
    this.mode = quiet ? "none" : progressMode(progress, { isTty, env });
    this.coloured = isColoured(isTty, env);
    this.began_ms = clock.nowMs();
  }

  /** `among`: which of several sweeps it is. */
  show(status: SweepStatus__Output, among?: Among): void {
    this.among = among;
    if ((status.trouble === "") !== (this.trouble === "")) {
      this.note(
        status.trouble === "" ? "the trouble is over, and the sweep goes on" : status.trouble,
      );
    }
    this.trouble = status.trouble;
    if (status.cells > this.cells && this.cells > 0) {
      this.note(`${formatCount(status.cells - this.cells)} cells more, which the results call for`);
    }
    this.cells = status.cells;
    const now_ms = this.clock.nowMs();
    if (now_ms - this.last_ms < this.interval_ms(now_ms)) return;
    if (this.mode !== "none") this.last_ms = now_ms;
    if (this.mode === "bar") this.draw(status);
    else if (this.mode === "json") this.out.write(`${JSON.stringify(this.document(status))}\n`);
    else if (this.mode === "lines") {
      const time = formatDuration(now_ms - this.began_ms);
      this.out.write(`[${time}] ${progressLine(status, this.among)}\n`);
    }
  }

  /** Prints a line of its own, above the progress. */
  note(line: string): void {
    this.end();
    this.out.write(this.mode === "json" ? `${JSON.stringify({ note: line })}\n` : `${line}\n`);
    // What was drawn is drawn again with the next status.
    if (this.mode === "bar") this.last_ms = Number.NEGATIVE_INFINITY;
  }

  /** Clears the line that was drawn. */
  end(): void {
    if (this.drawn !== "") this.out.write(`${this.toStart()}\x1b[J`);
    this.drawn = "";
  }

  private interval_ms(now_ms: number): number {
    if (this.mode === "bar") return DRAW_EVERY_MS;
    if (this.mode === "json") return JSON_EVERY_MS;
    const seldom_ms = (now_ms - this.began_ms) / LINES_A_DOUBLING;
    return Math.min(LINE_EVERY_MS_MAX, Math.max(LINE_EVERY_MS, seldom_ms));
  }

  private draw(status: SweepStatus__Output): void {
    const line = progressBar(status, this.among, this.columns() - 1);
    if (line === this.drawn) return;
    const text = this.coloured ? line.replace(/█+/, "\x1b[36m$&\x1b[39m") : line;
    // In one write, so that a terminal never shows the half of it.
    this.out.write(`${this.toStart()}${text}\x1b[J`);
    this.drawn = line;
  }

  /** To where the drawn line begins: terminals that were made narrower have wrapped it. */
  private toStart(): string {
    const above = Math.floor(Math.max(0, this.drawn.length - 1) / this.columns());
    return above > 0 ? `\x1b[${above}A\r` : "\r";
  }

  private columns(): number {
    return Math.max(1, this.out.columns || COLUMNS_COMMON);
  }

  private document(status: SweepStatus__Output) {
    const { sweep, state, cells, cellsPerSecond, etaMs, phases, trouble } = status;
    const { lazy = 0, catapult = 0, divergent = 0, unsettled = 0 } = phases ?? {};
    return {
      progress: {
        sweep,
        ...(this.among === undefined ? {} : { number: this.among.number, of: this.among.of }),
        state,
        cells,
        cells_done: cellsShown(status),
        cells_per_second: cellsPerSecond,
        eta_ms: etaMs < 0 ? null : Math.round(etaMs),
        elapsed_ms: Math.round(this.clock.nowMs() - this.began_ms),
        phases: { lazy, catapult, divergent, unsettled },
        trouble,
      },
    };
  }
}
