import type { PaperFigure, Verdict } from "../../coordinator/analysis/paper/finding.ts";
import { formatCount } from "./format.ts";
import { VERDICT_WORDS } from "./paper_text.ts";

/** A figure of the paper, and the size of its sweep. */
export interface PaperSweep {
  readonly paper: PaperFigure;
  readonly cells: number;
}

/**
 * The findings as one Markdown document: what agrees in short, then each figure with its table. Its
 * pictures are looked for in paper/ beside it, by name.
 */
export function paperMarkdown(sweeps: readonly PaperSweep[]): string {
  const all = sweeps.flatMap(({ paper }) => paper.findings);
  const count = (verdict: Verdict) => all.filter(({ agrees }) => agrees === verdict).length;
  const summary = [
    ["figure", ...VERDICTS.map((verdict) => VERDICT_WORDS[verdict]), "cells"],
    ...sweeps.map(({ paper, cells }) => [
      `[${paper.title}](#${anchor(paper.title)})`,
      ...VERDICTS.map((verdict) =>
        String(paper.findings.filter(({ agrees }) => agrees === verdict).length),
      ),
      formatCount(cells),
    ]),
  ];
  return [
    "# The paper, claim by claim",
    "",
    'What Huang et al. 2020 ("Implicit bias of deep linear networks in the large learning rate phase")',
    "show or say, and what the sweeps in `sweeps/paper/` measure. Each verdict is decided from the",
    "measured numbers by a rule that stands with it in `coordinator/analysis/paper/`. This page is made by",
    "",
    "    phasesweep run sweeps/paper/*.yaml",
    `    phasesweep analyze --markdown ${sweeps.map(({ paper }) => `results/${paper.name}`).join(" ")}`,
    "",
    `${count("yes")} of ${all.length} claims agree, ${count("in part")} agree in part, ${count("no")} do not.`,
    "Figure 4 is reduced here; [figure4.md](figure4.md) has it in full size.",
    "",
    ...table(summary),
    "",
    ...sweeps.flatMap(({ paper }) => section(paper)),
  ].join("\n");
}

const VERDICTS: readonly Verdict[] = ["yes", "in part", "no"];

function section({ name, title, findings }: PaperFigure): string[] {
  return [
    `## ${title}`,
    "",
    `![${title}](paper/${name}.svg)`,
    "",
    ...table([
      ["the paper", "here", ""],
      ...findings.map(({ claim, measured, agrees }) => [
        claim,
        measured,
        agrees === "yes" ? VERDICT_WORDS[agrees] : `**${VERDICT_WORDS[agrees]}**`,
      ]),
    ]),
    "",
  ];
}

function table([header, ...rows]: readonly (readonly string[])[]): string[] {
  const line = (cells: readonly string[]) => `| ${cells.map(escaped).join(" | ")} |`;
  return [line(header!), `| ${header!.map(() => "---").join(" | ")} |`, ...rows.map(line)];
}

/** A cell's text, in which bars, and characters that would set it in italics, are literal. */
function escaped(text: string): string {
  return text.startsWith("[") || text.startsWith("**") ? text : text.replace(/[|_*]/g, "\\$&");
}

/** Where a heading is found: in small letters, blanks as hyphens, punctuation left out. */
function anchor(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} -]/gu, "")
    .replaceAll(" ", "-");
}
