/**
 * The figure of trajectories: loss, λ_NTK and h along training for learning rates of every phase. It
 * redraws what Figure 2 of Huang et al. 2020 shows, for any sweep that recorded trajectories.
 */
import type { Phase } from "../../../shared/phases.ts";
import { drawTrajectoryPanel, LINES, LOSS_PANEL_HEIGHT, LOSS_PANEL_WIDTH } from "./loss_panel.ts";
import { drawSheet } from "./sheet.ts";
import { coordinate as at } from "./svg_text.ts";
import type { TrajectoryCurve, TrajectoryData, TrajectoryGroup } from "./trajectory_data.ts";

/** Most groups of one figure. */
export const TRAJECTORY_GROUPS_MAX = 12;

const MEANINGS: Readonly<Record<Phase, string>> = {
  lazy: "lazy: the loss never rises",
  catapult: "catapult: it rises at least once and training still succeeds",
  divergent: "divergent: it leaves every bound",
  unsettled: "unsettled: finite, but no better than at the start",
};

/** One self-contained SVG; undefined where nothing was recorded. Equal data give equal bytes. */
export function drawLossFigure({ groups, groups_total }: TrajectoryData): string | undefined {
  if (groups.length === 0) return undefined;
  const quantities = groups.map(quantitiesOf);
  const columns =
    Math.max(...quantities.map(({ length }) => length)) > 1 || groups.length > 1 ? 2 : 1;
  const isPaired = quantities.some(({ length }) => length > 1);
  const panels = groups.flatMap((group, g) => {
    const drawn = quantities[g]!.map((quantity, q) =>
      drawTrajectoryPanel(group, quantity, 3 * g + q),
    );
    // What belongs to a group begins a row of its own.
    return isPaired && drawn.length % 2 === 1 ? [...drawn, ""] : drawn;
  });
  const curves = groups.flatMap((group) => group.curves);
  const phases = LINES.filter(({ phase }) => curves.some((curve) => curve.phase === phase));
  return drawSheet({
    title: "Training at learning rates of every phase",
    legend: phases.map(({ phase, stroke, dash }) => ({
      sample: (x, y) =>
        `<path d="M${at(x)} ${at(y + 7)}h26" stroke="${stroke}" stroke-width="2" stroke-dasharray="${dash}"/>`,
      name: [phase],
    })),
    panels,
    columns,
    panel_width: LOSS_PANEL_WIDTH,
    panel_height: LOSS_PANEL_HEIGHT,
    caption: caption(
      curves,
      phases.map(({ phase }) => phase),
      quantities.flat(),
      groups_total - groups.length,
    ),
  });
}

function quantitiesOf({ curves }: TrajectoryGroup): ("loss" | "ntk" | "hessian")[] {
  const has = (name: "ntk" | "hessian") => curves.some((curve) => curve[name] !== null);
  return ["loss", ...(["ntk", "hessian"] as const).filter(has)];
}

function caption(
  curves: readonly TrajectoryCurve[],
  phases: readonly Phase[],
  quantities: readonly string[],
  leftOut: number,
): string {
  const seeds = curves.map((curve) => curve.seeds);
  const [few, many] = [Math.min(...seeds), Math.max(...seeds)];
  const measured = [
    ...(quantities.includes("ntk") ? ["the largest NTK eigenvalue λ_NTK"] : []),
    ...(quantities.includes("hessian") ? ["the largest Hessian eigenvalue h"] : []),
  ];
  const band =
    many === 1
      ? "one random initialization (seed) each."
      : `medians over ${few === many ? many : `${few} to ${many}`} random initializations (seeds), shaded their 10–90 % range where they do not diverge; a run that diverged counts as infinite loss from there on, and eigenvalues are drawn while most runs are there.`;
  return [
    `Loss${measured.map((name) => ` and ${name}`).join("")} against the step of full-batch gradient descent, at up to two learning rates η of each phase (that of most seeds there):`,
    band,
    `${phases.map((phase) => MEANINGS[phase]).join("; ")}.`,
    "Of two curves of a phase the one with circles has the larger η. Values outside a frame are cut.",
    ...(leftOut > 0 ? [`Not shown: ${leftOut} further groups of the same sweep.`] : []),
  ].join(" ");
}
