import type { SweepPlan } from "../../messages.ts";

/** Cells of the same group beside one: by learning rate, and by seed. null: there is none. */
export interface Neighbours {
  readonly slower: number | null;
  readonly faster: number | null;
  readonly up: number | null;
  readonly down: number | null;
}

/** null: the plan has no such cell. */
export function neighbours(
  { groups, rate_axes, seed_axes }: SweepPlan,
  cell: number,
): Neighbours | null {
  const group = groups.find(
    ({ first_cell, cells }) => cell >= first_cell && cell < first_cell + cells,
  );
  if (group === undefined) return null;
  const rates = rate_axes[group.rate_axis]!;
  const at = cell - group.first_cell;
  const row = Math.floor(at / rates.length);
  const column = at % rates.length;
  const order = [...rates.keys()].sort((a, b) => rates[a]! - rates[b]!);
  const place = order.indexOf(column);
  const cellAt = (to_row: number, to_column: number | undefined) =>
    to_column === undefined || to_row < 0 || to_row >= seed_axes[group.seed_axis]!.length
      ? null
      : group.first_cell + to_row * rates.length + to_column;
  return {
    slower: cellAt(row, order[place - 1]),
    faster: cellAt(row, order[place + 1]),
    up: cellAt(row + 1, column),
    down: cellAt(row - 1, column),
  };
}
