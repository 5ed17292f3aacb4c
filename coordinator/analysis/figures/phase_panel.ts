/** One panel of the phase figure: a shape group along its learning rates. Pure. */

import type { BoundaryRow, Summary } from "../boundaries/boundaries.ts";
import { medianText } from "../boundaries/boundary_table.ts";
import { datasetLabel, modelLabel, plain, significant } from "../labels.ts";
import { linearTicks, tickLabel } from "./axis_ticks.ts";
import type { Curve, FigurePanel } from "./figure_data.ts";
import {
  type Frame,
  learningRateAxis,
  type Scale,
  AXIS_TEXT as TEXT,
  yName,
  yTick,
} from "./panel_axes.ts";
import { coordinate as at, ellipsis, type Run, textElement, textWidth } from "./svg_text.ts";

/** Outer size of a panel in pixels, and the frame of its plot inside. */
export const PANEL_WIDTH = 570;
export const PANEL_HEIGHT = 336;
const LEFT = 62;
const RIGHT = PANEL_WIDTH - 62;
const TOP = 58;
const BOTTOM = 290;
const FRAME: Frame = { left: LEFT, right: RIGHT, top: TOP, bottom: BOTTOM };

const TITLE = 14;

/** Bottom to top of the stack, with fills whose lightness alone tells them apart. */
export const PHASE_FILLS = [
  { phase: "lazy", fill: "#d6e8f7" },
  { phase: "catapult", fill: "#fbc98a" },
  { phase: "unsettled", fill: "url(#unsettled)" },
  { phase: "divergent", fill: "#8c6d6d" },
] as const;

/** The hatching of the unsettled phase, to stand among the definitions of a picture. */
export const UNSETTLED_PATTERN = `<pattern id="unsettled" width="8" height="8" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="8" height="8" fill="#f5ee9e"/><rect width="3" height="8" fill="#a89b2b"/></pattern>`;

export const NTK_LINE = { stroke: "#08306b", dash: "" } as const;
export const HESSIAN_LINE = { stroke: "#8a0f5c", dash: "7 4" } as const;
export const BOUNDARY_DASH = "3 3";
export const INTERVAL_OPACITY = 0.15;

/** The panel as an SVG fragment with its origin at the top left; `index` makes its ids unique. */
export function drawPanel(panel: FigurePanel, row: BoundaryRow, index: number): string {
  const edges = columnEdges(panel.learning_rate);
  const low = edges[0]!;
  const high = edges.at(-1)!;
  const perLog = (RIGHT - LEFT) / Math.log(high / low);
  const x: Scale = (eta) => LEFT + perLog * Math.log(eta / low);
  const share: Scale = (value) => BOTTOM - value * (BOTTOM - TOP);
  const measured = panel.ntk !== null || panel.hessian !== null;
  const parts = [
    `<clipPath id="frame${index}"><rect x="${LEFT}" y="${TOP}" width="${RIGHT - LEFT}" height="${BOTTOM - TOP}"/></clipPath>`,
    textElement(LEFT, 18, panelTitle(row), { size: TITLE, weight: "bold" }),
    `<g clip-path="url(#frame${index})">`,
    ...phaseBands(panel, edges.map(x), share),
    ...[row.eta0, row.eta1].map((summary) => intervalBand(summary, x)),
    ...(measured ? curves(panel, x) : []),
    ...[row.eta0, row.eta1].map((summary) => medianLine(summary, x)),
    "</g>",
    `<rect x="${LEFT}" y="${TOP}" width="${RIGHT - LEFT}" height="${BOTTOM - TOP}" fill="none" stroke="#333"/>`,
    ...boundaryLabels(row, x),
    ...learningRateAxis(low, high, x, FRAME),
    ...shareAxis(measured ? "right" : "left", share),
  ];
  if (measured) parts.push(...curvatureAxis(panel, row));
  return parts.filter((part) => part !== "").join("\n");
}

/** "Example 3 · logistic · width 200 · σ_w² = 0.5 · 32 seeds", the data set's name cut if need be. */
function panelTitle(row: BoundaryRow): Run[] {
  const seeds = `${row.seeds} ${row.seeds === 1 ? "seed" : "seeds"}`;
  const rest: Run[] = [
    ` · ${row.loss} · ${modelLabel(row)} · σ`,
    { sub: "w" },
    `² = ${plain(row.weight_variance)} · ${seeds}`,
  ];
  const room = PANEL_WIDTH - LEFT - textWidth(rest, TITLE);
  return [ellipsis(datasetLabel(row.dataset), room, TITLE), ...rest];
}

/** Edges between columns: geometric midpoints, and outside the same again beyond the last ones. */
function columnEdges(etas: readonly number[]): number[] {
  const first = etas[0]!;
  const last = etas.at(-1)!;
  if (etas.length === 1) return [first / 1.1, first * 1.1];
  const inner = etas.slice(1).map((eta, index) => Math.sqrt(eta * etas[index]!));
  return [first ** 2 / inner[0]!, ...inner, last ** 2 / inner.at(-1)!];
}

/** One path a phase; neighbouring columns with equal shares join, to keep the file small. */
function phaseBands(panel: FigurePanel, edges: readonly number[], share: Scale): string[] {
  const below = panel.learning_rate.map(() => 0);
  return PHASE_FILLS.map(({ phase, fill }) => {
    const shares = panel[phase];
    let path = "";
    for (let start = 0; start < shares.length; ) {
      let end = start + 1;
      while (shares[end] === shares[start] && below[end] === below[start]) end++;
      const bottom = below[start]!;
      if (shares[start]! > 0) {
        const [x0, x1] = [at(edges[start]!), at(edges[end]!)];
        path += `M${x0} ${at(share(bottom))}V${at(share(bottom + shares[start]!))}H${x1}V${at(share(bottom))}Z`;
      }
      start = end;
    }
    for (const [index, each] of shares.entries()) below[index]! += each;
    // Crisp edges: antialiased neighbours would show the white ground through every seam.
    return path === "" ? "" : `<path d="${path}" fill="${fill}" shape-rendering="crispEdges"/>`;
  });
}

/** Ribbons under lines, each line on a pale halo so that it reads on every background. */
function curves(panel: FigurePanel, x: Scale): string[] {
  const y = curvatureScale(panel).y;
  const drawn = [
    { curve: panel.hessian, ...HESSIAN_LINE },
    { curve: panel.ntk, ...NTK_LINE },
  ];
  const ribbons: string[] = [];
  const lines: string[] = [];
  for (const { curve, stroke, dash } of drawn) {
    if (curve === null) continue;
    const xs = panel.learning_rate.map(x);
    const path = runsOf(curve).map((run) => {
      const up = run.map((i) => `${at(xs[i]!)} ${at(y(curve.high[i]!))}`);
      const down = run.map((i) => `${at(xs[i]!)} ${at(y(curve.low[i]!))}`).reverse();
      return `M${[...up, ...down].join("L")}Z`;
    });
    ribbons.push(`<path d="${path.join("")}" fill="${stroke}" fill-opacity="0.2"/>`);
    // A lone point needs a length to be drawn at all: its round caps then make it a dot.
    const line = runsOf(curve).map((run) => {
      const points = run.map((i) => `${at(xs[i]!)} ${at(y(curve.median[i]!))}`);
      return `M${points.join("L")}${points.length === 1 ? "h0.01" : ""}`;
    });
    const d = line.join("");
    const dashes = dash === "" ? "" : ` stroke-dasharray="${dash}"`;
    lines.push(
      `<path d="${d}" fill="none" stroke="#fff" stroke-opacity="0.6" stroke-width="4"/>`,
      `<path d="${d}" fill="none" stroke="${stroke}" stroke-width="2" stroke-linecap="round"${dashes}/>`,
    );
  }
  return [...ribbons, ...lines];
}

/** Stretches of neighbouring columns where a curve has values. */
function runsOf(curve: Curve): number[][] {
  const runs: number[][] = [];
  for (const [index, value] of curve.median.entries()) {
    if (value === null) continue;
    if (runs.at(-1)?.at(-1) === index - 1) runs.at(-1)!.push(index);
    else runs.push([index]);
  }
  return runs;
}

/**
 * Linear scale of λ_NTK and h from 0 (or the lowest median below it). The top takes in the ribbons
 * as long as they are of the medians' size; a few runs about to diverge would flatten all the rest.
 */
function curvatureScale(panel: FigurePanel): { low: number; high: number; y: Scale } {
  const values = (pick: (curve: Curve) => readonly (number | null)[]) =>
    [panel.ntk, panel.hessian]
      .flatMap((curve) => (curve === null ? [] : pick(curve)))
      .filter((value) => value !== null)
      .sort((a, b) => a - b);
  const medians = values((curve) => curve.median);
  const typical = medians[Math.floor(0.9 * (medians.length - 1))]!;
  const highest = Math.min(medians.at(-1)!, 3 * Math.max(typical, 0) || medians.at(-1)!);
  const ribbons = values((curve) => curve.high).at(-1)!;
  const low = Math.min(0, medians[0]!);
  const reach = Math.max(highest, Math.min(ribbons, 1.4 * highest));
  const high = low + 1.06 * (reach - low || 1);
  return { low, high, y: (value) => BOTTOM - ((value - low) / (high - low)) * (BOTTOM - TOP) };
}

function intervalBand(summary: Summary, x: Scale): string {
  if (summary.median === null) return "";
  const from = Number.isFinite(summary.low) ? x(summary.low) : LEFT;
  const to = Number.isFinite(summary.high) ? x(summary.high) : RIGHT;
  return `<rect x="${at(from)}" y="${TOP}" width="${at(to - from)}" height="${BOTTOM - TOP}" fill="#000" fill-opacity="${INTERVAL_OPACITY}"/>`;
}

function medianLine(summary: Summary, x: Scale): string {
  if (summary.median === null) return "";
  return `<path d="M${at(x(summary.median))} ${TOP}V${BOTTOM}" stroke="#000" stroke-width="1.5" stroke-dasharray="${BOUNDARY_DASH}"/>`;
}

/** Labels above the frame, pushed apart where the two boundaries are close, with leader lines. */
function boundaryLabels(row: BoundaryRow, x: Scale): string[] {
  const labels = [
    { name: "0", summary: row.eta0 },
    { name: "1", summary: row.eta1 },
  ].map(({ name, summary }) => {
    const runs: Run[] = ["η", { sub: name }, ` ${boundaryText(summary, row)}`];
    const width = textWidth(runs, TEXT);
    const foot = summary.median === null ? null : x(summary.median);
    const beyond = summary.median_beyond === "below" ? LEFT : RIGHT;
    return { runs, width, foot, center: clamp(foot ?? beyond, width) };
  });
  const [first, second] = labels as [(typeof labels)[number], (typeof labels)[number]];
  const overlap = (first.width + second.width) / 2 + 10 - (second.center - first.center);
  if (overlap > 0) {
    first.center = clamp(first.center - overlap / 2, first.width);
    second.center = clamp(second.center + overlap / 2, second.width);
    // One of them may have met the edge of the frame; the other then makes all the room.
    const apart = (first.width + second.width) / 2 + 10;
    if (second.center - first.center < apart) {
      if (first.center - first.width / 2 <= LEFT) second.center = first.center + apart;
      else first.center = second.center - apart;
    }
  }
  return labels.flatMap(({ runs, foot, center }) => [
    textElement(center, TOP - 18, runs, { size: TEXT, anchor: "middle" }),
    foot === null
      ? ""
      : `<path d="M${at(center)} ${TOP - 12}L${at(foot)} ${TOP}" stroke="#000" stroke-width="1"/>`,
  ]);
}

function clamp(center: number, width: number): number {
  return Math.min(Math.max(center, LEFT + width / 2), RIGHT - width / 2);
}

function boundaryText(summary: Summary, row: BoundaryRow): string {
  const middle = medianText(summary, row.grid_range);
  if (summary.median === null) return middle === "?" ? "beyond the grid" : middle;
  const end = (value: number) =>
    Number.isFinite(value) ? significant(value, 4) : value < 0 ? "below" : "above";
  return `= ${middle} [${end(summary.low)}, ${end(summary.high)}]`;
}

function curvatureAxis(panel: FigurePanel, row: BoundaryRow): string[] {
  const { low, high, y } = curvatureScale(panel);
  const names: Run[] = [];
  if (panel.ntk !== null) names.push("λ", { sub: "NTK" });
  if (panel.hessian !== null) names.push(names.length > 0 ? ", h" : "h");
  names.push(row.steps === null ? " at the end" : ` at step ${row.steps}`);
  return [
    ...linearTicks(low, high, 5).flatMap((tick) => yTick("left", y(tick), tickLabel(tick), FRAME)),
    yName(names, 14, FRAME),
  ];
}

function shareAxis(side: "left" | "right", share: Scale): string[] {
  const ticks = [0, 0.25, 0.5, 0.75, 1];
  return [
    ...ticks.flatMap((tick) => yTick(side, share(tick), `${plain(tick * 100)} %`, FRAME)),
    yName(["share of seeds in each phase"], side === "left" ? 14 : PANEL_WIDTH - 6, FRAME),
  ];
}
