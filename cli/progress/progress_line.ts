import type { SweepStatus__Output } from "../../shared/generated/phasesweep/v1/SweepStatus.ts";
import { formatCount, formatDuration } from "../text/format.ts";
import { phaseCounts } from "../text/status_text.ts";

const BAR_WIDTH = 24;
const BAR_WIDTH_SHORT = 10;

/** Which of several sweeps this is, and how long all of them still take. */
export interface Among {
  /** From 1. */
  readonly number: number;
  readonly of: number;
  /** Milliseconds; negative while it cannot be known. */
  readonly eta_ms: number;
}

/**
 * "45 % · 29,024/65,536 cells · 61,200 cells/s · lazy 9 catapult 4 divergent 2 · ETA 12 s", of several
 * sweeps "sweep 2 of 5 · … · ETA 12 s, of all 3:05".
 */
export function progressLine(status: SweepStatus__Output, among: Among | undefined): string {
  const { which, percent, cells, rate, phases, eta } = partsOf(status, among);
  return joined(which, percent, cells, rate, phases, eta);
}

/** The same with a bar, as much of it as `columns` columns hold. */
export function progressBar(
  status: SweepStatus__Output,
  among: Among | undefined,
  columns: number,
): string {
  const { which, percent, cells, rate, phases, eta, own_eta, bar } = partsOf(status, among);
  const long = `${bar(BAR_WIDTH)} ${percent}`;
  const short = `${bar(BAR_WIDTH_SHORT)} ${percent}`;
  const forms = [
    joined(which, long, cells, rate, phases, eta),
    joined(which, long, cells, rate, eta),
    joined(which, short, cells, rate, eta),
    joined(which, short, cells, eta),
    joined(which, short, eta),
    joined(short, own_eta),
    joined(percent, own_eta),
  ];
  return forms.find((form) => form.length <= columns) ?? percent.slice(0, columns);
}

/** How far a sweep is, with what workers have in hand. */
export function cellsShown({ cells, cellsDone, cellsInFlight }: SweepStatus__Output): number {
  return Math.min(cells, cellsDone + cellsInFlight);
}

function partsOf(status: SweepStatus__Output, among: Among | undefined) {
  const { cells, phases, cellsPerSecond, etaMs, state } = status;
  const done = cellsShown(status);
  const share = cells > 0 ? done / cells : 1;
  const isMerging = state === "merging";
  const own_eta = isMerging
    ? "merging the parts"
    : state === "running"
      ? `ETA ${formatDuration(etaMs)}`
      : state;
  const isLast = among === undefined || among.number === among.of;
  return {
    which: among === undefined ? "" : `sweep ${among.number} of ${among.of}`,
    bar: (width: number) => {
      const filled = Math.floor(share * width);
      return `${"█".repeat(filled)}${"░".repeat(width - filled)}`;
    },
    percent: `${Math.floor(100 * share)} %`,
    cells: `${formatCount(done)}/${formatCount(cells)} cells`,
    rate: isMerging ? "" : `${formatCount(cellsPerSecond)} cells/s`,
    phases: isMerging ? "" : phaseCounts(phases),
    own_eta,
    eta: isLast ? own_eta : `${own_eta}, of all ${formatDuration(among.eta_ms)}`,
  };
}

function joined(...parts: readonly string[]): string {
  return parts.filter((part) => part !== "").join(" · ");
}
