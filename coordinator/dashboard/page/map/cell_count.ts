import type { MapModel } from "./map_model.ts";
import { CODE_NAMES } from "./palette.ts";

/** Counts the cells of a map by code, in slices: of millions it takes longer than a frame. */
export class CellCount {
  readonly counts = new Array<number>(CODE_NAMES.length).fill(0);
  readonly #parts: MapModel["parts"];
  readonly #states: Uint8Array;
  #part = 0;
  /** Cells of the part that are counted. */
  #done = 0;

  constructor({ parts }: MapModel, states: Uint8Array) {
    this.#parts = parts;
    this.#states = states;
  }

  /** Counts so many cells more; true: all are counted. */
  advance(cells: number): boolean {
    let left = cells;
    for (; this.#part < this.#parts.length; this.#part++, this.#done = 0) {
      const part = this.#parts[this.#part]!;
      const end = Math.min(part.cells, this.#done + left);
      for (let i = this.#done; i < end; i++) this.counts[this.#states[part.first_cell + i]!]!++;
      left -= end - this.#done;
      this.#done = end;
      if (end < part.cells) return false;
    }
    return true;
  }
}
