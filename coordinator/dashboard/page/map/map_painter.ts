import type { LiveBoundaries } from "../../messages.ts";
import type { ChangedCells } from "../live/sweep_data.ts";
import { FailedCells } from "./failed_cells.ts";
import {
  boundariesOfRows,
  drawAxes,
  drawBoundaries,
  drawBoundaryNames,
  type Frame,
  type Ink,
} from "./frame.ts";
import { type MapModel, rowsTouched, type Spot } from "./map_model.ts";
import { Raster } from "./raster.ts";
import { type Extent, isWhole, panned, type Viewport, within } from "./viewport.ts";

/** Time of a frame that drawing may take; what is left over is drawn in the next one. */
const SLICE_MS = 7;
/** Room for ticks and names around the cells, in sizes of letters. */
const MARGIN = { left: 5.2, top: 2, right: 1.2, bottom: 4 };

/** What a failed cell is wide and high at least, in CSS pixels. */
const MARK_PX = 2;

/** What a painter needs of its page; tests give their own. */
export interface Frames {
  /** Calls back before the next frame. */
  readonly request: (callback: () => void) => void;
  readonly now_ms: () => number;
}

/** Two corners, in CSS pixels of the canvas. */
export interface Box {
  readonly x: number;
  readonly y: number;
  readonly to_x: number;
  readonly to_y: number;
}

/**
 * Paints a map on a canvas. While a view is not drawn yet the one before is shown in its place,
 * moved and stretched, so that panning and zooming never wait for millions of cells; cells that
 * come in redraw the rows of pixels that they lie in.
 */
export class MapPainter {
  readonly #canvas: HTMLCanvasElement;
  readonly #frames: Frames;
  /** What is shown, and where it is kept as pixels. */
  #shown: { readonly raster: Raster; readonly canvas: HTMLCanvasElement } | null = null;
  /** What is being drawn, down to the row of pixels. */
  #drawn: { readonly raster: Raster; next: number } | null = null;
  #dirty: Uint8Array = new Uint8Array();
  #isDirty = false;
  #isAsked = false;
  #model: MapModel | null = null;
  #states: Uint8Array = new Uint8Array();
  #failed = new FailedCells(this.#states);
  #palette: Uint32Array = new Uint32Array();
  #ink: Ink = { ground: "#fff", text: "#000", muted: "#555", font_px: 12 };
  #boundaries: LiveBoundaries | null = null;
  /** Of the rows of the model. */
  #row_boundaries: ReturnType<typeof boundariesOfRows> = [];
  #spot: Spot | null = null;
  #box: Box | null = null;
  #size = { width: 0, height: 0, ratio: 1 };
  view: Viewport = { x_low: 0, x_high: 1, y_low: 0, y_high: 1 };

  constructor(canvas: HTMLCanvasElement, frames: Frames) {
    this.#canvas = canvas;
    this.#frames = frames;
  }

  get extent(): Extent {
    const model = this.#model!;
    const { row_edges, values, rates } = model;
    return {
      ...{ x_low: model.x_low, x_high: model.x_high, columns: rates, rows: values.length },
      ...{ y_low: row_edges[0]!, y_high: row_edges[row_edges.length - 1]! },
    };
  }

  get frame(): Frame {
    const { font_px } = this.#ink;
    const left = Math.round(MARGIN.left * font_px);
    const top = Math.round(MARGIN.top * font_px);
    return {
      ...{ left, top },
      width: Math.max(1, Math.round(this.#size.width - left - MARGIN.right * font_px)),
      height: Math.max(1, Math.round(this.#size.height - top - MARGIN.bottom * font_px)),
    };
  }

  /** Pixels of the canvas that a failed cell is wide and high at least. */
  get #mark(): number {
    return MARK_PX * Math.max(1, Math.round(this.#size.ratio));
  }

  /** Shows another map; `keepsView`: the same one with other cells, as after a round. */
  setModel(model: MapModel, states: Uint8Array, keepsView: boolean): void {
    this.#model = model;
    this.#states = states;
    this.#failed = new FailedCells(states);
    this.view = keepsView ? within(this.view, this.extent) : this.extent;
    if (!keepsView) this.#shown = null;
    this.#findRowBoundaries();
    this.#redraw();
  }

  #findRowBoundaries(): void {
    const isShown = this.#model !== null && this.#boundaries !== null;
    this.#row_boundaries = isShown ? boundariesOfRows(this.#model!, this.#boundaries!) : [];
  }

  setColours(palette: Uint32Array, ink: Ink): void {
    this.#palette = palette;
    this.#ink = ink;
    this.#redraw();
  }

  setBoundaries(boundaries: LiveBoundaries | null): void {
    this.#boundaries = boundaries;
    this.#findRowBoundaries();
    this.#ask();
  }

  setSpot(spot: Spot | null): void {
    this.#spot = spot;
    this.#ask();
  }

  /** The corners of the part that is about to be zoomed into, in CSS pixels; null: none. */
  setBox(box: Box | null): void {
    this.#box = box;
    this.#ask();
  }

  setView(view: Viewport): void {
    this.view = view;
    this.#redraw();
  }

  /** Moves the view as little as it takes to show a cell. */
  reveal(spot: Spot): void {
    const model = this.#model!;
    const { edges } = model.columns[model.columns_of[spot.row]!]!;
    const { x_low, x_high, y_low, y_high } = this.view;
    const dx = outside(edges[spot.column]!, edges[spot.column + 1]!, x_low, x_high);
    const dy = outside(model.row_edges[spot.row]!, model.row_edges[spot.row + 1]!, y_low, y_high);
    if (dx === 0 && dy === 0) return;
    this.setView(panned(this.view, this.extent, dx / (x_high - x_low), dy / (y_high - y_low)));
  }

  /** Draws no more. */
  close(): void {
    this.#model = null;
    this.#drawn = null;
    this.#isDirty = false;
  }

  setSize(width: number, height: number, ratio: number): void {
    const { width: w, height: h, ratio: r } = this.#size;
    if (w === width && h === height && r === ratio) return;
    this.#size = { width, height, ratio };
    this.#canvas.width = Math.round(width * ratio);
    this.#canvas.height = Math.round(height * ratio);
    this.#redraw();
  }

  /** Cells that changed in the states are drawn again. */
  cellsChanged(cells: readonly ChangedCells[]): void {
    for (const { first, count } of cells) this.#failed.changed(first, count);
    const raster = this.#drawn?.raster ?? this.#shown?.raster;
    if (this.#model === null || raster === undefined) return;
    const { row_edges } = this.#model;
    const { y_low, y_high } = raster.view;
    for (const { first, count } of cells) {
      const touched = rowsTouched(this.#model, first, count);
      if (touched === null) continue;
      const pixelOf = (position: number) =>
        ((y_high - position) / (y_high - y_low)) * raster.height;
      // Marks of failures are some rows of pixels high.
      const mark = this.#mark;
      const top = Math.floor(pixelOf(row_edges[touched.high + 1]!)) - 1;
      const bottom = Math.ceil(pixelOf(row_edges[touched.low]!)) + 1;
      const from = Math.max(0, Math.floor(top / mark) * mark);
      const to = Math.min(raster.height, Math.ceil(bottom / mark) * mark);
      if (from < to) this.#dirty.fill(1, from, to);
    }
    this.#isDirty = true;
    this.#ask();
  }

  /** Where a point of the canvas lies, in positions on the axes. */
  positionAt(x: number, y: number): { x: number; y: number } {
    const { left, top, width, height } = this.frame;
    const { x_low, x_high, y_low, y_high } = this.view;
    return {
      x: x_low + ((x - left) / width) * (x_high - x_low),
      y: y_high - ((y - top) / height) * (y_high - y_low),
    };
  }

  #redraw(): void {
    if (this.#model === null || this.#palette.length === 0 || this.#size.width === 0) return;
    // Fingers then move the map, and not the page (style/sweep.css).
    this.#canvas.classList.toggle("zoomed", !isWhole(this.view, this.extent));
    const { ratio } = this.#size;
    const { width, height } = this.frame;
    const size = {
      width: Math.round(width * ratio),
      height: Math.round(height * ratio),
      mark: this.#mark,
    };
    this.#drawn = { raster: new Raster(this.#model, this.view, size, this.#palette), next: 0 };
    this.#dirty = new Uint8Array(size.height);
    this.#isDirty = false;
    this.#ask();
  }

  #ask(): void {
    if (this.#isAsked) return;
    this.#isAsked = true;
    this.#frames.request(() => {
      this.#isAsked = false;
      this.#draw();
    });
  }

  #draw(): void {
    const end_ms = this.#frames.now_ms() + SLICE_MS;
    this.#drawNext(end_ms);
    this.#drawDirty(end_ms);
    this.#compose();
    if (this.#drawn !== null || this.#isDirty) this.#ask();
  }

  #drawNext(end_ms: number): void {
    const drawn = this.#drawn;
    if (drawn === null) return;
    const { raster } = drawn;
    while (drawn.next < raster.height) {
      raster.drawRow(drawn.next++, this.#states, this.#failed);
      if (this.#frames.now_ms() >= end_ms) break;
    }
    if (drawn.next < raster.height) return;
    const canvas = this.#shown?.canvas ?? document.createElement("canvas");
    canvas.width = raster.width;
    canvas.height = raster.height;
    this.#shown = { raster, canvas };
    this.#drawn = null;
    this.#put(0, raster.height);
  }

  #drawDirty(end_ms: number): void {
    if (this.#drawn !== null || !this.#isDirty || this.#shown === null) return;
    const { raster } = this.#shown;
    let first = raster.height;
    let y = this.#dirty.indexOf(1);
    while (y >= 0 && this.#frames.now_ms() < end_ms) {
      raster.drawRow(y, this.#states, this.#failed);
      this.#dirty[y] = 0;
      first = Math.min(first, y);
      this.#put(y, y + 1);
      y = this.#dirty.indexOf(1, y);
    }
    this.#isDirty = y >= 0;
  }

  /** Puts rows of pixels on the canvas that is shown. */
  #put(first: number, end: number): void {
    const { raster, canvas } = this.#shown!;
    const { width } = raster;
    const bytes = new Uint8ClampedArray(
      raster.pixels.buffer,
      4 * first * width,
      4 * (end - first) * width,
    );
    canvas.getContext("2d")!.putImageData(new ImageData(bytes, width, end - first), 0, first);
  }

  #compose(): void {
    const context = this.#canvas.getContext("2d")!;
    const { width, height, ratio } = this.#size;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    const model = this.#model;
    if (model === null) return;
    const { frame, view } = this;
    if (this.#shown !== null) this.#showRaster(context, this.#shown);
    drawAxes(context, frame, model, view, this.#ink);
    drawBoundaries(context, frame, model, view, this.#row_boundaries);
    drawBoundaryNames(context, frame, model, view, this.#row_boundaries, this.#ink);
    this.#drawSpot(context);
    if (this.#box !== null) {
      const { x, y, to_x, to_y } = this.#box;
      context.strokeStyle = "#fff";
      context.lineWidth = 3;
      context.strokeRect(x, y, to_x - x, to_y - y);
      context.strokeStyle = "#000";
      context.lineWidth = 1;
      context.strokeRect(x, y, to_x - x, to_y - y);
    }
  }

  /** The pixels of another view are moved to where they are now. */
  #showRaster(
    context: CanvasRenderingContext2D,
    { raster, canvas }: { readonly raster: Raster; readonly canvas: HTMLCanvasElement },
  ): void {
    const { left, top, width, height } = this.frame;
    const { view } = this;
    const scale_x = width / (view.x_high - view.x_low);
    const scale_y = height / (view.y_high - view.y_low);
    const from = raster.view;
    context.save();
    context.beginPath();
    context.rect(left, top, width, height);
    context.clip();
    context.imageSmoothingEnabled = false;
    context.drawImage(
      canvas,
      left + (from.x_low - view.x_low) * scale_x,
      top + (view.y_high - from.y_high) * scale_y,
      (from.x_high - from.x_low) * scale_x,
      (from.y_high - from.y_low) * scale_y,
    );
    context.restore();
  }

  /** A cross through the cell, and its outline where it is large enough to have one. */
  #drawSpot(context: CanvasRenderingContext2D): void {
    const spot = this.#spot;
    const model = this.#model;
    if (spot === null || model === null || spot.row >= model.values.length) return;
    const { left, top, width, height } = this.frame;
    const { x_low, x_high, y_low, y_high } = this.view;
    const { edges } = model.columns[model.columns_of[spot.row]!]!;
    const xOf = (position: number) => left + ((position - x_low) / (x_high - x_low)) * width;
    const yOf = (position: number) => top + ((y_high - position) / (y_high - y_low)) * height;
    const x = [xOf(edges[spot.column]!), xOf(edges[spot.column + 1]!)] as const;
    const y = [yOf(model.row_edges[spot.row + 1]!), yOf(model.row_edges[spot.row]!)] as const;
    context.save();
    context.beginPath();
    context.rect(left, top, width, height);
    context.clip();
    for (const [style, line_width] of [
      ["rgb(255 255 255 / 85%)", 3],
      ["#000", 1],
    ] as const) {
      context.strokeStyle = style;
      context.lineWidth = line_width;
      context.beginPath();
      const middle_x = (x[0] + x[1]) / 2;
      const middle_y = (y[0] + y[1]) / 2;
      const clear = { x: Math.max(6, (x[1] - x[0]) / 2), y: Math.max(6, (y[1] - y[0]) / 2) };
      context.moveTo(left, middle_y);
      context.lineTo(middle_x - clear.x, middle_y);
      context.moveTo(middle_x + clear.x, middle_y);
      context.lineTo(left + width, middle_y);
      context.moveTo(middle_x, top);
      context.lineTo(middle_x, middle_y - clear.y);
      context.moveTo(middle_x, middle_y + clear.y);
      context.lineTo(middle_x, top + height);
      context.strokeRect(middle_x - clear.x, middle_y - clear.y, 2 * clear.x, 2 * clear.y);
      context.stroke();
    }
    context.restore();
  }
}

/** By how much an interval lies outside of [low, high]: below 0 on its lower side. */
function outside(from: number, to: number, low: number, high: number): number {
  if (from < low) return from - low;
  return to > high ? to - high : 0;
}
