import type { SweepSummary } from "../../messages.ts";
import type { PageState } from "../live/page_state.ts";
import { percent } from "./format.ts";
import type { Route } from "./routes.ts";

/** The title of the tab: how far the sweep is that the page shows, or all that run together. */
export function titleOf({ sweeps }: PageState, route: Route): string {
  if (route.page === "sweep") {
    const summary = sweeps.get(route.sweep);
    const progress = summary === undefined ? "" : `${progressOf(summary)} `;
    return `${progress}${route.sweep} · phasesweep`;
  }
  if (route.page === "fleet") return "Fleet · phasesweep";
  if (route.page === "submit") return "Submit · phasesweep";
  const running = [...sweeps.values()].filter(({ state }) => state === "running");
  if (running.length === 0) return "phasesweep";
  const done = running.reduce((sum, { cells_done }) => sum + cells_done, 0);
  const cells = running.reduce((sum, { cells }) => sum + cells, 0);
  return `${percent(done, cells)} · phasesweep`;
}

function progressOf({ state, cells, cells_done }: SweepSummary): string {
  if (state === "done") return "✓";
  if (state === "failed" || state === "cancelled") return "✕";
  return state === "paused" ? `‖ ${percent(cells_done, cells)}` : percent(cells_done, cells);
}
