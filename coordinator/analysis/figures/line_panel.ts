/** One panel of curves with a key beside it. Pure; lengths are in pixels. */
import type { Phase } from "../../../shared/phases.ts";
import { linearTicks, logTicks, tickLabel } from "./axis_ticks.ts";
import { type Frame, type Scale, AXIS_TEXT as TEXT, yName, yTick } from "./panel_axes.ts";
import { coordinate as at, type Run, textElement, textWidth } from "./svg_text.ts";

export interface PanelAxis {
  readonly name: readonly Run[];
  readonly range: readonly [number, number];
  readonly scale: "linear" | "log";
}

export interface LineStyle {
  readonly stroke: string;
  readonly dash: string;
}

export interface PanelLine extends LineStyle {
  readonly points: readonly (readonly [number, number])[];
  /** What the key calls it; none leaves it out. */
  readonly name?: readonly Run[];
  /** Points that get a marker of their own, filled or hollow. */
  readonly marks?: readonly {
    readonly point: readonly [number, number];
    readonly filled: boolean;
  }[];
}

export interface LinePanel {
  readonly title: readonly Run[];
  readonly x: PanelAxis;
  readonly y: PanelAxis;
  readonly lines: readonly PanelLine[];
  readonly width: number;
  readonly height: number;
  /** Room for the key to the right of the frame; 0 where the lines have no names. */
  readonly key_width: number;
}

/** A dash and a scale of lightness for each phase, so that no colour is needed to tell them. */
const PHASE_LINES: Readonly<
  Record<Phase, { readonly dash: string; readonly strokes: readonly string[] }>
> = {
  lazy: { dash: "", strokes: ["#9ecae1", "#5aa1cf", "#2171b5", "#08306b"] },
  catapult: { dash: "7 3", strokes: ["#f0a04b", "#d9730d", "#a34a00", "#6b2d00"] },
  divergent: { dash: "2 3", strokes: ["#555", "#000"] },
  unsettled: { dash: "9 3 2 3", strokes: ["#a89b2b", "#7a6f00", "#4d4600"] },
};

/** Style of the `index`th of `count` lines of a phase: darker from line to line. */
export function phaseLine(phase: Phase, index: number, count: number): LineStyle {
  const { dash, strokes } = PHASE_LINES[phase];
  const place = count < 2 ? strokes.length - 1 : (index / (count - 1)) * (strokes.length - 1);
  return { dash, stroke: strokes[Math.round(place)]! };
}

const MARKERS = 7;
const KEY_LINE = 18;

/** The panel as an SVG fragment with its origin at the top left; `index` makes its ids unique. */
export function drawLinePanel(panel: LinePanel, index: number): string {
  const frame: Frame = {
    left: 62,
    right: panel.width - panel.key_width - 12,
    top: 30,
    bottom: panel.height - 46,
  };
  const { left, right, top, bottom } = frame;
  const x = scaleOf(panel.x, left, right);
  const y = scaleOf(panel.y, bottom, top);
  const id = `lines${index}`;
  return [
    `<clipPath id="${id}"><rect x="${left}" y="${top}" width="${right - left}" height="${bottom - top}"/></clipPath>`,
    textElement(left, 18, panel.title, { size: 14, weight: "bold" }),
    `<g clip-path="url(#${id})">`,
    ...zeroLine(panel.y, y, frame),
    ...panel.lines.map((line) => path(line, x, y, frame)),
    ...panel.lines.map((line, number) => markers(line, number, x, y, frame)),
    "</g>",
    `<rect x="${left}" y="${top}" width="${right - left}" height="${bottom - top}" fill="none" stroke="#333"/>`,
    ...xTicks(panel.x, x, frame),
    ...ticksOf(panel.y, 5, () => true).flatMap((tick) =>
      yTick("left", y(tick), tickLabel(tick), frame),
    ),
    yName(panel.y.name, 14, frame),
    ...key(panel.lines, right + 12, top),
  ]
    .filter((part) => part !== "")
    .join("\n");
}

function scaleOf({ range, scale }: PanelAxis, from: number, to: number): Scale {
  const map = (value: number) => (scale === "log" ? Math.log(value) : value);
  const [low, high] = [map(range[0]), map(range[1])];
  // What lies far outside is cut anyway, and some renderers cannot hold its coordinates.
  const beyond = 2 * Math.abs(to - from);
  const [least, most] = [Math.min(from, to) - beyond, Math.max(from, to) + beyond];
  return (value) => {
    if (scale === "log" && !(value > 0)) return from < to ? least : most;
    const pixel = from + ((map(value) - low) / (high - low)) * (to - from);
    return Math.min(Math.max(pixel, least), most);
  };
}

function ticksOf(
  { range: [low, high], scale }: PanelAxis,
  wanted: number,
  fits: (ticks: readonly number[]) => boolean,
): number[] {
  return scale === "log"
    ? logTicks(low, high, (ticks) => ticks.length <= wanted + 2 && fits(ticks))
    : linearTicks(low, high, wanted);
}

function xTicks(axis: PanelAxis, x: Scale, { left, right, bottom }: Frame): string[] {
  return [
    ...ticksOf(axis, 5, () => true).flatMap((tick) => [
      `<path d="M${at(x(tick))} ${bottom}v5" stroke="#333"/>`,
      textElement(x(tick), bottom + 19, [tickLabel(tick)], { size: TEXT, anchor: "middle" }),
    ]),
    textElement((left + right) / 2, bottom + 37, axis.name, { size: TEXT + 1, anchor: "middle" }),
  ];
}

function zeroLine({ range: [low, high], scale }: PanelAxis, y: Scale, frame: Frame): string[] {
  if (scale === "log" || low >= 0 || high <= 0) return [];
  return [`<path d="M${frame.left} ${at(y(0))}H${frame.right}" stroke="#999"/>`];
}

function path({ points, stroke, dash }: PanelLine, x: Scale, y: Scale, frame: Frame): string {
  const finite = points.filter(([, value]) => !Number.isNaN(value));
  let d = "";
  let last: readonly [number, number] | undefined;
  for (const [i, [horizontal, vertical]] of finite.entries()) {
    const pixel = [x(horizontal), y(vertical)] as const;
    const near = last !== undefined && Math.hypot(pixel[0] - last[0], pixel[1] - last[1]) < 0.4;
    if (near && i < finite.length - 1) continue;
    d += `${d === "" ? "M" : "L"}${at(pixel[0])} ${at(pixel[1])}`;
    last = pixel;
    if (pixel[0] > frame.right + 40) break;
  }
  const dashes = dash === "" ? "" : ` stroke-dasharray="${dash}"`;
  return `<path d="${d}" fill="none" stroke="${stroke}" stroke-width="1.8" stroke-linejoin="round"${dashes}/>`;
}

/** A line's own shape at a few places, set off against its neighbours'; or the marks it asks for. */
function markers(line: PanelLine, number: number, x: Scale, y: Scale, frame: Frame): string {
  if (line.marks !== undefined) {
    return line.marks
      .map(({ point, filled }) => {
        const fill = filled ? line.stroke : "#fff";
        return `<circle cx="${at(x(point[0]))}" cy="${at(y(point[1]))}" r="4.5" fill="${fill}" stroke="${line.stroke}" stroke-width="1.6"/>`;
      })
      .join("");
  }
  if (line.name === undefined) return "";
  const span = (frame.right - frame.left) / MARKERS;
  const places = line.points.filter(([horizontal], i) => {
    const before = i === 0 ? -1 : slot(x(line.points[i - 1]![0]), number, span, frame);
    return slot(x(horizontal), number, span, frame) > before;
  });
  return places
    .filter(([, value]) => Number.isFinite(value))
    .map(([horizontal, vertical]) => shape(number, x(horizontal), y(vertical), line.stroke))
    .join("");
}

function slot(pixel: number, number: number, span: number, frame: Frame): number {
  return Math.floor((pixel - frame.left - ((number % 5) / 5) * span) / span);
}

/** One of eight shapes of some 7 pixels. */
function shape(number: number, x: number, y: number, stroke: string): string {
  const shapes = [
    `M${at(x - 3)} ${at(y)}a3 3 0 1 0 6 0a3 3 0 1 0 -6 0Z`,
    `M${at(x - 3)} ${at(y - 3)}h6v6h-6Z`,
    `M${at(x)} ${at(y - 4)}l4 7h-8Z`,
    `M${at(x)} ${at(y - 4.4)}l4.4 4.4l-4.4 4.4l-4.4 -4.4Z`,
    `M${at(x)} ${at(y + 4)}l4 -7h-8Z`,
    `M${at(x - 3.5)} ${at(y - 3.5)}l7 7m0 -7l-7 7`,
    `M${at(x - 4)} ${at(y)}h8m-4 -4v8`,
    `M${at(x - 4.5)} ${at(y - 1.8)}h9v3.6h-9Z`,
  ];
  return `<path d="${shapes[number % shapes.length]}" fill="#fff" stroke="${stroke}" stroke-width="1.2"/>`;
}

function key(lines: readonly PanelLine[], x: number, top: number): string[] {
  let y = top + 8;
  return lines.flatMap((line, number) => {
    if (line.name === undefined) return [];
    const dashes = line.dash === "" ? "" : ` stroke-dasharray="${line.dash}"`;
    const sample = `<path d="M${x} ${y}h26" stroke="${line.stroke}" stroke-width="1.8"${dashes}/>`;
    const mark = line.marks === undefined ? shape(number, x + 13, y, line.stroke) : "";
    const text = textElement(x + 32, y + 4, line.name, { size: TEXT });
    y += KEY_LINE;
    return [sample, mark, text];
  });
}

/** Room that a key with these names takes. */
export function keyWidth(names: readonly (readonly Run[])[]): number {
  return 40 + Math.max(0, ...names.map((name) => textWidth(name, TEXT)));
}
