import { CELL } from "../../messages.ts";

/** Cells that are looked through at once; a map of 64 Mi cells has 16 Ki such blocks. */
const BLOCK_BITS = 12;
const BLOCK_CELLS = 2 ** BLOCK_BITS;
/** Cells of the pieces of a block of which it is known whether one failed. */
const PIECE_BITS = 6;

const UNKNOWN = 0;
const NONE_FAILED = 1;
const SOME_FAILED = 2;

/**
 * Finds failed cells among all others. A block is looked through when it is first asked for, and
 * again after its cells have changed; where none failed, which is nearly everywhere, it is skipped.
 */
export class FailedCells {
  readonly #states: Uint8Array;
  readonly #blocks: Uint8Array;
  /** 1 where a cell of the piece failed, in blocks that are known. */
  readonly #pieces: Uint8Array;
  /** Another number after every change. */
  version = 0;

  /** `states` is read whenever something is asked, and not copied. */
  constructor(states: Uint8Array) {
    this.#states = states;
    this.#blocks = new Uint8Array(Math.ceil(states.length / BLOCK_CELLS));
    this.#pieces = new Uint8Array(this.#blocks.length << (BLOCK_BITS - PIECE_BITS));
  }

  /** Cells first, …, first + count − 1 may have changed. */
  changed(first: number, count: number): void {
    this.version++;
    this.#blocks.fill(UNKNOWN, first >> BLOCK_BITS, ((first + count - 1) >> BLOCK_BITS) + 1);
  }

  /** The first failed cell of from, …, end − 1; `end` if there is none. */
  next(from: number, end: number): number {
    const states = this.#states;
    const pieces = this.#pieces;
    let cell = from;
    while (cell < end) {
      const block = cell >> BLOCK_BITS;
      const block_end = Math.min(end, (block + 1) << BLOCK_BITS);
      if (!this.#hasFailed(block)) cell = block_end;
      while (cell < block_end) {
        const piece = cell >> PIECE_BITS;
        const stop = Math.min(block_end, (piece + 1) << PIECE_BITS);
        if (pieces[piece] === 1) {
          for (; cell < stop; cell++) if (states[cell] === CELL.failed) return cell;
        }
        cell = stop;
      }
    }
    return end;
  }

  #hasFailed(block: number): boolean {
    if (this.#blocks[block] === UNKNOWN) this.#lookThrough(block);
    return this.#blocks[block] === SOME_FAILED;
  }

  #lookThrough(block: number): void {
    const first = block * BLOCK_CELLS;
    const cells = this.#states.subarray(first, first + BLOCK_CELLS);
    const pieces = this.#pieces;
    pieces.fill(0, first >> PIECE_BITS, (first + BLOCK_CELLS) >> PIECE_BITS);
    let at = cells.indexOf(CELL.failed);
    this.#blocks[block] = at < 0 ? NONE_FAILED : SOME_FAILED;
    while (at >= 0) {
      const piece = (first + at) >> PIECE_BITS;
      pieces[piece] = 1;
      at = cells.indexOf(CELL.failed, ((piece + 1) << PIECE_BITS) - first);
    }
  }
}
