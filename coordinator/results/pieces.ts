import { join } from "node:path";
import { groupIndexOf, type Plan } from "../../shared/plan.ts";
import { outside, type Range, union } from "../../shared/ranges.ts";
import type { Commit } from "../journal.ts";
import type { Piece } from "./window_query.ts";

/** A piece of a part as the journal has it. */
export interface PartPiece extends Piece {
  readonly commit: Commit;
}

/**
 * The cells of a sweep as pieces of parts, cut at the ends of groups and at every multiple of
 * `window` cells: one list of pieces a window, all in the order of the cells.
 *
 * @throws Error if a cell is there twice, or missing and not in `without`.
 */
export function piecesByWindow(
  plan: Plan,
  commits: readonly Commit[],
  without: readonly Range[],
  partsFolder: string,
  window: number,
): PartPiece[][] {
  const accepted = commits
    .flatMap((commit) => commit.accepted.map((range) => ({ commit, range })))
    .sort((a, b) => a.range.first - b.range.first);
  const windows: PartPiece[][] = [];
  const missing = union(without, []);
  let next = 0;
  const skipTo = (cell: number) => {
    // Only cells that are known to be missing may be passed over.
    if (cell < next || outside({ first: next, end: cell }, missing).length > 0) {
      throw gap(plan, next, cell);
    }
    next = cell;
  };
  for (const { commit, range } of accepted) {
    skipTo(range.first);
    const path = join(partsFolder, commit.file);
    while (next < range.end) {
      const group = groupIndexOf(plan, next);
      const { first_cell, cells } = plan.groups[group]!;
      const index = Math.floor(next / window);
      const end = Math.min(range.end, first_cell + cells, (index + 1) * window);
      windows[index] ??= [];
      windows[index].push({
        path,
        part_first: commit.range.first,
        first: next,
        end,
        group,
        commit,
      });
      next = end;
    }
  }
  skipTo(plan.cells);
  return windows.filter((pieces) => pieces !== undefined);
}

function gap(plan: Plan, expected: number, found: number): Error {
  const what = found > expected ? "is in none of the parts" : "is in several parts";
  return new Error(`cell ${Math.min(expected, found)} of sweep ${plan.name} ${what}`);
}
