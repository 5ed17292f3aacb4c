import { type Range, subtract, union } from "../../../shared/ranges.ts";
import { CELL } from "../messages.ts";

/** The CELL codes of a sweep's cells, and what of them changed since somebody last asked. */
export class CellStates {
  readonly codes: Uint8Array;
  private failed: readonly Range[] = [];
  private touched: Range[] = [];

  constructor(cells: number) {
    this.codes = new Uint8Array(cells);
  }

  /** The cells from `first` on are committed, with these phases. */
  commit(first: number, phases: ArrayLike<number>): void {
    for (let i = 0; i < phases.length; i++) this.codes[first + i] = phases[i]! + 1;
    this.touched.push({ first, end: first + phases.length });
  }

  /** The cells that could not be computed are these by now; the ranges that differ from before. */
  setFailed(ranges: readonly Range[]): readonly Range[] {
    const failed = union(ranges, []);
    const again = subtract(this.failed, failed);
    const added = subtract(failed, this.failed);
    this.failed = failed;
    this.replace(again, CELL.failed, CELL.open);
    this.replace(added, CELL.open, CELL.failed);
    return [...again, ...added];
  }

  /** What changed since the last call, as ranges; empties it. */
  takeTouched(): Range[] {
    const touched = union(this.touched, []);
    this.touched = [];
    return touched;
  }

  /** Runs of equal codes in some ranges: first cell, number of cells, code, three by three. */
  runs(ranges: readonly Range[]): number[] {
    const runs: number[] = [];
    for (const { first, end } of ranges) {
      for (let cell = first; cell < end; ) {
        const code = this.codes[cell]!;
        let next = cell + 1;
        while (next < end && this.codes[next] === code) next++;
        runs.push(cell, next - cell, code);
        cell = next;
      }
    }
    return runs;
  }

  private replace(ranges: readonly Range[], from: number, to: number): void {
    for (const { first, end } of ranges) {
      for (let cell = first; cell < end; cell++) {
        if (this.codes[cell] === from) this.codes[cell] = to;
      }
      this.touched.push({ first, end });
    }
  }
}
