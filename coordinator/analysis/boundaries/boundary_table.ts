/** The boundary table as text for a terminal, and as plain data for JSON. */

import { datasetLabel, plain, significant } from "../labels.ts";
import type { BoundaryRow, Summary } from "./boundaries.ts";

/** Significant digits of a learning rate: grids are seldom finer than 0.1 %. */
const DIGITS = 4;

/** Longest name of a data set, which a user may make as long as a path; the rest is cut. */
const NAME_LIMIT = 18;

/** Space between columns. */
const GAP = "  ";

interface Column {
  readonly heading: string;
  readonly align: "left" | "right";
  readonly cell: (row: BoundaryRow) => string;
}

const COLUMNS: readonly Column[] = [
  { heading: "data set", align: "left", cell: datasetCell },
  {
    heading: "model",
    align: "left",
    cell: modelCell,
  },
  { heading: "loss", align: "left", cell: (row) => row.loss },
  { heading: "σ_w²", align: "right", cell: (row) => plain(row.weight_variance) },
  { heading: "η0 [low, high]", align: "left", cell: (row) => boundary(row.eta0, row) },
  { heading: "η1 [low, high]", align: "left", cell: (row) => boundary(row.eta1, row) },
  { heading: "1-step", align: "left", cell: singleSteps },
  { heading: "step %", align: "right", cell: stepPercent },
];

/** `linear`, `m = 100`, `m = 100 (two hidden layers with bias)` */
function modelCell({ model, width }: BoundaryRow): string {
  if (model === "linear_predictor") return "linear";
  if (width === null && model.startsWith("linear_predictor")) return "linear with bias";
  const kind = model === "one_hidden_layer" ? "" : ` (${model.replaceAll("_", " ")})`;
  return `m = ${width ?? "∞"}${kind}`;
}

function horizonText(steps: number | null): string {
  return steps === null ? "T(η)" : String(steps);
}

/**
 * An aligned table, one line a row, with the footnotes that apply and no trailing newline; 100 to
 * 120 columns wide with names of the usual length. Boundaries are medians over seeds; one beyond
 * the grid prints as `< lowest η` or `> highest η`.
 */
export function formatBoundaryTable(rows: readonly BoundaryRow[]): string {
  if (rows.length === 0) return "No cells: nothing to locate.";
  const footnotes: string[] = [];
  const marks = rows.map((row) => {
    const first = footnotes.length + 1;
    footnotes.push(...rowFootnotes(row));
    return range(first, footnotes.length);
  });
  // The marks stand in a column of their own, so that they cannot be read as digits.
  const columns: Column[] = [...COLUMNS];
  const horizon = rows[0]!.steps;
  const sameHorizon = rows.every((row) => row.steps === horizon);
  // A horizon common to all rows goes below the table, which is wide enough without it.
  if (!sameHorizon) {
    columns.splice(4, 0, { heading: "T", align: "right", cell: (row) => horizonText(row.steps) });
  }
  if (footnotes.length > 0) {
    const cell = (row: BoundaryRow) => marks[rows.indexOf(row)]!;
    columns.push({ heading: "", align: "left", cell });
  }
  const texts = columns.map(({ heading, cell }) => [heading, ...rows.map(cell)]);
  const widths = texts.map((column) => Math.max(...column.map(displayWidth)));
  const lines = [-1, ...rows.keys()].map((row) =>
    columns
      .map((column, index) => pad(texts[index]![row + 1]!, widths[index]!, column.align))
      .join(GAP)
      .trimEnd(),
  );
  lines.splice(
    1,
    0,
    widths
      .map((width) => "─".repeat(width))
      .join(GAP)
      .trimEnd(),
  );
  const percent = plain(rows[0]!.confidence * 100);
  lines.push(
    "",
    `η0: smallest η that is not lazy; η1: smallest that diverges; after ${sameHorizon ? horizonText(horizon) : "T"} steps. Medians over seeds and`,
    `their ${percent} % bootstrap intervals, to which the step of the grid comes on top. 1-step: seeds whose verdict`,
    "(on η0, on η1) changes once, within the grid. step: between neighbouring η, the finest, and the widest at a",
    "boundary where that differs.",
    ...fewSeedsText(rows),
    ...footnotes.map((text, index) => `(${index + 1}) ${text}`),
  );
  return lines.join("\n");
}

/** A value of `plainValue`, in which a number that JSON lacks is a string. */
type PlainValue =
  | string
  | number
  | boolean
  | null
  | readonly PlainValue[]
  | { readonly [key: string]: PlainValue };

/** The rows with every non-finite number as "Infinity", "-Infinity" or "NaN"; keys unchanged. */
export function boundaryTableJson(rows: readonly BoundaryRow[]): PlainValue[] {
  return rows.map(plainValue);
}

/** Plain data for JSON: numbers that it lacks become strings; undefined is not among them. */
export function plainValue(value: unknown): PlainValue {
  if (typeof value === "number") return Number.isFinite(value) ? value : String(value);
  if (value === null || typeof value === "string" || typeof value === "boolean") return value;
  if (Array.isArray(value)) return value.map(plainValue);
  if (typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plainValue(each)]));
  }
  throw new TypeError(`A boundary row holds no ${typeof value}.`);
}

function datasetCell(row: BoundaryRow): string {
  const characters = [...datasetLabel(row.dataset)];
  if (characters.length <= NAME_LIMIT) return characters.join("");
  return `${characters.slice(0, NAME_LIMIT - 1).join("")}…`;
}

/**
 * What no interval of so few seeds can keep to: of n draws the smallest and the largest have the
 * median of what they are drawn from between them with probability 1 − 2^(1−n).
 */
export function fewSeedsText(rows: readonly BoundaryRow[]): string[] {
  const fewest = Math.min(...rows.map(({ seeds }) => seeds));
  const coverage = 1 - 2 ** (1 - fewest);
  const { confidence } = rows[0]!;
  if (coverage >= confidence) return [];
  const percent = plain(confidence * 100);
  if (fewest === 1) return ["One seed has no interval: what it has is a draw, not a median."];
  return [
    `No interval of ${fewest} seeds is one of ${percent} %: from the smallest to the largest of them it is ${significant(coverage * 100, 2)} %.`,
  ];
}

function boundary(summary: Summary, row: BoundaryRow): string {
  const middle = medianText(summary, row.grid_range);
  if (summary.median === null || row.seeds === 1) return middle;
  return `${middle} [${intervalEnd(summary.low)}, ${intervalEnd(summary.high)}]`;
}

/**
 * The median alone: `8.181`, or `< 0.5000` and `> 60.00` for one below or above the sampled η, or
 * `?` when half the seeds lie on either side of the grid.
 */
export function medianText(summary: Summary, gridRange: readonly [number, number]): string {
  if (summary.median !== null) return significant(summary.median, DIGITS);
  if (summary.median_beyond === "below") return `< ${significant(gridRange[0], DIGITS)}`;
  if (summary.median_beyond === "above") return `> ${significant(gridRange[1], DIGITS)}`;
  return "?";
}

function intervalEnd(value: number): string {
  if (Number.isFinite(value)) return significant(value, DIGITS);
  return value < 0 ? "below" : "above";
}

function singleSteps(row: BoundaryRow): string {
  return [row.eta0, row.eta1].map((each) => `${each.single_step}/${row.seeds}`).join(", ");
}

/** Finest step of the grid, and the widest bracket too where the grid is uneven. */
function stepPercent(row: BoundaryRow): string {
  const finest = row.eta0.relative_step;
  if (finest === null) return "–";
  const percent = (step: number) => significant(step * 100, 2);
  const widest = Math.max(finest, row.eta0.bracket_step ?? 0, row.eta1.bracket_step ?? 0);
  if (percent(widest) === percent(finest)) return percent(finest);
  return `${percent(finest)}–${percent(widest)}`;
}

function rowFootnotes(row: BoundaryRow): string[] {
  const notes: string[] = [];
  for (const [name, summary] of [
    ["η0", row.eta0],
    ["η1", row.eta1],
  ] as const) {
    const missing = summary.seeds_below + summary.seeds_above;
    // Where no seed has one in the grid, the cell itself says on which side.
    if (missing > 0 && summary.seeds_found > 0) {
      const sides = [
        summary.seeds_below > 0 ? `${summary.seeds_below} below` : "",
        summary.seeds_above > 0 ? `${summary.seeds_above} above` : "",
      ].filter((side) => side !== "");
      notes.push(
        `${name}: ${missing} of ${row.seeds} seeds without a boundary in the grid (${sides.join(", ")}).`,
      );
    }
    if (summary.not_single_step > 0) {
      const area =
        summary.area_median === null ? "beyond the grid" : significant(summary.area_median, DIGITS);
      notes.push(
        `${name}: the verdict is not a single step in ${summary.not_single_step} of ${row.seeds} seeds; by area the median is ${area}.`,
      );
    }
  }
  return notes;
}

function range(first: number, last: number): string {
  if (last < first) return "";
  return first === last ? `(${first})` : `(${first}–${last})`;
}

/** Columns a text takes: one a code point, as none of the characters used is a wide one. */
function displayWidth(text: string): number {
  return [...text].length;
}

function pad(text: string, width: number, align: Column["align"]): string {
  const space = " ".repeat(width - displayWidth(text));
  return align === "left" ? text + space : space + text;
}
