import type { Finding } from "../../analysis/paper/finding.ts";
import { type Column, html, symbols, table } from "../html.ts";
import { figureOf, type SectionWriter } from "../section.ts";

const WORDS = { yes: "agrees", "in part": "in part", no: "does not agree" } as const;
const CLASSES = { yes: "yes", "in part": "part", no: "no" } as const;

const COLUMNS: readonly Column<Finding>[] = [
  { heading: "the paper", cell: ({ claim }) => symbols(claim), isName: true },
  { heading: "measured here", cell: ({ measured }) => symbols(measured) },
  {
    heading: "verdict",
    cell: ({ agrees }) => html`<span class="verdict ${CLASSES[agrees]}">${WORDS[agrees]}</span>`,
  },
];

/** The figure of the paper that the sweep reproduces, with what agrees. */
export const paperSection: SectionWriter = (report, place) => {
  const { paper } = report.analysis;
  if (paper === undefined) return undefined;
  return {
    id: "paper",
    title: `Against the paper: ${paper.title}`,
    body: html`${table("What Huang et al. (2020) show or say, and the same from these results. Each verdict follows from the measured numbers by a fixed rule.", COLUMNS, paper.findings)}
${figureOf(report, "paper", place)}`,
  };
};
