/** Figure 4 of the paper: test accuracy along the learning rate under three training schedules. */
import type { AccuracyGroup } from "../accuracy.ts";
import type { BoundaryRow } from "../boundaries/boundaries.ts";
import { datasetLabel, modelLabel, plain } from "../labels.ts";
import type { Finding, PaperFigure, Verdict } from "./finding.ts";
import type { PaperData } from "./paper_data.ts";

export async function readFigure4({
  accuracy,
  rows,
  accuracy_svg,
}: PaperData): Promise<PaperFigure | undefined> {
  if (accuracy_svg === undefined) return undefined;
  return {
    name: "figure4",
    title: "Figure 4: test accuracy along the learning rate",
    svg: accuracy_svg,
    findings: figure4Findings(accuracy, rows),
  };
}

/**
 * Each claim is about the best catapult less the best lazy accuracy, both learning rates chosen without
 * the seed on which they are compared. It agrees where the difference has the sign that the paper
 * finds by two standard errors, in part where it has that sign at all.
 */
export function figure4Findings(
  groups: readonly AccuracyGroup[],
  rows: readonly BoundaryRow[],
): Finding[] {
  return groups.flatMap((group): Finding[] => {
    const row = rows.find(({ shape_group }) => shape_group === group.shape_group);
    if (row === undefined || group.held_out === null) return [];
    const panels = row.model === "one_hidden_layer" ? (["(a)", "(b)"] as const) : ["(c)", "(d)"];
    const { panel, claim, sign } = claimOf(group.training, panels);
    const { difference, seeds, seeds_left_out } = group.held_out;
    const error = difference.standard_error ?? Number.POSITIVE_INFINITY;
    const points = (value: number) => (100 * value).toFixed(2).replace("-", "−");
    const without = seeds_left_out > 0 ? `, ${seeds_left_out} more diverged` : "";
    return [
      {
        claim: `${panel} ${modelLabel(row)}, ${group.training}: ${claim}`,
        measured: `catapult − lazy ${difference.mean > 0 ? "+" : ""}${points(difference.mean)} ± ${points(error)} points on ${datasetLabel(row.dataset)} (${seeds} seeds${without})${bestText(group)}`,
        agrees: signVerdict(sign * difference.mean, error),
      },
    ];
  });
}

/** What the paper says about a schedule, told by its label (training_label.ts). */
function claimOf(
  training: string,
  [fixed, physical]: readonly string[],
): { panel: string; claim: string; sign: 1 | -1 } {
  if (!training.startsWith("ηT")) {
    const claim = "after a fixed number of steps the best accuracy lies in the catapult phase";
    return { panel: fixed!, claim, sign: 1 };
  }
  if (training.includes(", then")) {
    const claim = "with the rate lowered at the end the best accuracy lies in the catapult phase";
    return { panel: physical!, claim, sign: 1 };
  }
  const claim = "after a fixed physical time the catapult phase does worse than the lazy one";
  return { panel: physical!, claim, sign: -1 };
}

function signVerdict(difference: number, error: number): Verdict {
  if (difference >= 2 * error && difference > 0) return "yes";
  return difference > 0 ? "in part" : "no";
}

function bestText({ best_lazy, best_catapult }: AccuracyGroup): string {
  if (best_lazy === null || best_catapult === null) return "";
  const [lazy, catapult] = [best_lazy, best_catapult].map(
    ({ learning_rate, accuracy }) =>
      `${(100 * accuracy!.mean).toFixed(2)} % at η = ${plain(Number(learning_rate.toPrecision(3)))}`,
  );
  return `; best lazy ${lazy}, best catapult ${catapult}`;
}
