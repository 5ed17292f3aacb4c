import { intervalAt, lowerBound } from "./axis.ts";
import type { FailedCells } from "./failed_cells.ts";
import type { MapModel } from "./map_model.ts";
import type { Viewport } from "./viewport.ts";

/** Strips of a row, or seeds of a place in a plane, that a picture looks at. */
export const STRIPS_MAX = 64;

/**
 * Squares of some pixels where a cell failed that is smaller than such a square, or one of more
 * strips than are looked at. A picture looks at a few of the cells behind a pixel; these are found
 * among all of them, so that one in millions is seen at every zoom. Others are drawn as they are.
 */
export class FailureMarks {
  /** Squares from left to right, and lines of them; the last have the pixels that are left over too. */
  readonly #squares: number;
  readonly #lines: number;
  readonly #model: MapModel;
  readonly #view: Viewport;
  readonly #step_x: number;
  readonly #step_y: number;
  /** Side of a square, in pixels. */
  readonly side: number;
  /** By square: 1 where a cell failed, in the rows of #rows at #version of the failed cells. */
  readonly #marks: Uint8Array;
  #rows: readonly [number, number] = [0, 0];
  #version = -1;

  /** Squares of columns #placed: the first of a column, the one after its last, the first column of a square. */
  #placed = -1;
  #first = new Int32Array();
  #end = new Int32Array();
  #isThin = new Uint8Array();
  #hasThin = false;
  readonly #column_of_square: Int32Array;

  constructor(
    model: MapModel,
    view: Viewport,
    { width, height }: { readonly width: number; readonly height: number },
    side: number,
  ) {
    this.#model = model;
    this.#view = view;
    this.side = side;
    this.#step_x = (view.x_high - view.x_low) / width;
    this.#step_y = (view.y_high - view.y_low) / height;
    this.#squares = Math.max(1, Math.floor(width / side));
    this.#lines = Math.max(1, Math.floor(height / side));
    this.#marks = new Uint8Array(this.#squares);
    this.#column_of_square = new Int32Array(this.#squares);
  }

  /** The square of a pixel from the left. */
  squareAt(x: number): number {
    return Math.min(Math.floor(x / this.side), this.#squares - 1);
  }

  /** By square in the row y of pixels, 1 where a cell failed; good until the next call. */
  inRow(y: number, failed: FailedCells): Uint8Array {
    const [first, end] = this.#rowsOf(Math.min(Math.floor(y / this.side), this.#lines - 1));
    const isSame = first === this.#rows[0] && end === this.#rows[1];
    if (isSame && failed.version === this.#version) return this.#marks;
    this.#rows = [first, end];
    this.#version = failed.version;
    this.#marks.fill(0);
    let left = this.#squares;
    for (let row = first; row < end && left > 0; row++) left -= this.#markRow(row, failed);
    return this.#marks;
  }

  /** Rows with their middle in a line of squares, and the one at its own middle; each is in one at least. */
  #rowsOf(line: number): [number, number] {
    const { row_edges, values } = this.#model;
    const { y_low, y_high } = this.#view;
    const high = y_high - line * this.side * this.#step_y;
    const isFirst = line === 0;
    const isLast = line === this.#lines - 1;
    const low = isLast ? y_low : high - this.side * this.#step_y;
    // At the ends of the view are rows whose middle lies outside of it.
    let first = isLast ? Math.max(0, intervalAt(row_edges, y_low)) : middleFrom(row_edges, low);
    let end = isFirst ? lowerBound(row_edges, y_high) : middleFrom(row_edges, high);
    const middle = intervalAt(row_edges, (low + high) / 2);
    if (middle >= 0) {
      first = Math.min(first, middle);
      end = Math.max(end, middle + 1);
    }
    return [first, Math.min(end, values.length)];
  }

  /** Marks what failed in a row; how many squares that are new. */
  #markRow(row: number, failed: FailedCells): number {
    const { row_edges, columns, columns_of, strip_start, strip_first, strip_list } = this.#model;
    const isLow = row_edges[row + 1]! - row_edges[row]! < this.side * this.#step_y;
    const isMarked = isLow || strip_start[row + 1]! - strip_start[row]! > STRIPS_MAX;
    this.#place(columns_of[row]!);
    if (!isMarked && !this.#hasThin) return 0;
    const { column_of, edges } = columns[columns_of[row]!]!;
    const { x_low, x_high } = this.#view;
    const left = Math.max(0, intervalAt(edges, x_low));
    const right = lowerBound(edges, x_high);
    let found = 0;
    for (let strip = strip_start[row]!; strip < strip_start[row + 1]!; strip++) {
      const list = column_of[strip_list[strip]!]!;
      const { places, isAscending } = list;
      const base = strip_first[strip]!;
      const from = isAscending ? lowerBound(places, left) : 0;
      const end = base + (isAscending ? lowerBound(places, right) : places.length);
      let cell = failed.next(base + from, end);
      while (cell < end) {
        const column = places[cell - base]!;
        const isShown = isMarked || this.#isThin[column] === 1;
        if (isShown) found += this.#mark(column);
        cell++;
        if (isAscending && isShown) {
          // What is marked already need not be found again.
          let square = this.#end[column]!;
          while (square < this.#squares && this.#marks[square] === 1) square++;
          if (square >= this.#squares) break;
          cell = Math.max(cell, base + lowerBound(places, this.#column_of_square[square]!));
        }
        cell = failed.next(cell, end);
      }
    }
    return found;
  }

  #mark(column: number): number {
    let found = 0;
    for (let square = this.#first[column]!; square < this.#end[column]!; square++) {
      found += 1 - this.#marks[square]!;
      this.#marks[square] = 1;
    }
    return found;
  }

  /** Finds the squares of columns, kept for the next row: most rows have the same ones. */
  #place(columns: number): void {
    if (this.#placed === columns) return;
    this.#placed = columns;
    const { edges } = this.#model.columns[columns]!;
    const count = edges.length - 1;
    const { x_low, x_high } = this.#view;
    if (this.#first.length !== count) {
      this.#first = new Int32Array(count);
      this.#end = new Int32Array(count);
      this.#isThin = new Uint8Array(count);
    }
    this.#hasThin = false;
    let placed = 0;
    for (let column = 0; column < count; column++) {
      // In squares from the left of the view.
      const low = (edges[column]! - x_low) / this.#step_x / this.side;
      const high = (edges[column + 1]! - x_low) / this.#step_x / this.side;
      const isThin = high - low < 1;
      const isInside = edges[column + 1]! > x_low && edges[column]! < x_high;
      const first = clamp(
        isThin ? Math.floor((low + high) / 2) : Math.round(low),
        this.#squares - 1,
      );
      const end = isThin ? first + 1 : Math.max(first + 1, clamp(Math.round(high), this.#squares));
      this.#first[column] = first;
      this.#end[column] = isInside ? end : first;
      this.#isThin[column] = isThin ? 1 : 0;
      if (isThin && isInside) this.#hasThin = true;
      if (isInside) while (placed < end) this.#column_of_square[placed++] = column;
    }
    this.#column_of_square.fill(count, placed);
  }
}

function clamp(value: number, high: number): number {
  return Math.min(Math.max(value, 0), high);
}

/** The first interval whose middle is at least `position`. */
function middleFrom(edges: Float64Array, position: number): number {
  let low = 0;
  let high = edges.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((edges[middle]! + edges[middle + 1]!) / 2 < position) low = middle + 1;
    else high = middle;
  }
  return low;
}
