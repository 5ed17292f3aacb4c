/** Figure 5 of the paper: the curve φ of a linear predictor, beside the runs that it explains. */
import { drawLinePanel, keyWidth, type PanelLine, phaseLine } from "../figures/line_panel.ts";
import { drawSheet } from "../figures/sheet.ts";
import { plain, significant } from "../labels.ts";
import { outputOfLoss } from "./degenerate.ts";
import type { Finding, PaperFigure } from "./finding.ts";
import type { PaperData } from "./paper_data.ts";
import { curveAt, firstRoot, phiPoints, phiSteps } from "./phi_steps.ts";
import { theoryFindings } from "./theory_findings.ts";
import { groupedBy, phaseKey, readTrajectories, type Trajectory } from "./trajectories.ts";
import { ofText, verdictOfAll } from "./verdicts.ts";

/** Beyond it no start of the figure lies. */
const X_LIMIT = 10;

export async function readFigure5(data: PaperData): Promise<PaperFigure | undefined> {
  const trajectories = (await readTrajectories(data.connection, data.source)).filter(
    ({ dataset, width }) => dataset === "example1" && width === null,
  );
  if (trajectories.length === 0) return undefined;
  return {
    name: "figure5",
    title: "Figure 5: φ of a linear predictor",
    svg: drawFigure5(trajectories),
    findings: [...figure5Findings(trajectories), ...(await theoryFindings(data))],
  };
}

/** Each claim is about every step, or every run; it agrees in part where it holds for half of them. */
export function figure5Findings(runs: readonly Trajectory[]): Finding[] {
  const steps = runs.flatMap(phiSteps);
  const right = steps.filter((step) => step.rises === step.phi > 0).length;
  const exponential = runs.filter(({ loss }) => loss === "exponential");
  const logistic = runs.filter(({ loss }) => loss === "logistic");
  const diverged = exponential.filter(({ phase }) => phase === "divergent").length;
  const roots = exponential.filter((run) => firstRoot(curveAt(run, 0), X_LIMIT) !== undefined);
  const ends = logistic.filter((run) => {
    const root = firstRoot(curveAt(run, 0), X_LIMIT);
    return root !== undefined && Math.abs(lastOutput(run) - root) <= 1e-6 * root;
  }).length;
  const root = logistic[0] && firstRoot(curveAt(logistic[0], 0), X_LIMIT);
  const found: (Finding | false)[] = [
    steps.length > 0 && {
      claim: "a step raises the loss exactly where φ(|w|) > 0",
      measured: `so in ${ofText(right, steps.length)} steps of ${runs.length} runs`,
      agrees: verdictOfAll(right, steps.length),
    },
    exponential.length > 0 && {
      claim: `(a) exponential loss, η = ${plain(exponential[0]!.learning_rate)}: φ is positive up to +∞, and what starts there explodes`,
      measured: `φ has ${roots.length === 0 ? "no zero" : "a zero"} in (0, ${X_LIMIT}]; ${ofText(diverged, exponential.length)} runs diverge`,
      agrees: verdictOfAll(roots.length === 0 ? diverged : 0, exponential.length),
    },
    logistic.length > 0 && {
      claim: `(b) logistic loss, η = ${plain(logistic[0]!.learning_rate)}: φ is positive only up to some w*, and |w| ends there from both sides`,
      measured: `w* = ${root === undefined ? "none" : significant(root, 5)}; ${ofText(ends, logistic.length)} runs end there`,
      agrees: verdictOfAll(ends, logistic.length),
    },
  ];
  return found.filter((finding) => finding !== false);
}

function lastOutput({ loss, losses }: Trajectory): number {
  return outputOfLoss(loss, losses.at(-1)!);
}

function drawFigure5(trajectories: readonly Trajectory[]): string {
  const start = (run: Trajectory) => outputOfLoss(run.loss, run.losses[0]!);
  const name = (run: Trajectory) => [`|w(0)| = ${plain(Number(start(run).toPrecision(4)))}`];
  const key_width = keyWidth(trajectories.map(name));
  const size = { width: 570, height: 320, key_width };
  const groups = groupedBy(trajectories, ({ loss }) => loss);
  const curves = groups.map((runs, index) => {
    const [first] = runs;
    const limit = first.loss === "exponential" ? 2.2 : 6;
    const curve = curveAt(first, 0);
    const points = phiPoints(curve, limit, "phi");
    const starts = runs.flatMap((run): PanelLine[] => {
      const [step] = phiSteps(run);
      if (step === undefined) return [];
      const { stroke } = phaseLine(run.phase, 0, 1);
      const mark = { point: [step.x, step.phi] as const, filled: step.rises };
      return [{ stroke, dash: "", points: [], marks: [mark] }];
    });
    const values = points.map(([, value]) => value);
    const high = first.loss === "exponential" ? 40 : Math.max(...values);
    const low = Math.min(...values);
    return drawLinePanel(
      {
        title: [
          `(${"ab"[index]}) ${first.loss} loss, η = ${plain(first.learning_rate)}: φ, and where runs start`,
        ],
        x: { name: ["|w|"], range: [0, limit], scale: "linear" },
        y: {
          name: ["φ(|w|)"],
          range: [low - 0.05 * (high - low), high + 0.1 * (high - low)],
          scale: "linear",
        },
        lines: [{ stroke: "#333", dash: "", points }, ...starts],
        ...size,
      },
      index,
    );
  });
  const courses = groups.map((runs, index) => {
    const root = firstRoot(curveAt(runs[0], 0), X_LIMIT);
    const lines: PanelLine[] = runs.map((run, number) => ({
      ...phaseLine(run.phase, number, runs.length),
      name: name(run),
      points: run.losses.map((loss, step) => [step, outputOfLoss(run.loss, loss)] as const),
    }));
    const fixed: PanelLine[] =
      root === undefined
        ? []
        : [
            {
              ...{ stroke: "#000", dash: "1 4", name: [`w* = ${significant(root, 4)}`], marks: [] },
              points: [
                [0, root],
                [20, root],
              ],
            },
          ];
    return drawLinePanel(
      {
        title: [`${runs[0].loss} loss: |w| along training`],
        x: { name: ["step t"], range: [0, root === undefined ? 4 : 20], scale: "linear" },
        y: { name: ["|w(t)|"], range: [0, 6], scale: "linear" },
        lines: [...lines, ...fixed],
        ...size,
      },
      groups.length + index,
    );
  });
  return drawSheet({
    title: "φ of a linear predictor, and the runs that it explains",
    legend: [
      ...phaseKey(trajectories),
      {
        sample: (x, y) =>
          `<circle cx="${x + 13}" cy="${y + 7}" r="4.5" fill="#333" stroke="#333"/>`,
        name: ["start whose first step raises the loss"],
      },
      {
        sample: (x, y) =>
          `<circle cx="${x + 13}" cy="${y + 7}" r="4.5" fill="#fff" stroke="#333" stroke-width="1.6"/>`,
        name: ["start whose first step lowers it"],
      },
    ],
    panels: [...curves, ...courses],
    columns: 2,
    panel_width: 570,
    panel_height: 320,
    caption:
      "Linear predictors f = w x trained by full-batch gradient descent on the samples (1, +1) and (1, −1). Above: φ(x) = η L′(x) − 2x, which is positive exactly where a step from |w| = x raises the loss, with the starts of the runs below (of those within the frame). Below: |w| along these runs, read off their loss; w*, where φ is zero, is where the weight oscillates between w* and −w*. After Figure 5 of Huang et al. (2020).",
  });
}
