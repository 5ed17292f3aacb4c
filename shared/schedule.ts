import type { Shape } from "./shape_group.ts";

/** How long one cell trains. */
export interface Schedule {
  /**
   * Horizon T: all of the cell's steps, those after a drop included. The phase is judged at T, and
   * the results' columns describe t ≤ T.
   */
  readonly steps: number;
  /** Step before which the learning rates drop, or −1. */
  readonly drop_at: number;
}

/**
 * The schedule of the cell with learning rate η. With a physical time t that is (numerics section 1,
 * "Figure 4") max(1, round(t/η)) steps, then the drop if there is one, then the extra steps.
 */
export function scheduleOf({ steps, drop }: Pick<Shape, "steps" | "drop">, eta: number): Schedule {
  if (typeof steps === "number") {
    return { steps, drop_at: typeof drop?.at === "number" ? drop.at : -1 };
  }
  const first = Math.max(1, Math.round(steps.physical_time / eta));
  return { steps: first + steps.extra_steps, drop_at: drop === null ? -1 : first };
}

/** A learning rate after the drop. */
export function droppedRate({ drop }: Pick<Shape, "drop">, rate: number): number {
  if (drop === null) return rate;
  return "to" in drop ? drop.to : drop.factor * rate;
}
