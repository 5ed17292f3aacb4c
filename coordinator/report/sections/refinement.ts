import type { MissingBoundary } from "../../analysis/boundaries/missing.ts";
import { datasetLabel, modelLabel, plain, significant } from "../../analysis/labels.ts";
import { type Column, eta, html, table } from "../html.ts";
import { count, type SectionWriter } from "../section.ts";

const ROWS_SHOWN = 100;

/** How well the boundaries were to be known, and what is missing of that. */
export const refinementSection: SectionWriter = ({ analysis: { refinement, rows } }) => {
  if (refinement === undefined) return undefined;
  const { targets, cells, cells_dense, missing } = refinement;
  const byGroup = new Map(rows.map((row) => [row.shape_group, row]));
  const setting = ({ shape_group }: MissingBoundary) => {
    const row = byGroup.get(shape_group);
    if (row === undefined) return shape_group.slice(0, 8);
    return `${datasetLabel(row.dataset)}, ${row.loss}, ${modelLabel(row)}`;
  };
  const columns: readonly Column<MissingBoundary>[] = [
    { heading: "data set, loss, model", cell: setting, isName: true },
    { heading: "", cell: ({ boundary }) => eta(boundary === "eta0" ? "0" : "1") },
    { heading: "seeds still open", cell: ({ seeds_open }) => count(seeds_open), isNumber: true },
    {
      heading: "seeds beyond the grid",
      cell: ({ seeds_beyond }) => count(seeds_beyond),
      isNumber: true,
    },
    {
      heading: "interval of the median",
      cell: ({ median_interval: width }) =>
        width === null ? "as wanted" : Number.isFinite(width) ? percent(width) : "open",
      isNumber: true,
    },
  ];
  const medians =
    targets.median_interval === null ? "" : `, and medians to ${percent(targets.median_interval)}`;
  return {
    id: "refinement",
    title: "How well the boundaries are known",
    body: html`<p>The sweep was to grow until each seed's boundaries are known to ${percent(targets.eta_tolerance)}${medians}, with ${count(targets.cells_max)} cells at the most. It has ${count(cells)}; a grid of that spacing would have had ${count(cells_dense)}.</p>
${
  missing.length === 0
    ? html`<p>All of it was reached.</p>`
    : table("Not reached:", columns, missing, ROWS_SHOWN)
}`,
  };
};

function percent(share: number): string {
  return `${plain(Number(significant(100 * share, 2)))} %`;
}
