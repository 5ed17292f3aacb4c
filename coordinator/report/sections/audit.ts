import type { AuditResult } from "../../reproduce/audit.ts";
import { type Column, html, table } from "../html.ts";
import { count, type SectionWriter } from "../section.ts";

const COLUMNS: readonly Column<AuditResult>[] = [
  {
    heading: "trained again by",
    cell: ({ engine }) =>
      engine === "same" ? "its own engine and class" : "explicit weights, plain float64",
    isName: true,
  },
  { heading: "class of the rows", cell: ({ numeric_class }) => numeric_class },
  { heading: "cells", cell: ({ cells }) => count(cells), isNumber: true },
  { heading: "equal bit for bit", cell: ({ equal }) => count(equal), isNumber: true },
  {
    heading: "within tolerance",
    cell: ({ within_tolerance, near_change }) =>
      near_change === 0
        ? count(within_tolerance)
        : `${count(within_tolerance)} (${count(near_change)} at a change of phase)`,
    isNumber: true,
  },
  {
    heading: "tolerance",
    cell: ({ tolerance, cells }) => (cells === 0 ? "–" : tolerance === 0 ? "none" : tolerance),
    isNumber: true,
  },
  { heading: "different", cell: ({ different }) => count(different.length), isNumber: true },
  { heading: "not possible here", cell: ({ skipped }) => count(skipped), isNumber: true },
];

/** Cells that were trained again while the report was made. */
export const auditSection: SectionWriter = ({ analysis: { plan }, audit }) => {
  const different = audit.results.flatMap((result) =>
    result.different.map((each) => ({ ...each, engine: result.engine })),
  );
  const problems = [...new Set(audit.results.flatMap(({ problem }) => problem ?? []))];
  return {
    id: "audit",
    title: "Audit",
    body: html`<p>For this report ${count(audit.audited)} of ${count(audit.cells)} cells were trained again, the same sample each time, spread over groups, phases and numeric classes.</p>
${table("Every column of a row is compared. Rows of float64-exact must be equal bit for bit; elsewhere, next to a change of phase only what is measured before the first step is judged, as training is chaotic there.", COLUMNS, audit.results)}
${
  different.length === 0
    ? null
    : html`<p><strong>Different:</strong></p>
<ul>${different.map(
        ({ cell, columns, engine }) =>
          html`<li>cell ${cell} in ${columns.join(", ")}: <code>phasesweep reproduce ${plan.name} ${cell}${engine === "same" ? "" : " --engine reference"}</code></li>`,
      )}</ul>`
}
${problems.length === 0 ? null : html`<p class="muted">Not possible here: ${problems.join("; ")}.</p>`}
${
  audit.results.some(({ engine }) => engine === "reference")
    ? null
    : html`<p class="muted">With every weight explicit no cell is cheap enough to be trained along the way.</p>`
}
<p class="muted">Any row: <code>phasesweep reproduce DIR CELL</code>, or with <code>--engine reference</code>.</p>`,
  };
};
