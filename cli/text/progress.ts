import type { Clock } from "../../shared/clock.ts";
import type { SweepStatus__Output } from "../../shared/generated/phasesweep/v1/SweepStatus.ts";
import { formatCount, formatDuration } from "./format.ts";

const LINE_EVERY_MS = 5_000;
const BAR_WIDTH = 24;

/** Shows a sweep's progress: one line redrawn on a terminal, plain lines now and then elsewhere. */
export class ProgressDisplay {
  private readonly out: NodeJS.WriteStream;
  private readonly clock: Clock;
  private readonly colour: boolean;
  private lastLineMs = Number.NEGATIVE_INFINITY;
  private drawn = false;
  private trouble = "";
  private cells = 0;

  constructor(out: NodeJS.WriteStream, clock: Clock, env: NodeJS.ProcessEnv) {
    this.out = out;
    this.clock = clock;
    this.colour = out.isTTY && !env["NO_COLOR"] && env["TERM"] !== "dumb";
  }

  show(status: SweepStatus__Output): void {
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
    if (this.out.isTTY) {
      const line = progressLine(status, true).slice(0, Math.max(20, (this.out.columns ?? 80) - 1));
      this.out.write(`\r${this.colour ? line.replace(/█+/, "\x1b[36m$&\x1b[39m") : line}\x1b[K`);
      this.drawn = true;
      return;
    }
    const now_ms = this.clock.nowMs();
    if (now_ms - this.lastLineMs < LINE_EVERY_MS) return;
    this.lastLineMs = now_ms;
    this.out.write(`${progressLine(status, false)}\n`);
  }

  /** Prints a line of its own, above the progress. */
  note(line: string): void {
    if (this.drawn) this.out.write("\r\x1b[K");
    this.drawn = false;
    this.out.write(`${line}\n`);
  }

  /** Clears the line that was drawn. */
  end(): void {
    if (this.drawn) this.out.write("\r\x1b[K");
    this.drawn = false;
  }
}

/** "45 % · 29,024/65,536 cells · 61,200 cells/s · lazy 9 catapult 4 divergent 2 · ETA 12 s" */
export function progressLine(status: SweepStatus__Output, bar: boolean): string {
  const { cells, phases, cellsPerSecond, etaMs } = status;
  const done = Math.min(cells, status.cellsDone + status.cellsInFlight);
  const share = cells > 0 ? done / cells : 1;
  const filled = Math.floor(share * BAR_WIDTH);
  const parts = [
    `${bar ? `${"█".repeat(filled)}${"░".repeat(BAR_WIDTH - filled)} ` : ""}${Math.floor(100 * share)} %`,
    `${formatCount(done)}/${formatCount(cells)} cells`,
  ];
  if (status.state === "merging") return [...parts, "merging the parts"].join(" · ");
  parts.push(`${formatCount(cellsPerSecond)} cells/s`, phaseCounts(phases));
  parts.push(`ETA ${formatDuration(etaMs)}`);
  return parts.join(" · ");
}

/** "lazy 9 catapult 4 divergent 2", with "unsettled 1" where there are any. */
export function phaseCounts(phases: SweepStatus__Output["phases"]): string {
  const { lazy = 0, catapult = 0, divergent = 0, unsettled = 0 } = phases ?? {};
  const counts = [
    `lazy ${formatCount(lazy)}`,
    `catapult ${formatCount(catapult)}`,
    `divergent ${formatCount(divergent)}`,
  ];
  if (unsettled > 0) counts.push(`unsettled ${formatCount(unsettled)}`);
  return counts.join(" ");
}

/** Who handed in what differs from what was there, a line each; empty where nothing does. */
export function mismatchText({ mismatches, mismatchReports }: SweepStatus__Output): string {
  if (mismatches === 0) return "";
  const lines = mismatchReports.map((line) => `  ${line}\n`).join("");
  return `${formatCount(mismatches)} cells differed when they were computed twice; the first result was kept:\n${lines}`;
}
