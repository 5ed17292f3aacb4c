import { positionReader, type Run, runOfRanks } from "../../shared/runs.ts";
import type { Piece, Strip } from "./pieces.ts";

/**
 * From the cell of a row in the work plan to its cell in the plan, in SQL. Positions that are one
 * run are arithmetic on columns of the pieces' table; others are looked up in a list of the strip's.
 */

const AXES = ["seed", "learning_rate"] as const;
type Axis = (typeof AXES)[number];

/** Columns of the pieces' table for this; null where a piece is in its place already. */
export const stripColumns = [
  ...["work_first", "work_width", "plan_first", "plan_points"],
  ...AXES.flatMap((axis) => ["before", "first", "width", "step"].map((name) => `${axis}_${name}`)),
];

/** The values of those columns. */
export function stripValues(strip: Strip | undefined): string {
  if (strip === undefined) return stripColumns.map(() => "NULL").join(", ");
  const { split, work_first } = strip;
  const runs = AXES.flatMap((axis): (string | number)[] => {
    const found = runOfStrip(strip, axis);
    if (found === undefined) return ["NULL", "NULL", "NULL", "NULL"];
    return [found.before, found.run.first, found.run.width, found.run.step];
  });
  return [work_first, split.width, split.first_cell, split.points, ...runs].join(", ");
}

/** The plan's cell of a row, from the piece `p` and its row in the part `c`. */
export function planCellOf(pieces: readonly Piece[]): string {
  const cell = "(p.part_first + c.file_row_number)";
  if (pieces.every(({ strip }) => strip === undefined)) return cell;
  const place = `(${cell} - p.work_first)`;
  const seed = positionOf("seed", `(${place} // p.work_width)`, pieces);
  const learningRate = positionOf("learning_rate", `(${place} % p.work_width)`, pieces);
  return `CASE WHEN p.work_first IS NULL THEN ${cell}
    ELSE p.plan_first + ${seed} * p.plan_points + ${learningRate} END`;
}

function positionOf(axis: Axis, rank: string, pieces: readonly Piece[]): string {
  const within = `(${rank} - p.${axis}_before)`;
  const position = `(p.${axis}_first + (${within} // p.${axis}_width) * p.${axis}_step + ${within} % p.${axis}_width)`;
  const listed = new Map<Strip, number[]>();
  for (const [index, { strip }] of pieces.entries()) {
    if (strip === undefined || runOfStrip(strip, axis) !== undefined) continue;
    listed.set(strip, [...(listed.get(strip) ?? []), index]);
  }
  if (listed.size === 0) return position;
  const cases = [...listed].map(([strip, indices]) => {
    const { runs, low, end } = ranksOf(strip, axis);
    const read = positionReader(runs);
    const positions = Array.from({ length: end - low }, (_, i) => read(low + i));
    return `WHEN p.piece IN (${indices}) THEN ('[${positions}]'::BIGINT[])[${rank} - ${low} + 1]`;
  });
  return `(CASE ${cases.join(" ")} ELSE ${position} END)`;
}

function runOfStrip(strip: Strip, axis: Axis): ReturnType<typeof runOfRanks> {
  const { runs, low, end } = ranksOf(strip, axis);
  return runOfRanks(runs, low, end);
}

function ranksOf(
  { split, seed_ranks, learning_rate_ranks }: Strip,
  axis: Axis,
): { readonly runs: readonly Run[]; readonly low: number; readonly end: number } {
  return axis === "seed"
    ? { runs: split.seeds, low: seed_ranks.first, end: seed_ranks.end }
    : {
        runs: split.learning_rates,
        low: learning_rate_ranks.first,
        end: learning_rate_ranks.end,
      };
}
