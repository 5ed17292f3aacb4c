import { CELL } from "../../messages.ts";
import { intervalAt, lowerBound } from "./axis.ts";
import type { FailedCells } from "./failed_cells.ts";
import { FailureMarks, STRIPS_MAX } from "./failure_marks.ts";
import type { MapModel } from "./map_model.ts";
import { CELL_SHADE, CODE_NAMES, SHADES } from "./palette.ts";
import type { Viewport } from "./viewport.ts";

/**
 * Rows and columns of a pixel that are looked at, as STRIPS_MAX is of strips. Of more, evenly spaced
 * ones stand for all: always the same at the same view, so that a map does not flicker as it fills in.
 */
const SAMPLES_MAX = 4;

const CODES = CODE_NAMES.length;

/**
 * A picture of the cells in a view, drawn row by row of pixels so that it can be done in slices.
 * A pixel has the commonest phase of the cells in it that are known (a tie goes to the first phase),
 * the colour of failure if one of them failed, that of open cells if none is known. Where a row is
 * several seeds its tone is the share of that phase. Failed cells too small to be seen are marked,
 * whether they are among the samples or not.
 */
export class Raster {
  readonly width: number;
  readonly height: number;
  readonly view: Viewport;
  readonly pixels: Uint32Array<ArrayBuffer>;
  readonly #model: MapModel;
  readonly #palette: Uint32Array;
  /** By pixel and code. */
  readonly #counts: Uint32Array;
  /** First column of a pixel and the one after its last, of the columns of #spans_of. */
  readonly #from: Int32Array;
  readonly #to: Int32Array;
  #spans_of = -1;
  readonly #hasTones: boolean;
  readonly #marks: FailureMarks;
  /** By pixel of the row that is painted. */
  readonly #isFailed: Uint8Array;

  constructor(
    model: MapModel,
    view: Viewport,
    size: {
      readonly width: number;
      readonly height: number;
      /** Side of the smallest that a failed cell is drawn as. */
      readonly mark: number;
    },
    palette: Uint32Array,
  ) {
    this.#model = model;
    this.view = view;
    this.width = size.width;
    this.height = size.height;
    this.#palette = palette;
    this.pixels = new Uint32Array(size.width * size.height);
    this.#counts = new Uint32Array(size.width * CODES);
    this.#from = new Int32Array(size.width);
    this.#to = new Int32Array(size.width);
    this.#hasTones = !model.y.is_seeds && model.strip_first.length > 1.5 * model.values.length;
    this.#marks = new FailureMarks(model, view, size, size.mark);
    this.#isFailed = new Uint8Array(size.width);
  }

  /** Draws row y of pixels, 0 at the top, from the states of all cells, `failed` of which failed. */
  drawRow(y: number, states: Uint8Array, failed: FailedCells): void {
    const { row_edges, values } = this.#model;
    const { y_low, y_high } = this.view;
    const step = (y_high - y_low) / this.height;
    const [first, end] = span(row_edges, y_high - (y + 1) * step, y_high - y * step, values.length);
    this.#counts.fill(0);
    const stride = Math.ceil((end - first) / SAMPLES_MAX);
    for (let row = first; row < end; row += stride) this.#countRow(row, states);
    this.#paint(y, first < end, this.#marks.inRow(y, failed));
  }

  #countRow(row: number, states: Uint8Array): void {
    const model = this.#model;
    this.#findSpans(model.columns_of[row]!);
    const { start, list, index } = model.columns[model.columns_of[row]!]!;
    const first_strip = model.strip_start[row]!;
    const last_strip = model.strip_start[row + 1]!;
    const strip_stride = Math.ceil((last_strip - first_strip) / STRIPS_MAX);
    for (let strip = first_strip; strip < last_strip; strip += strip_stride) {
      const first_cell = model.strip_first[strip]!;
      const strip_list = model.strip_list[strip]!;
      for (let x = 0; x < this.width; x++) {
        const end = this.#to[x]!;
        const from = this.#from[x]!;
        const stride = end - from <= SAMPLES_MAX ? 1 : Math.ceil((end - from) / SAMPLES_MAX);
        for (let column = from; column < end; column += stride) {
          for (let entry = start[column]!; entry < start[column + 1]!; entry++) {
            if (list[entry] !== strip_list) continue;
            this.#counts[x * CODES + states[first_cell + index[entry]!]!]!++;
          }
        }
      }
    }
  }

  /** Columns of every pixel, kept for the next row: most rows have the same ones. */
  #findSpans(columns: number): void {
    if (this.#spans_of === columns) return;
    this.#spans_of = columns;
    const { edges } = this.#model.columns[columns]!;
    const { x_low, x_high } = this.view;
    const step = (x_high - x_low) / this.width;
    const last = edges.length - 1;
    // Pixels ascend, and so do the columns: one walk along both.
    let begins = 0;
    let after = 0;
    for (let x = 0; x < this.width; x++) {
      const low = x_low + x * step;
      while (begins <= last && edges[begins]! < low) begins++;
      let end = begins;
      while (end < last && edges[end]! < low + step) end++;
      while (after <= last && edges[after]! <= low + step / 2) after++;
      // Several that begin in the pixel share it; otherwise it has the one at its middle.
      const isInside = after > 0 && after <= last;
      this.#from[x] = end - begins > 1 ? begins : isInside ? after - 1 : 0;
      this.#to[x] = end - begins > 1 ? end : isInside ? after : 0;
    }
  }

  #paint(y: number, isInside: boolean, marks: Uint8Array): void {
    const counts = this.#counts;
    const base = y * this.width;
    const { side } = this.#marks;
    const line = Math.floor(y / side);
    for (let x = 0; x < this.width; x++) {
      const at = x * CODES;
      const square = this.#marks.squareAt(x);
      let best: number = CELL.open;
      let most = 0;
      let known = 0;
      for (let code = 1; code < CELL.failed; code++) {
        const times = counts[at + code]!;
        known += times;
        if (times > most) {
          best = code;
          most = times;
        }
      }
      const isFailed = counts[at + CELL.failed]! > 0 || marks[square] === 1;
      this.#isFailed[x] = isFailed ? 1 : 0;
      if (isFailed) {
        // A chequer that catches the eye, and of what is hardly wider than a square not its other part.
        const isInner =
          x > side && this.#isFailed[x - side] === 1 && this.#isFailed[x - side - 1] === 1;
        const texture = isInner ? (square + line) & 1 : 0;
        this.pixels[base + x] = this.#palette[CELL.failed * SHADES * 2 + texture]!;
        continue;
      }
      if (known === 0 && (counts[at]! === 0 || !isInside)) {
        this.pixels[base + x] = 0;
        continue;
      }
      const shade =
        this.#hasTones && known > 0
          ? Math.min(SHADES - 1, Math.floor((1 - most / known) * 2 * SHADES))
          : CELL_SHADE;
      // Diagonals of open cells are sparse and thin.
      const texture = (x + y) % 6 === 0 ? 1 : 0;
      this.pixels[base + x] = this.#palette[(best * SHADES + shade) * 2 + texture]!;
    }
  }
}

/** The rows of a pixel: several that begin in [low, high), or else the one at its middle. */
function span(edges: Float64Array, low: number, high: number, count: number): [number, number] {
  const begins = lowerBound(edges, low);
  const end = Math.min(count, lowerBound(edges, high));
  if (end - begins > 1) return [begins, end];
  const row = intervalAt(edges, (low + high) / 2);
  return row >= 0 && row < count ? [row, row + 1] : [0, 0];
}
