/** One panel of the accuracy figure: a network on a data set, one curve a training schedule. Pure. */
import type { AccuracyGroup, AccuracyPoint } from "../accuracy.ts";
import type { BoundaryRow } from "../boundaries/boundaries.ts";
import { datasetLabel, modelLabel, plain } from "../labels.ts";
import { linearTicks } from "./axis_ticks.ts";
import { AXIS_TEXT, type Frame, learningRateAxis, type Scale, yName, yTick } from "./panel_axes.ts";
import { PHASE_FILLS } from "./phase_panel.ts";
import { coordinate as at, ellipsis, type Run, textElement, textWidth } from "./svg_text.ts";

/** Outer width of a panel in pixels; its height grows with its curves. */
export const ACCURACY_PANEL_WIDTH = 570;
const LEFT = 66;
const RIGHT = ACCURACY_PANEL_WIDTH - 14;
const TOP = 94;
const PLOT_BOTTOM = 359;
/** Room of one strip of phases, and the strip itself. */
const STRIP_STEP = 20;
const STRIP = 14;
const TITLE = 14;

/** How a curve is drawn. */
interface CurveStyle {
  readonly stroke: string;
  readonly dash: string;
  readonly marker: "circle" | "square" | "triangle" | "diamond";
}

/** Colours that stay apart for colour-blind eyes, each with a dash and a marker of its own. */
export const CURVE_STYLES: readonly CurveStyle[] = [
  { stroke: "#1a1a1a", dash: "", marker: "circle" },
  { stroke: "#0072b2", dash: "7 3", marker: "square" },
  { stroke: "#c44e00", dash: "2 3", marker: "triangle" },
  { stroke: "#00795b", dash: "9 3 2 3", marker: "diamond" },
];

/** A group and where its phases change. */
export interface AccuracyCurve {
  readonly group: AccuracyGroup;
  readonly row: BoundaryRow;
}

/** Ranges of both axes, which the panels of a data set share; accuracies in [0, 1]. */
export interface AccuracyAxes {
  readonly rates: readonly [number, number];
  readonly accuracies: readonly [number, number];
}

/** Height of a panel with room for this many curves. */
export function accuracyPanelHeight(curves: number): number {
  return PLOT_BOTTOM + curves * STRIP_STEP + 56;
}

/**
 * The panel as an SVG fragment with its origin at the top left; `index` makes its ids unique. At
 * most CURVE_STYLES.length curves.
 */
export function drawAccuracyPanel(
  curves: readonly AccuracyCurve[],
  axes: AccuracyAxes,
  index: number,
): string {
  const [lowest, highest] = axes.rates;
  // Half a column at either end, so that no marker or strip is cut by the frame.
  const margin = (highest / lowest) ** 0.03;
  const [low, high] = [lowest / margin, highest * margin];
  const perLog = (RIGHT - LEFT) / Math.log(high / low);
  const x: Scale = (eta) => LEFT + perLog * Math.log(eta / low);
  const [floor, ceiling] = axes.accuracies;
  const y: Scale = (value) =>
    PLOT_BOTTOM - ((value - floor) / (ceiling - floor)) * (PLOT_BOTTOM - TOP);
  const plot: Frame = { left: LEFT, right: RIGHT, top: TOP, bottom: PLOT_BOTTOM };
  const whole: Frame = { ...plot, bottom: PLOT_BOTTOM + curves.length * STRIP_STEP + 4 };
  const styled = curves.map((curve, index) => ({ ...curve, style: CURVE_STYLES[index]! }));
  const accuracyTicks = linearTicks(floor, ceiling, 6);
  return [
    `<clipPath id="plot${index}"><rect x="${LEFT}" y="${TOP}" width="${RIGHT - LEFT}" height="${PLOT_BOTTOM - TOP}"/></clipPath>`,
    ...panelTitle(curves[0]!),
    ...curveKey(styled),
    ...accuracyTicks.map(
      (tick) => `<path d="M${LEFT} ${at(y(tick))}H${RIGHT}" stroke="#ddd" stroke-width="0.7"/>`,
    ),
    ...styled.flatMap(({ row, style }) => boundaryLines(row, style, x)),
    ...boundaryNames(curves, x),
    `<g clip-path="url(#plot${index})">`,
    ...styled.map(({ group, style }) => errorBand(group.points, style, x, y)),
    ...styled.map(({ group, style }) => line(group.points, style, x, y)),
    ...styled.flatMap(({ group, style }) => markers(group, style, x, y)),
    "</g>",
    ...styled.flatMap(({ group, style }, place) => rings(group, style, 7.5 + 2.5 * place, x, y)),
    ...styled.flatMap(({ group, row, style }, index) =>
      phaseStrip(group.points, row, style, PLOT_BOTTOM + 4 + index * STRIP_STEP, x),
    ),
    `<rect x="${LEFT}" y="${TOP}" width="${RIGHT - LEFT}" height="${PLOT_BOTTOM - TOP}" fill="none" stroke="#333"/>`,
    ...learningRateAxis(low, high, x, whole),
    ...accuracyTicks.flatMap((tick) => yTick("left", y(tick), `${plain(tick * 100)} %`, plot)),
    yName(["test accuracy"], 14, plot),
  ].join("\n");
}

/** Data set and loss, cut if need be, and below them the network. */
function panelTitle({ group, row }: AccuracyCurve): string[] {
  const room = RIGHT - LEFT - textWidth([` · ${row.loss}`], TITLE);
  const title = `${ellipsis(datasetLabel(row.dataset), room, TITLE)} · ${row.loss}`;
  const network: Run[] = [
    `${modelLabel(row)}, σ`,
    { sub: "w" },
    `² = ${plain(row.weight_variance)}`,
  ];
  if (group.bias_variance !== null) {
    network.push(", σ", { sub: "b" }, `² = ${plain(group.bias_variance)}`);
  }
  if (group.input_scale !== 1) network.push(", s", { sub: "in" }, ` = ${plain(group.input_scale)}`);
  return [
    textElement(LEFT, 18, [title], { size: TITLE, weight: "bold" }),
    textElement(LEFT, 36, network, { size: AXIS_TEXT }),
  ];
}

/** Which curve is which, in one or two lines above the frame. */
function curveKey(curves: readonly (AccuracyCurve & { style: CurveStyle })[]): string[] {
  const lines: string[][] = [];
  let x = Number.POSITIVE_INFINITY;
  for (const { group, style } of curves) {
    const width = 50 + textWidth([group.training], AXIS_TEXT);
    if (x + width > RIGHT) {
      lines.push([]);
      x = LEFT;
    }
    lines
      .at(-1)!
      .push(
        `<path d="M${at(x)} -4h30" ${strokeOf(style)} stroke-width="2"/>`,
        marker(style, x + 15, -4, style.stroke),
        textElement(x + 36, 0, [group.training], { size: AXIS_TEXT }),
      );
    x += width;
  }
  const top = lines.length === 1 ? 62 : 55;
  return lines.map(
    (line, index) => `<g transform="translate(0 ${top + index * 17})">${line.join("")}</g>`,
  );
}

function strokeOf({ stroke, dash }: CurveStyle): string {
  return `fill="none" stroke="${stroke}"${dash === "" ? "" : ` stroke-dasharray="${dash}"`}`;
}

/** η0 and η1 of a curve, thin, in its own dash. */
function boundaryLines({ eta0, eta1 }: BoundaryRow, style: CurveStyle, x: Scale): string[] {
  return [eta0.median, eta1.median].flatMap((median) =>
    median === null
      ? []
      : [`<path d="M${at(x(median))} ${TOP}V${PLOT_BOTTOM}" ${strokeOf(style)} opacity="0.75"/>`],
  );
}

/** The names of the boundaries above the frame, one for lines that stand close together. */
function boundaryNames(curves: readonly AccuracyCurve[], x: Scale): string[] {
  return (["eta0", "eta1"] as const).flatMap((name) => {
    const feet = curves
      .flatMap(({ row }) => (row[name].median === null ? [] : [x(row[name].median)]))
      .sort((a, b) => a - b);
    const close: number[][] = [];
    for (const foot of feet) {
      if (foot - (close.at(-1)?.at(-1) ?? Number.NEGATIVE_INFINITY) < 24) close.at(-1)!.push(foot);
      else close.push([foot]);
    }
    const runs: Run[] = ["η", { sub: name.slice(-1) }];
    return close.map((group) =>
      textElement((group[0]! + group.at(-1)!) / 2, TOP - 5, runs, {
        size: AXIS_TEXT,
        anchor: "middle",
      }),
    );
  });
}

/** Stretches of neighbouring points where not every seed diverged. */
function stretches(points: readonly AccuracyPoint[]): Measured[][] {
  const found: Measured[][] = [[]];
  for (const point of points) {
    if (point.accuracy === null) found.push([]);
    else found.at(-1)!.push({ ...point, ...point.accuracy });
  }
  return found.filter((stretch) => stretch.length > 0);
}

type Measured = AccuracyPoint & { readonly mean: number; readonly standard_error: number | null };

function errorBand(
  points: readonly AccuracyPoint[],
  { stroke }: CurveStyle,
  x: Scale,
  y: Scale,
): string {
  const path = stretches(points).map((stretch) => {
    const edge = (sign: number) =>
      stretch.map(
        ({ learning_rate, mean, standard_error }) =>
          `${at(x(learning_rate))} ${at(y(mean + sign * (standard_error ?? 0)))}`,
      );
    return `M${[...edge(1), ...edge(-1).reverse()].join("L")}Z`;
  });
  return `<path d="${path.join("")}" fill="${stroke}" fill-opacity="0.18"/>`;
}

function line(points: readonly AccuracyPoint[], style: CurveStyle, x: Scale, y: Scale): string {
  const path = stretches(points).map(
    (stretch) =>
      `M${stretch.map(({ learning_rate, mean }) => `${at(x(learning_rate))} ${at(y(mean))}`).join("L")}`,
  );
  return `<path d="${path.join("")}" ${strokeOf(style)} stroke-width="2"/>`;
}

/** A marker each point, hollow where seeds diverged. */
function markers({ points }: AccuracyGroup, style: CurveStyle, x: Scale, y: Scale): string[] {
  // More markers than a line has room for would only make it thick.
  if (points.length > 64) return [];
  return points.flatMap(({ learning_rate, accuracy, shares }) => {
    if (accuracy === null) return [];
    const fill = shares.divergent > 0 ? "#fff" : style.stroke;
    return [marker(style, x(learning_rate), y(accuracy.mean), fill)];
  });
}

/** A ring around the best of each phase; radii differ, as curves may share their best point. */
function rings(
  { best_lazy, best_catapult }: AccuracyGroup,
  { stroke }: CurveStyle,
  radius: number,
  x: Scale,
  y: Scale,
): string[] {
  return [best_lazy, best_catapult].flatMap((point) => {
    // Unlike curves, rings are not cut by the frame, at whose ends the best may lie.
    if (point === null || y(point.accuracy!.mean) > PLOT_BOTTOM) return [];
    const [cx, cy] = [at(x(point.learning_rate)), at(y(point.accuracy!.mean))];
    return [
      `<circle cx="${cx}" cy="${cy}" r="${radius}" fill="none" stroke="${stroke}" stroke-width="1.6"/>`,
    ];
  });
}

/** A marker of some 8 pixels about (x, y). */
export function marker(style: CurveStyle, x: number, y: number, fill: string): string {
  const shapes: Record<CurveStyle["marker"], string> = {
    circle: `M${at(x - 3.5)} ${at(y)}a3.5 3.5 0 1 0 7 0a3.5 3.5 0 1 0 -7 0Z`,
    square: `M${at(x - 3.2)} ${at(y - 3.2)}h6.4v6.4h-6.4Z`,
    triangle: `M${at(x)} ${at(y - 4.4)}l4.2 7.4h-8.4Z`,
    diamond: `M${at(x)} ${at(y - 4.6)}l4.6 4.6l-4.6 4.6l-4.6 -4.6Z`,
  };
  return `<path d="${shapes[style.marker]}" fill="${fill}" stroke="${style.stroke}" stroke-width="1.2"/>`;
}

/** A strip of a curve's phases: at each η the shares of the seeds, stacked, with η0 and η1 marked. */
function phaseStrip(
  points: readonly AccuracyPoint[],
  { eta0, eta1 }: BoundaryRow,
  style: CurveStyle,
  top: number,
  x: Scale,
): string[] {
  const centres = points.map(({ learning_rate }) => x(learning_rate));
  const halves = centres.slice(1).map((centre, index) => (centre + centres[index]!) / 2);
  const edges = [centres[0]! - 5, ...halves, centres.at(-1)! + 5];
  const below = points.map(() => 0);
  const bands = PHASE_FILLS.map(({ phase, fill }) => {
    let path = "";
    for (const [index, { shares }] of points.entries()) {
      const share = shares[phase];
      if (share === 0) continue;
      const foot = top + STRIP * (1 - below[index]!);
      below[index]! += share;
      path += `M${at(edges[index]!)} ${at(foot)}v${at(-STRIP * share)}H${at(edges[index + 1]!)}v${at(STRIP * share)}Z`;
    }
    return path === "" ? "" : `<path d="${path}" fill="${fill}" shape-rendering="crispEdges"/>`;
  });
  const marks = [eta0.median, eta1.median].flatMap((median) =>
    median === null ? [] : [`<path d="M${at(x(median))} ${top}v${STRIP}" stroke="#000"/>`],
  );
  return [
    ...bands.filter((band) => band !== ""),
    ...marks,
    marker(style, LEFT - 12, top + STRIP / 2, style.stroke),
  ];
}
