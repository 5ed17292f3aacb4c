import type { Agreement, Verified } from "../../coordinator/analysis/agreement.ts";
import { datasetLabel, modelLabel } from "../../coordinator/analysis/labels.ts";
import { formatColumns, formatCount, formatNumber } from "./format.ts";

/** How float32 compares with what it was held against, as a table; empty where it was not. */
export function agreementText(
  agreement: readonly Agreement[],
  verified: Verified | undefined,
): string {
  const change =
    verified === undefined
      ? ""
      : `${formatCount(verified.cells)} cells next to a change of phase were computed in float64 too; ${formatCount(
          verified.changed,
        )} have another\nphase there, which is the one that counts above.\n\n`;
  if (agreement.length === 0) return change;
  const header = [
    ...["data set", "model", "loss", "class", "against", "cells", "same phase"],
    ...["loss differs", "λ differs", "phases part at η"],
  ];
  const rows = agreement.map((row) => [
    datasetLabel(row.dataset),
    modelLabel(row),
    row.loss,
    row.numeric_class,
    row.reference_class,
    formatCount(row.cells),
    `${(100 * row.same_phase).toFixed(1)} %`,
    difference(row.loss_difference),
    difference(row.ntk_difference),
    row.parts_from === null
      ? "nowhere"
      : `${formatNumber(row.parts_from)} to ${formatNumber(row.parts_to!)}`,
  ]);
  return `${formatColumns([header, ...rows])}

Agreement on a sample of the cells that was computed in both classes. The differences are the largest
relative ones among runs that are lazy or catapult in both.

${change}`;
}

function difference(value: number | null): string {
  return value === null ? "" : value.toExponential(1);
}
