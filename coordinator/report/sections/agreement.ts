import type { Agreement } from "../../analysis/agreement.ts";
import { datasetLabel, modelLabel, significant } from "../../analysis/labels.ts";
import { type Column, html, table } from "../html.ts";
import { count, counted, type SectionWriter } from "../section.ts";

const COLUMNS: readonly Column<Agreement>[] = [
  {
    heading: "data set, loss, model",
    cell: (row) => `${datasetLabel(row.dataset)}, ${row.loss}, ${modelLabel(row)}`,
    isName: true,
  },
  { heading: "class", cell: (row) => row.numeric_class },
  { heading: "against", cell: (row) => row.reference_class },
  { heading: "cells", cell: (row) => count(row.cells), isNumber: true },
  {
    heading: "same phase",
    cell: (row) => `${(100 * row.same_phase).toFixed(1)} %`,
    isNumber: true,
  },
  { heading: "loss differs", cell: (row) => difference(row.loss_difference), isNumber: true },
  { heading: "λ differs", cell: (row) => difference(row.ntk_difference), isNumber: true },
  {
    heading: "phases part at η",
    cell: ({ parts_from, parts_to }) =>
      parts_from === null || parts_to === null
        ? "nowhere"
        : `${significant(parts_from, 4)} – ${significant(parts_to, 4)}`,
    isNumber: true,
  },
];

/** How results in float32 compare with the sample of them in another class. */
export const agreementSection: SectionWriter = ({ analysis: { agreement, verified } }) => {
  if (agreement.length === 0 && verified === undefined) return undefined;
  return {
    id: "classes",
    title: "How numeric classes agree",
    body: html`${
      agreement.length === 0
        ? null
        : table(
            "Cells of a sample that were computed in both classes. Differences are the largest relative ones among runs that are lazy or catapult in both.",
            COLUMNS,
            agreement,
          )
    }
${
  verified === undefined
    ? null
    : html`<p>${counted(verified.cells, "cell")} next to a change of phase were computed in float64 too; ${count(verified.changed)} have another phase there, which is the one that counts.</p>`
}`,
  };
};

function difference(value: number | null): string {
  return value === null ? "–" : value.toExponential(1);
}
