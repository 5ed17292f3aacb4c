/** What a figure or table of the paper says, held against what was measured. */

/** Whether the measured numbers bear a claim out. */
export type Verdict = "yes" | "in part" | "no";

export interface Finding {
  /** What the paper shows or says, with its numbers and panels. */
  readonly claim: string;
  /** The same from the rows of this sweep: numbers, counts, intervals. */
  readonly measured: string;
  /** Decided from those numbers by the rule that the figure's file states. */
  readonly agrees: Verdict;
}

/** A figure or table of Huang et al. 2020, redrawn from the rows of a sweep. */
export interface PaperFigure {
  /** As in the sweep file, e.g. `figure1`. */
  readonly name: string;
  readonly title: string;
  /** Self-contained. */
  readonly svg: string;
  readonly findings: readonly Finding[];
}
