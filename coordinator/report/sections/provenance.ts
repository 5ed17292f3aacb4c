import { type Column, html, table } from "../html.ts";
import type { ProvenanceRow } from "../provenance.ts";
import { count, counted, type SectionWriter } from "../section.ts";

const ROWS_SHOWN = 50;

const COLUMNS: readonly Column<ProvenanceRow>[] = [
  { heading: "worker", cell: ({ worker }) => worker, isName: true },
  { heading: "host", cell: ({ host }) => host },
  { heading: "slots", cell: ({ slots }) => count(slots), isNumber: true },
  { heading: "parts", cell: ({ parts }) => count(parts), isNumber: true },
  { heading: "cells", cell: ({ cells }) => count(cells), isNumber: true },
  { heading: "compute time", cell: ({ compute_ms }) => seconds(compute_ms), isNumber: true },
  { heading: "first start (UTC)", cell: ({ first_started }) => first_started },
  { heading: "last commit (UTC)", cell: ({ last_committed }) => last_committed },
  { heading: "version", cell: ({ version }) => version },
];

/** Who computed what, when and in how long. */
export const provenanceSection: SectionWriter = ({ provenance }) => {
  if (provenance.length === 0) return undefined;
  const sum = (pick: (row: ProvenanceRow) => number) =>
    provenance.reduce((total, row) => total + pick(row), 0);
  const hosts = new Set(provenance.map(({ host }) => host)).size;
  return {
    id: "provenance",
    title: "Provenance",
    body: html`<p>${counted(provenance.length, "worker")} on ${counted(hosts, "host")} computed ${counted(
      sum(({ cells }) => cells),
      "cell",
    )} in ${seconds(sum(({ compute_ms }) => compute_ms))} of compute time, summed over slots.</p>
${table("Who computed what; the same by range of cells is in provenance.parquet.", COLUMNS, provenance, ROWS_SHOWN)}`,
  };
};

function seconds(duration_ms: number): string {
  const total = duration_ms / 1000;
  if (total < 100) return `${total.toFixed(1)} s`;
  const whole = Math.round(total);
  const pad = (value: number) => String(value).padStart(2, "0");
  return `${Math.floor(whole / 3600)}:${pad(Math.floor((whole % 3600) / 60))}:${pad(whole % 60)} h`;
}
