import type { PaperFigure, Verdict } from "../../coordinator/analysis/paper/finding.ts";

/** How people read a verdict. */
export const VERDICT_WORDS: Readonly<Record<Verdict, string>> = {
  yes: "agrees",
  "in part": "in part",
  no: "does not agree",
};

/** The findings of a figure of the paper, two lines each; empty without one. */
export function paperText(paper: PaperFigure | undefined): string {
  if (paper === undefined) return "";
  const width = Math.max(...Object.values(VERDICT_WORDS).map((word) => word.length));
  const lines = paper.findings.map(
    ({ claim, measured, agrees }) =>
      `${VERDICT_WORDS[agrees].padEnd(width)}  ${claim}\n${" ".repeat(width)}  here: ${measured}\n`,
  );
  return `${paper.title} (Huang et al. 2020)\n\n${lines.join("")}\n`;
}
