import type { AccuracyGroup, AccuracyPoint, MeanAccuracy } from "../../analysis/accuracy.ts";
import type { BoundaryRow } from "../../analysis/boundaries/boundaries.ts";
import { datasetLabel, modelLabel, significant } from "../../analysis/labels.ts";
import { type Column, html, table } from "../html.ts";
import { figureOf, type SectionWriter } from "../section.ts";

const ROWS_SHOWN = 60;

/** Test accuracy along the learning rate, and the best of either phase. */
export const accuracySection: SectionWriter = (report, place) => {
  const { accuracy, rows } = report.analysis;
  if (accuracy.length === 0) return undefined;
  const byGroup = new Map(rows.map((row) => [row.shape_group, row]));
  return {
    id: "accuracy",
    title: "Test accuracy",
    body: html`${figureOf(report, "accuracy", place)}
${table("Test accuracy, mean ± standard error over the seeds that did not diverge, at the best learning rate of those where most seeds are lazy, and catapult.", columnsFor(byGroup), accuracy, ROWS_SHOWN)}
<p class="muted">The highest of many measured accuracies is higher than what is there to be had. Held out: both learning rates are chosen on all seeds but one and compared on that one, for each seed in turn.</p>`,
  };
};

function columnsFor(byGroup: ReadonlyMap<string, BoundaryRow>): Column<AccuracyGroup>[] {
  const settingOf = ({ shape_group, training }: AccuracyGroup) => {
    const row = byGroup.get(shape_group);
    if (row === undefined) return training;
    return `${datasetLabel(row.dataset)}, ${row.loss}, ${modelLabel(row)}, ${training}`;
  };
  return [
    { heading: "data set, loss, model, training", cell: settingOf, isName: true },
    { heading: "held-out samples", cell: ({ test_samples }) => test_samples, isNumber: true },
    { heading: "best lazy", cell: ({ best_lazy }) => pointText(best_lazy), isNumber: true },
    {
      heading: "best catapult",
      cell: ({ best_catapult }) => pointText(best_catapult),
      isNumber: true,
    },
    {
      heading: "catapult − lazy, held out",
      cell: ({ held_out }) =>
        held_out === null ? "–" : `${meanText(held_out.difference)} (${held_out.seeds} seeds)`,
      isNumber: true,
    },
  ];
}

function pointText(point: AccuracyPoint | null): string {
  if (point === null || point.accuracy === null) return "–";
  return `${meanText(point.accuracy)} at η = ${significant(point.learning_rate, 4)}`;
}

function meanText({ mean, standard_error }: MeanAccuracy): string {
  const percent = (share: number) => (100 * share).toFixed(2);
  return `${percent(mean)}${standard_error === null ? "" : ` ± ${percent(standard_error)}`} %`;
}
