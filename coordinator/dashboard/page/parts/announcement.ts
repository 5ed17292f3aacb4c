import type { SweepState, SweepSummary } from "../../messages.ts";
import { counted } from "./format.ts";

/** What was last said of a sweep. */
export interface Announced {
  readonly state: SweepState;
  readonly tenths: number;
  readonly cells_failed: number;
}

/** What is to be said of a sweep: each tenth of it, another state, a first failure; "" otherwise. */
export function announcementOf(
  last: Announced | null,
  { sweep, state, cells, cells_done, cells_failed }: SweepSummary,
): { readonly text: string; readonly announced: Announced } {
  const tenths = cells === 0 ? 0 : Math.floor((10 * cells_done) / cells);
  const announced = { state, tenths, cells_failed };
  if (last === null) return { text: "", announced };
  if (state !== last.state) return { text: `${sweep} is ${state}`, announced };
  if (cells_failed > 0 && last.cells_failed === 0) {
    return { text: `${counted(cells_failed, "cell")} of ${sweep} failed`, announced };
  }
  if (tenths > last.tenths && state === "running") {
    return { text: `${sweep}: ${tenths * 10} per cent`, announced };
  }
  return { text: "", announced: { ...announced, tenths: Math.max(tenths, last.tenths) } };
}
