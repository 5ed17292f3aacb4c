import type {
  AccuracyGroup,
  AccuracyPoint,
  MeanAccuracy,
} from "../../coordinator/analysis/accuracy.ts";
import type { BoundaryRow } from "../../coordinator/analysis/boundaries/boundaries.ts";
import { datasetLabel, modelLabel } from "../../coordinator/analysis/labels.ts";
import { formatColumns, formatNumber } from "./format.ts";

/** The test accuracies in short, a line a group; empty where there are no test samples. */
export function accuracyText(
  groups: readonly AccuracyGroup[],
  boundaries: readonly BoundaryRow[],
): string {
  if (groups.length === 0) return "";
  const header = [
    ...["data set", "model", "loss", "training", "best lazy", "best catapult"],
    "catapult − lazy, held out",
  ];
  const rows = groups.map((group) => {
    const row = boundaries.find(({ shape_group }) => shape_group === group.shape_group)!;
    return [
      datasetLabel(row.dataset),
      modelLabel(row),
      row.loss,
      group.training,
      best(group.best_lazy),
      best(group.best_catapult),
      difference(group),
    ];
  });
  return `${formatColumns([header, ...rows])}

Test accuracy, the mean ± standard error over the seeds that did not diverge, at the best η of those
where most seeds are lazy, and catapult. Held out: both η are chosen on all seeds but one and compared
on that one, for each seed in turn, as the best of many is better than it should be.

`;
}

function best(point: AccuracyPoint | null): string {
  if (point === null) return "–";
  return `${percent(point.accuracy!)} at ${formatNumber(point.learning_rate)}`;
}

function difference({ held_out }: AccuracyGroup): string {
  if (held_out === null) return "–";
  const { difference, seeds, seeds_left_out } = held_out;
  const sign = difference.mean > 0 ? "+" : "";
  const without = seeds_left_out > 0 ? `, ${seeds_left_out} diverged` : "";
  return `${sign}${percent(difference)} (${seeds} seeds${without})`;
}

/** `84.2 ± 0.1 %` */
function percent({ mean, standard_error }: MeanAccuracy): string {
  const value = (100 * mean).toFixed(2);
  return standard_error === null
    ? `${value} %`
    : `${value} ± ${(100 * standard_error).toFixed(2)} %`;
}
