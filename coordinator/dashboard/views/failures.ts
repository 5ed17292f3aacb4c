import { DASHBOARD_FAILURES_MAX } from "../../../shared/limits.ts";
import { cellCoordinates, groupIndexOf, type Plan } from "../../../shared/plan.ts";
import type { Range } from "../../../shared/ranges.ts";
import type { FailedRange } from "../../state/state.ts";
import type { Failure } from "../messages.ts";
import { modelLabel } from "./plan_summary.ts";

/**
 * The first DASHBOARD_FAILURES_MAX ranges of cells that could not be computed, by cell. `own`: cells of
 * the scheduler's plan in the numbering that is shown.
 */
export function failuresOf(
  { plan, failures }: { readonly plan: Plan; readonly failures: readonly FailedRange[] },
  own: (range: Range) => readonly Range[],
): Failure[] {
  return failures
    .slice(0, DASHBOARD_FAILURES_MAX)
    .flatMap(({ range, error, only_on }) => {
      const group = plan.groups[groupIndexOf(plan, range.first)]!;
      const { seeds, learning_rates } = cellCoordinates(group, range.first, 1);
      return own(range).map(({ first, end }) => ({
        first_cell: first,
        cells: end - first,
        error,
        seed: seeds[0]!,
        learning_rate: learning_rates[0]!,
        dataset: group.shape.dataset.name,
        model: modelLabel(group),
        loss: group.shape.loss,
        only_on: only_on ?? null,
      }));
    })
    .sort((a, b) => a.first_cell - b.first_cell);
}
