import { join } from "node:path";
import { groupIndexOf, type Plan } from "../../shared/plan.ts";
import { outside, type Range, union } from "../../shared/ranges.ts";
import { rankBelow } from "../../shared/runs.ts";
import { type Split, splitOf } from "../../shared/work_plan.ts";
import type { Commit } from "../journal/journal.ts";

/** Cells of one part that count, all of one group of the work plan. */
export interface Piece {
  /** Path of the part. */
  readonly path: string;
  /** The cell of the part's first row. */
  readonly part_first: number;
  /** Cells first..end−1 are taken. */
  readonly first: number;
  readonly end: number;
  /** Index into the plan's groups. */
  readonly group: number;
  /** Where the cells stand in the plan, if not at the same place. */
  readonly strip?: Strip;
}

/** Neighbouring cells of a group that was cut, all of one window and in the order of the plan. */
export interface Strip {
  readonly split: Split;
  /** The first cell of the cut group in the work plan. */
  readonly work_first: number;
  /** Ranks among its seeds and among its learning rates, half-open. */
  readonly seed_ranks: Range;
  readonly learning_rate_ranks: Range;
}

/** A piece of a part as the journal has it. */
export interface PartPiece extends Piece {
  readonly commit: Commit;
}

/** Consecutive cells of the plan, first..end−1, and the pieces that hold them. */
export interface Window<P extends Piece = PartPiece> {
  readonly first: number;
  readonly end: number;
  readonly pieces: P[];
}

interface Accepted extends Range {
  readonly commit: Commit;
}

/**
 * The cells of a sweep as pieces of parts, cut at the ends of groups and at every multiple of
 * `window` cells of the plan. Ranges of parts are in cells of the work plan, and so is `without`.
 *
 * @throws Error if a cell is there twice, or missing and not in `without`.
 */
export function piecesByWindow(
  plan: Plan,
  work: Plan,
  commits: readonly Commit[],
  without: readonly Range[],
  partsFolder: string,
  window: number,
): Window[] {
  const accepted = acceptedInOrder(work, commits, without);
  const windows =
    work === plan
      ? windowsInOrder(plan, accepted, partsFolder, window)
      : windowsOfCut(plan, work, accepted, partsFolder, window);
  return windows.filter((found) => found !== undefined && found.pieces.length > 0);
}

/** What counts of every part, by first cell, after a look that each cell is there once. */
function acceptedInOrder(
  work: Plan,
  commits: readonly Commit[],
  without: readonly Range[],
): Accepted[] {
  const accepted = commits
    .flatMap((commit) => commit.accepted.map((range) => ({ commit, ...range })))
    .sort((a, b) => a.first - b.first);
  const missing = union(without, []);
  let next = 0;
  const skipTo = (cell: number) => {
    // Only cells that are known to be missing may be passed over.
    if (cell < next || outside({ first: next, end: cell }, missing).length > 0) {
      throw gap(work, next, cell);
    }
  };
  for (const { first, end } of accepted) {
    skipTo(first);
    next = end;
  }
  skipTo(work.cells);
  return accepted;
}

function windowsInOrder(
  plan: Plan,
  accepted: readonly Accepted[],
  partsFolder: string,
  window: number,
): Window[] {
  const windows: Window[] = [];
  for (const { commit, ...range } of accepted) {
    const path = join(partsFolder, commit.file);
    for (let next = range.first; next < range.end; ) {
      const group = groupIndexOf(plan, next);
      const { first_cell, cells } = plan.groups[group]!;
      const index = Math.floor(next / window);
      const end = Math.min(range.end, first_cell + cells, (index + 1) * window);
      windows[index] ??= windowAt(plan, index, window);
      const piece = { path, part_first: commit.range.first, first: next, end, group, commit };
      windows[index].pieces.push(piece);
      next = end;
    }
  }
  return windows;
}

/** The same where the parts are in another order: window by window, what each group has of it. */
function windowsOfCut(
  plan: Plan,
  work: Plan,
  accepted: readonly Accepted[],
  partsFolder: string,
  window: number,
): Window[] {
  const windows: Window[] = [];
  for (let index = 0; index * window < plan.cells; index++) {
    const found = windowAt(plan, index, window);
    // Whole groups take the same cells in both, so the window's groups are those of its cells.
    let group = groupIndexOf(plan, found.first);
    let part = groupIndexOf(work, plan.groups[group]!.first_cell);
    for (; group < plan.groups.length && plan.groups[group]!.first_cell < found.end; group++) {
      const { first_cell, cells } = plan.groups[group]!;
      const wanted = {
        first: Math.max(found.first, first_cell),
        end: Math.min(found.end, first_cell + cells),
      };
      for (; part < work.groups.length; part++) {
        const { first_cell: work_first, ...rest } = work.groups[part]!;
        if (work_first >= first_cell + cells) break;
        const split = splitOf({ first_cell: work_first, ...rest });
        if (split === undefined) {
          found.pieces.push(...piecesOf(accepted, wanted, group, partsFolder));
          continue;
        }
        for (const strip of stripsOf(split, work_first, wanted)) {
          const range = rangeOf(strip);
          const pieces = piecesOf(accepted, range, group, partsFolder);
          found.pieces.push(...pieces.map((piece) => ({ ...piece, strip })));
        }
      }
    }
    windows.push(found);
  }
  return windows;
}

function windowAt({ cells }: Plan, index: number, window: number): Window {
  return { first: index * window, end: Math.min(cells, (index + 1) * window), pieces: [] };
}

/**
 * What a cut group has of a range of the plan: whole rows of learning rates, and before and after
 * them the rest of a row that the range begins or ends in.
 */
function stripsOf(split: Split, work_first: number, { first, end }: Range): Strip[] {
  const { first_cell, points, seeds, learning_rates, width } = split;
  const place = first - first_cell;
  const last = end - 1 - first_cell;
  const firstRow = Math.floor(place / points);
  const lastRow = Math.floor(last / points);
  const low = rankBelow(learning_rates, place - firstRow * points);
  const high = rankBelow(learning_rates, last - lastRow * points + 1);
  let top = rankBelow(seeds, firstRow);
  let bottom = rankBelow(seeds, lastRow + 1);
  const strips: Strip[] = [];
  const add = (seed_ranks: Range, learning_rate_ranks: Range) => {
    if (seed_ranks.first >= seed_ranks.end) return;
    if (learning_rate_ranks.first >= learning_rate_ranks.end) return;
    strips.push({ split, work_first, seed_ranks, learning_rate_ranks });
  };
  const holdsFirst = rankBelow(seeds, firstRow + 1) > top;
  const holdsLast = bottom > rankBelow(seeds, lastRow);
  if (firstRow === lastRow) {
    add({ first: top, end: bottom }, { first: low, end: high });
    return strips;
  }
  if (holdsFirst && low > 0) {
    add({ first: top, end: top + 1 }, { first: low, end: width });
    top++;
  }
  const isCutShort = holdsLast && high < width;
  if (isCutShort) bottom--;
  add({ first: top, end: bottom }, { first: 0, end: width });
  if (isCutShort) add({ first: bottom, end: bottom + 1 }, { first: 0, end: high });
  return strips;
}

/** The cells of the work plan that a strip is. */
function rangeOf({ split, work_first, seed_ranks, learning_rate_ranks }: Strip): Range {
  return {
    first: work_first + seed_ranks.first * split.width + learning_rate_ranks.first,
    end: work_first + (seed_ranks.end - 1) * split.width + learning_rate_ranks.end,
  };
}

/** The pieces of parts that hold a range, by binary search. */
function piecesOf(
  accepted: readonly Accepted[],
  range: Range,
  group: number,
  partsFolder: string,
): PartPiece[] {
  let low = 0;
  let high = accepted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (accepted[middle]!.end > range.first) high = middle;
    else low = middle + 1;
  }
  const pieces: PartPiece[] = [];
  for (let i = low; i < accepted.length && accepted[i]!.first < range.end; i++) {
    const { commit, first, end } = accepted[i]!;
    pieces.push({
      path: join(partsFolder, commit.file),
      part_first: commit.range.first,
      first: Math.max(first, range.first),
      end: Math.min(end, range.end),
      group,
      commit,
    });
  }
  return pieces;
}

function gap(plan: Plan, expected: number, found: number): Error {
  const what = found > expected ? "is in none of the parts" : "is in several parts";
  return new Error(`cell ${Math.min(expected, found)} of sweep ${plan.name} ${what}`);
}
