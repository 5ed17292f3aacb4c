/** Figure 6 of the paper: the curves φ_λ of nets, at the λ that a run goes through. */
import type { Loss } from "../../../shared/losses.ts";
import { drawLinePanel, keyWidth, type PanelLine } from "../figures/line_panel.ts";
import { drawSheet } from "../figures/sheet.ts";
import type { Run } from "../figures/svg_text.ts";
import { plain, significant } from "../labels.ts";
import { outputOfLoss } from "./degenerate.ts";
import type { Finding, PaperFigure } from "./finding.ts";
import type { PaperData } from "./paper_data.ts";
import { curveAt, firstRoot, type PhiStep, phiPoints, phiSteps } from "./phi_steps.ts";
import { theoryFindings } from "./theory_findings.ts";
import { readTrajectories, type Trajectory } from "./trajectories.ts";
import { ofText, verdictOfAll } from "./verdicts.ts";

/** Losses that the paper draws, and how far along x. */
const SHOWN: readonly { readonly loss: Loss; readonly limit: number }[] = [
  { loss: "exponential", limit: 4 },
  { loss: "logistic", limit: 20 },
];

/** Curves of a run, at as many values of its λ. */
const CURVES = ["#9ecae1", "#5aa1cf", "#2171b5", "#08519c", "#041f42"];

export async function readFigure6(data: PaperData): Promise<PaperFigure | undefined> {
  const all = await readTrajectories(data.connection, data.source, { seeds: "all" });
  const trajectories = all.filter(
    ({ dataset, width, ntk }) => dataset === "example3" && width !== null && ntk.length > 0,
  );
  if (trajectories.length === 0) return undefined;
  return {
    name: "figure6",
    title: "Figure 6: φ of one-hidden-layer nets, and Theorem 2",
    svg: drawFigure6(trajectories),
    findings: [...figure6Findings(trajectories), ...(await theoryFindings(data))],
  };
}

/**
 * A claim about steps agrees where it holds for all of them, in part for at least half; one about the
 * order of the zeros of φ likewise for all pairs of neighbours.
 */
export function figure6Findings(runs: readonly Trajectory[]): Finding[] {
  return [...sign(runs), ...zeroOfExponential(runs), ...lowNtkOfLogistic(runs)];
}

/**
 * With f' = f (1 + A), φ = −x (A + 2). The loss also rises where A > 0, that is φ < −2x: the output is
 * then so large that a step makes it grow without a change of sign.
 */
function sign(runs: readonly Trajectory[]): Finding[] {
  const steps = runs.map(phiSteps);
  const total = steps.reduce((sum, each) => sum + each.length, 0);
  if (total === 0) return [];
  const count = (holds: (step: PhiStep) => boolean) =>
    steps.reduce((sum, each) => sum + each.filter(holds).length, 0);
  const right = count((step) => step.rises === step.phi > 0);
  const both = count(({ rises, phi, x }) => rises === (phi > 0 || phi < -2 * x));
  return [
    {
      claim: "a step raises the loss exactly where φ_λ(|f|) > 0, with the λ of that step",
      measured: `so in ${ofText(right, total)} steps of ${runs.length.toLocaleString("en-US")} runs; exactly where φ_λ > 0 or φ_λ < −2|f| in ${ofText(both, total)}`,
      agrees: verdictOfAll(right, total),
    },
  ];
}

/** x_*(λ') > x_*(λ) for λ' < λ, at the λ that the drawn run goes through. */
function zeroOfExponential(runs: readonly Trajectory[]): Finding[] {
  const run = shownRun(runs, "exponential");
  if (run === undefined) return [];
  const zeros = stepsOfNtk(run, 12)
    .flatMap((step) => {
      const zero = firstRoot(curveAt(run, step), 20, { upward: true });
      return zero === undefined ? [] : [{ ntk: run.ntk[step]!, zero }];
    })
    .sort((a, b) => b.ntk - a.ntk);
  const pairs = zeros.slice(1).map((low, i) => [zeros[i]!, low] as const);
  if (pairs.length === 0) return [];
  const held = pairs.filter(([high, low]) => low.zero > high.zero).length;
  const text = ({ ntk, zero }: { ntk: number; zero: number }) =>
    `${significant(zero, 3)} at λ = ${significant(ntk, 3)}`;
  return [
    {
      claim:
        "(a) exponential loss: x_*, from which on φ_λ is positive, moves to the right as λ falls",
      measured: `in ${ofText(held, pairs.length)} pairs of neighbouring λ of a run, from ${text(zeros[0]!)} to ${text(zeros.at(-1)!)}`,
      agrees: verdictOfAll(held, pairs.length),
    },
  ];
}

/** The paper's λ_* = 4/η, 8/η with the mean over the two samples that our s(x) has. */
function lowNtkOfLogistic(runs: readonly Trajectory[]): Finding[] {
  const own = runs.filter(({ loss }) => loss === "logistic");
  let total = 0;
  let held = 0;
  for (const { losses, ntk, learning_rate } of own) {
    for (let step = 0; step + 1 < losses.length; step++) {
      if (!(ntk[step]! < 8 / learning_rate)) continue;
      total++;
      if (!(losses[step + 1]! > losses[step]! * (1 + 1e-12))) held++;
    }
  }
  if (total === 0) return [];
  return [
    {
      claim:
        "(c, d) logistic loss: once λ is below λ_* (8/η in our normalization) the loss keeps falling",
      measured: `so in ${ofText(held, total)} steps with such a λ`,
      agrees: verdictOfAll(held, total),
    },
  ];
}

/**
 * The catapult run to draw: among those whose every output fits, one whose λ falls in most steps, and
 * of these the one with the highest peak.
 */
function shownRun(runs: readonly Trajectory[], loss: Loss): Trajectory | undefined {
  const limit = SHOWN.find((each) => each.loss === loss)!.limit;
  const peak = ({ losses }: Trajectory) => Math.max(...losses.map((each) => each / losses[0]!));
  const candidates = runs
    .filter((run) => run.loss === loss && run.phase === "catapult")
    .filter((run) => run.losses.every((each) => outputOfLoss(loss, each) < 0.9 * limit))
    .map((run) => ({ run, levels: shownSteps(run).length, peak: peak(run) }));
  return candidates.sort((a, b) => b.levels - a.levels || b.peak - a.peak)[0]?.run;
}

function shownSteps(run: Trajectory): number[] {
  return stepsOfNtk(run, CURVES.length);
}

/** The first steps at which λ has fallen by 0, 1/(n − 1), …, all of the way to its last value. */
function stepsOfNtk({ ntk }: Trajectory, n: number): number[] {
  const [first, last] = [ntk[0]!, ntk.at(-1)!];
  const steps = Array.from({ length: n }, (_, i) => {
    const level = first + ((last - first) * i) / (n - 1);
    return i === n - 1 ? ntk.length - 1 : ntk.findIndex((each) => each <= level);
  });
  return [...new Set(steps)].filter((step) => step >= 0).sort((a, b) => a - b);
}

function drawFigure6(runs: readonly Trajectory[]): string {
  const shown = SHOWN.flatMap(({ loss, limit }) => {
    const run = shownRun(runs, loss);
    return run === undefined ? [] : [{ run, limit }];
  });
  const name = (run: Trajectory, step: number): Run[] => [
    `t = ${step}: λ = ${significant(run.ntk[step]!, 3)}`,
  ];
  const key_width = keyWidth(
    shown.flatMap(({ run }) => shownSteps(run).map((step) => name(run, step))),
  );
  const size = { width: 570, height: 320, key_width };
  const panels = shown.flatMap(({ run, limit }, index) => {
    const setting = `${run.loss}, η = ${plain(Number(run.learning_rate.toPrecision(4)))}, width ${run.width}`;
    return (["phi", "derivative"] as const).map((which, column) => {
      const curves = shownSteps(run).map((step, i): PanelLine => {
        const points = phiPoints(curveAt(run, step), limit, which);
        return {
          stroke: CURVES[i]!,
          dash: i % 2 === 0 ? "" : "7 3",
          name: name(run, step),
          points,
        };
      });
      const outputs = which === "phi" ? stepMarks(run) : [];
      const values = curves.flatMap(({ points }) => points.slice(0, 100).map(([, value]) => value));
      const range = robustRange([
        ...values,
        ...outputs.flatMap(({ marks }) => marks!.map(({ point }) => point[1])),
      ]);
      const letter = "abcd"[2 * index + column];
      return drawLinePanel(
        {
          title: [`(${letter}) ${setting}: φ`, { sub: "λ" }, which === "phi" ? "" : "′"],
          x: { name: ["|f|"], range: [0, limit], scale: "linear" },
          y: {
            name: ["φ", { sub: "λ" }, which === "phi" ? "(|f|)" : "′(|f|)"],
            range,
            scale: "linear",
          },
          lines: [...curves, ...outputs],
          ...size,
        },
        2 * index + column,
      );
    });
  });
  const courses = shown.map(({ run }, index) =>
    drawLinePanel(
      {
        title: [`(${"ef"[index]}) the run of ${run.loss} loss`],
        x: { name: ["step t"], range: [0, 30], scale: "linear" },
        y: { name: ["|f(t)|, λ(t)"], range: [0, 1.1 * courseTop(run)], scale: "linear" },
        lines: [
          { ...{ stroke: "#a34a00", dash: "7 3", name: ["|f(t)|"] }, points: outputsOf(run) },
          {
            ...{ stroke: "#08306b", dash: "", name: ["λ(t)"] },
            points: run.ntk.map((each, step) => [step, each] as const),
          },
        ],
        ...size,
      },
      2 * shown.length + index,
    ),
  );
  return drawSheet({
    title: "φ of one-hidden-layer nets at the λ that a run goes through",
    legend: [
      {
        sample: (x, y) =>
          `<circle cx="${x + 13}" cy="${y + 7}" r="4.5" fill="#333" stroke="#333"/>`,
        name: ["|f| of a step that raises the loss"],
      },
      {
        sample: (x, y) =>
          `<circle cx="${x + 13}" cy="${y + 7}" r="4.5" fill="#fff" stroke="#333" stroke-width="1.6"/>`,
        name: ["of a step that lowers it"],
      },
    ],
    panels: [...panels, ...courses],
    columns: 2,
    panel_width: 570,
    panel_height: 320,
    caption:
      "One-hidden-layer linear networks trained by full-batch gradient descent on the samples ([1, 0], +1) and ([1, 0], −1), where the loss follows from |f| alone. φ_λ(x) = η λ L′(x) − (η²/m) x L′(x)² − 2x is positive where a step from |f| = x goes so far beyond 0 that the loss rises. (a, c) φ_λ at the eigenvalue λ of the NTK at some steps t of one catapult run, with the |f| of these steps on their curves; (b, d) its derivative; (e, f) |f| and λ along the same runs: of the catapult runs that fit, one whose λ falls in most steps. After Figure 6 of Huang et al. (2020), who give neither η nor m.",
  });
}

/** The output of each drawn step on its curve. */
function stepMarks(run: Trajectory): PanelLine[] {
  return shownSteps(run).flatMap((step, i): PanelLine[] => {
    const [found] = phiSteps({
      ...run,
      losses: run.losses.slice(step, step + 2),
      ntk: run.ntk.slice(step, step + 2),
    });
    if (found === undefined) return [];
    const mark = { point: [found.x, found.phi] as const, filled: found.rises };
    return [{ stroke: CURVES[i]!, dash: "", points: [], marks: [mark] }];
  });
}

function outputsOf({ loss, losses }: Trajectory): [number, number][] {
  return losses.map((each, step) => [step, outputOfLoss(loss, each)]);
}

function courseTop(run: Trajectory): number {
  return Math.max(...run.ntk, ...outputsOf(run).map(([, x]) => x));
}

/** A range around 0 that shows the middle of the values and lets the steep ends leave the frame. */
function robustRange(values: readonly number[]): [number, number] {
  const sorted = [...values].sort((a, b) => a - b);
  const low = sorted[Math.floor(0.08 * (sorted.length - 1))]!;
  const high = sorted.at(-1)!;
  const room = 0.08 * (high - low);
  return [low - room, high + room];
}
