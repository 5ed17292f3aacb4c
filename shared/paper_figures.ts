/** The figures and the table of Huang et al. 2020 that a sweep may reproduce (`reproduces`). */
export const PAPER_FIGURES = [
  "figure1",
  "figure2",
  "figure3",
  "figure4",
  "figure5",
  "figure6",
  "table1",
] as const;

export type PaperFigureName = (typeof PAPER_FIGURES)[number];
