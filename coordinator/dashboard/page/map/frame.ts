import type { GroupBoundaries, LiveBoundaries, LiveBoundary } from "../../messages.ts";
import { plain } from "../parts/format.ts";
import { intervalAt, positionOf, ticksOf, valueAt } from "./axis.ts";
import type { MapModel } from "./map_model.ts";
import type { Viewport } from "./viewport.ts";

/** Colours of what is drawn around and over the cells, as the page's style has them. */
export interface Ink {
  readonly ground: string;
  readonly text: string;
  readonly muted: string;
  /** Size of letters, in CSS pixels. */
  readonly font_px: number;
}

/** The frame of the cells within a canvas, in CSS pixels. */
export interface Frame {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** Points of a line along rows. */
const LINE_POINTS_MAX = 500;

function fontOf({ font_px }: Ink): string {
  return `${font_px}px system-ui, "Liberation Sans", Arial, sans-serif`;
}

/** Draws ticks, their labels and the names of both axes. */
export function drawAxes(
  context: CanvasRenderingContext2D,
  { left, top, width, height }: Frame,
  model: MapModel,
  view: Viewport,
  ink: Ink,
): void {
  const bottom = top + height;
  context.font = fontOf(ink);
  context.lineWidth = 1;
  context.strokeStyle = ink.muted;
  context.fillStyle = ink.muted;
  context.strokeRect(left - 0.5, top - 0.5, width + 1, height + 1);
  context.beginPath();
  const low = valueAt(model.x, view.x_low);
  const high = valueAt(model.x, view.x_high);
  context.textAlign = "center";
  context.textBaseline = "top";
  for (const tick of ticksOf(model.x, low, high, Math.max(2, width / (4.6 * ink.font_px)))) {
    const x = Math.round(left + xPart(model, view, tick) * width) + 0.5;
    context.moveTo(x, bottom + 1);
    context.lineTo(x, bottom + 6);
    context.fillText(plain(tick), x, bottom + 9);
  }
  context.textAlign = "right";
  context.textBaseline = "middle";
  for (const { value, position } of yTicks(
    model,
    view,
    Math.max(2, height / (2.8 * ink.font_px)),
  )) {
    const part = (position - view.y_low) / (view.y_high - view.y_low);
    const y = Math.round(bottom - part * height) + 0.5;
    context.moveTo(left - 1, y);
    context.lineTo(left - 6, y);
    context.fillText(plain(value), left - 9, y);
  }
  context.stroke();
  context.fillStyle = ink.text;
  context.textAlign = "center";
  context.textBaseline = "alphabetic";
  context.fillText("learning rate η", left + width / 2, bottom + 3.3 * ink.font_px);
  context.save();
  context.translate(ink.font_px + 2, top + height / 2);
  context.rotate(-Math.PI / 2);
  context.fillText(model.y.label, 0, 0);
  context.restore();
}

function xPart(model: MapModel, view: Viewport, value: number): number {
  return (positionOf(model.x, value) - view.x_low) / (view.x_high - view.x_low);
}

/** Seeds are ticked by row, of which many may have no tick; values as on any axis. */
function yTicks({ y, values }: MapModel, view: Viewport, wanted: number) {
  if (!y.is_seeds) {
    const low = valueAt(y, view.y_low);
    const high = valueAt(y, view.y_high);
    return ticksOf(y, low, high, wanted).map((value) => ({
      value,
      position: positionOf(y, value),
    }));
  }
  const low = Math.max(0, Math.ceil(view.y_low));
  const high = Math.min(values.length - 1, Math.floor(view.y_high));
  const rows = ticksOf({ is_log: false }, low, Math.max(low + 1, high), wanted);
  return rows
    .filter((row) => Number.isInteger(row) && row <= high)
    .map((row) => ({ value: values[row]!, position: row }));
}

/** Draws η0 and η1: of a shape group as lines with their interval, of a plane along its rows. */
export function drawBoundaries(
  context: CanvasRenderingContext2D,
  frame: Frame,
  model: MapModel,
  view: Viewport,
  rows: readonly (GroupBoundaries | undefined)[],
): void {
  const { left, top, width, height } = frame;
  context.save();
  context.beginPath();
  context.rect(left, top, width, height);
  context.clip();
  for (const name of ["eta0", "eta1"] as const) {
    const points = model.y.is_seeds
      ? acrossAll(rows, name, view)
      : alongRows(model, rows, name, view);
    drawBoundary(context, points, name, (value, position) => ({
      x: left + xPart(model, view, value) * width,
      y: top + ((view.y_high - position) / (view.y_high - view.y_low)) * height,
    }));
  }
  context.restore();
}

interface Point {
  readonly boundary: LiveBoundary;
  readonly position: number;
}

function acrossAll(
  [group]: readonly (GroupBoundaries | undefined)[],
  name: "eta0" | "eta1",
  view: Viewport,
): Point[] {
  if (group === undefined) return [];
  return [view.y_low, view.y_high].map((position) => ({ boundary: group[name], position }));
}

/** Rows in view, evenly spaced where there are more than a line has use for. */
function alongRows(
  model: MapModel,
  rows: readonly (GroupBoundaries | undefined)[],
  name: "eta0" | "eta1",
  view: Viewport,
): Point[] {
  const first = Math.max(0, intervalAt(model.row_edges, view.y_low) - 1);
  const end = Math.min(rows.length, intervalAt(model.row_edges, view.y_high) + 2);
  const stride = Math.ceil((end - first) / LINE_POINTS_MAX);
  const points: Point[] = [];
  for (let row = first - (first % stride); row < end; row += stride) {
    const boundary = rows[row]?.[name];
    const position = positionOf(model.y, model.values[row]!);
    if (boundary !== undefined) points.push({ boundary, position });
  }
  return points;
}

/** Boundaries of the rows of a plane; of a map over seeds those of its group alone. */
export function boundariesOfRows(
  { y, shape_group_of_row }: MapModel,
  { groups }: LiveBoundaries,
): readonly (GroupBoundaries | undefined)[] {
  if (y.is_seeds) return groups.slice(0, 1);
  const byGroup = new Map(groups.map((each) => [each.shape_group, each]));
  return shape_group_of_row.map((shape_group) => byGroup.get(shape_group));
}

/** A dark line on a light one shows on every phase; η1 is dashed, so that two lines are told apart. */
function drawBoundary(
  context: CanvasRenderingContext2D,
  points: readonly Point[],
  name: "eta0" | "eta1",
  place: (value: number, position: number) => { readonly x: number; readonly y: number },
): void {
  const ranged = points.filter(({ boundary: { low, high } }) => low !== null && high !== null);
  if (ranged.length > 1) {
    context.beginPath();
    for (const { boundary, position } of ranged) lineTo(context, place(boundary.low!, position));
    for (const { boundary, position } of ranged.toReversed()) {
      lineTo(context, place(boundary.high!, position));
    }
    context.closePath();
    context.fillStyle = "rgb(128 128 128 / 38%)";
    context.fill();
  }
  context.beginPath();
  let isDown = false;
  for (const { boundary, position } of points) {
    if (boundary.median === null) {
      isDown = false;
      continue;
    }
    const { x, y } = place(boundary.median, position);
    if (isDown) context.lineTo(x, y);
    else context.moveTo(x, y);
    isDown = true;
  }
  context.setLineDash([]);
  context.strokeStyle = "rgb(255 255 255 / 90%)";
  context.lineWidth = 4;
  context.stroke();
  context.setLineDash(name === "eta0" ? [] : [7, 4]);
  context.strokeStyle = "#000";
  context.lineWidth = 1.6;
  context.stroke();
  context.setLineDash([]);
}

function lineTo(context: CanvasRenderingContext2D, { x, y }: { x: number; y: number }): void {
  context.lineTo(x, y);
}

/** Names of the boundaries above the frame, kept apart where both lie close together. */
export function drawBoundaryNames(
  context: CanvasRenderingContext2D,
  { left, top, width }: Frame,
  model: MapModel,
  view: Viewport,
  [group]: readonly (GroupBoundaries | undefined)[],
  ink: Ink,
): void {
  if (!model.y.is_seeds) return;
  context.font = `600 ${fontOf(ink)}`;
  context.fillStyle = ink.text;
  context.textBaseline = "alphabetic";
  const medians = [group?.eta0.median ?? null, group?.eta1.median ?? null];
  const xs = medians.map((median) =>
    median === null ? null : left + xPart(model, view, median) * width,
  );
  const isClose = xs[0] != null && xs[1] != null && xs[1] - xs[0] < 30;
  for (const [index, x] of xs.entries()) {
    if (x === null || x < left || x > left + width) continue;
    context.textAlign = isClose ? (index === 0 ? "right" : "left") : "center";
    context.fillText(
      index === 0 ? "η₀" : "η₁",
      x + (isClose ? (index === 0 ? -2 : 2) : 0),
      top - 7,
    );
  }
}
