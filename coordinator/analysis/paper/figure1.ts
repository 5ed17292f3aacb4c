/** Figure 1 of the paper: losses of a linear predictor around the critical learning rates. */
import type { DuckDBConnection } from "@duckdb/node-api";
import type { Phase } from "../../../shared/phases.ts";
import { drawLinePanel, keyWidth } from "../figures/line_panel.ts";
import { drawSheet } from "../figures/sheet.ts";
import { datasetLabel, significant } from "../labels.ts";
import type { RunsSource } from "../runs_source.ts";
import { criticalRate, outputOfLoss } from "./degenerate.ts";
import type { Finding, PaperFigure } from "./finding.ts";
import type { PaperData } from "./paper_data.ts";
import { theoryFindings } from "./theory_findings.ts";
import {
  groupedBy,
  phaseKey,
  rateName,
  readTrajectories,
  type Trajectory,
  trajectoryLines,
} from "./trajectories.ts";
import { ofText, roundingOf, verdictOfAll, verdictOfNumber } from "./verdicts.ts";

/** The critical rates as the paper prints them; Example 2 with its third label as −1 and as printed. */
const PRINTED = [
  { panel: "(a)", dataset: "example1", loss: "exponential", rate: "1.66843" },
  { panel: "(b)", dataset: "example2_corrected", loss: "exponential", rate: "0.895" },
  { panel: "(b)", dataset: "example2", loss: "exponential", rate: "0.895" },
  { panel: "(c)", dataset: "example1", loss: "logistic", rate: "8.485" },
  { panel: "(d)", dataset: "example2_corrected", loss: "logistic", rate: "4.65" },
  { panel: "(d)", dataset: "example2", loss: "logistic", rate: "4.65" },
] as const;

/** Relative distance of a printed rate from the measured one that still agrees in part. */
const TOLERANCE = 0.01;

/** The runs of a linear predictor on one data set with one loss. */
export interface PredictorRun {
  readonly dataset: string;
  readonly loss: string;
  readonly learning_rate: number;
  readonly phase: Phase;
  readonly increases: number;
  readonly gradient_norm: number;
  readonly loss_initial: number;
  readonly loss_final: number;
}

export async function readFigure1(data: PaperData): Promise<PaperFigure | undefined> {
  const trajectories = await readTrajectories(data.connection, data.source);
  if (trajectories.length === 0) return undefined;
  const runs = await readPredictorRuns(data.connection, data.source);
  return {
    name: "figure1",
    title: "Figure 1: loss of a linear predictor around the critical learning rate",
    svg: drawFigure1(trajectories),
    findings: [...figure1Findings(runs), ...(await theoryFindings(data))],
  };
}

async function readPredictorRuns(
  connection: DuckDBConnection,
  source: RunsSource,
): Promise<PredictorRun[]> {
  const reader = await connection.runAndReadAll(`
    SELECT dataset, loss, learning_rate, phase::VARCHAR AS phase, increases::DOUBLE AS increases,
      gradient_norm, loss_initial, loss_final
    FROM ${source} WHERE model = 'linear_predictor' ORDER BY dataset, loss, learning_rate`);
  return reader.getRowObjectsJS() as unknown as PredictorRun[];
}

/**
 * A printed critical rate agrees where, rounded as printed, it meets the measured bracket: the last
 * learning rate below which every run ends below its initial loss, and the first that does not. It
 * agrees in part within 1 %. What is said about every run must hold for all of them.
 */
export function figure1Findings(runs: readonly PredictorRun[]): Finding[] {
  const of = (dataset: string, loss: string) =>
    runs.filter((run) => run.dataset === dataset && run.loss === loss);
  const criticals = PRINTED.flatMap(({ panel, dataset, loss, rate }): Finding[] => {
    const bracket = criticalBracket(of(dataset, loss));
    if (bracket === undefined) return [];
    const [low, high] = bracket;
    const half = roundingOf(rate);
    const [start] = of(dataset, loss);
    const theory =
      dataset === "example1"
        ? `; Theorem 1 gives ${significant(criticalRate(loss, outputOfLoss(loss, start!.loss_initial)), 6)}`
        : "";
    const variant = dataset === "example2" ? ", third label as printed" : "";
    return [
      {
        claim: `${panel} ${loss} loss, ${datasetName(dataset)}${variant}: critical learning rate ${rate}`,
        measured: `between ${significant(low, 6)} and ${significant(high, 6)}${theory}`,
        agrees: verdictOfNumber(Number(rate), [low - half, high + half], TOLERANCE),
      },
    ];
  });
  return [...criticals, ...theoremOne(of("example1", "exponential"), of("example1", "logistic"))];
}

/** What Theorem 1 says about how runs end on Example 1. */
function theoremOne(
  exponential: readonly PredictorRun[],
  logistic: readonly PredictorRun[],
): Finding[] {
  const critical = (loss: "exponential" | "logistic", { loss_initial }: PredictorRun) =>
    criticalRate(loss, outputOfLoss(loss, loss_initial));
  const about = (
    claim: string,
    runs: readonly PredictorRun[],
    holds: (run: PredictorRun) => boolean,
    what: string,
  ): Finding[] => {
    const held = runs.filter(holds).length;
    if (runs.length === 0) return [];
    const measured = `${ofText(held, runs.length)} learning rates ${what}`;
    return [{ claim, measured, agrees: verdictOfAll(held, runs.length) }];
  };
  const log2 = Math.log(2);
  return [
    ...about(
      "(a) above the critical rate the loss explodes",
      exponential.filter((run) => run.learning_rate > critical("exponential", run)),
      ({ phase }) => phase === "divergent",
      "diverge",
    ),
    ...about(
      "(c) above the critical rate the loss saturates above its start",
      logistic.filter((run) => run.learning_rate > critical("logistic", run)),
      ({ phase, loss_final, loss_initial }) => phase === "unsettled" && loss_final >= loss_initial,
      "stay finite and end above L(0)",
    ),
    ...about(
      "(c) between 8 and the critical rate the loss falls, but not to its minimum log 2: the weight oscillates",
      logistic.filter(
        (run) => run.learning_rate > 8 && run.learning_rate < critical("logistic", run),
      ),
      ({ increases, gradient_norm, loss_final, loss_initial }) =>
        increases === 0 &&
        loss_final < loss_initial &&
        loss_final > log2 + 1e-6 &&
        gradient_norm > 1e-3,
      "never rise, end above log 2 and keep a gradient",
    ),
    ...about(
      "(c) below 8 the loss falls to log 2",
      logistic.filter(({ learning_rate }) => learning_rate < 8),
      ({ increases, loss_final, loss_initial }) =>
        increases === 0 && loss_final - log2 < 0.01 * (loss_initial - log2),
      "never rise and end within 1 % of the way to log 2",
    ),
  ];
}

/** [last η before the first run that ends no better than it starts, that η]; undefined without one. */
function criticalBracket(runs: readonly PredictorRun[]): [number, number] | undefined {
  const first = runs.findIndex(({ phase }) => phase === "divergent" || phase === "unsettled");
  if (first <= 0) return undefined;
  return [runs[first - 1]!.learning_rate, runs[first]!.learning_rate];
}

function datasetName(dataset: string): string {
  return dataset === "example2" ? "Example 2" : datasetLabel(dataset);
}

function drawFigure1(trajectories: readonly Trajectory[]): string {
  const groups = groupedBy(trajectories, ({ grid, dataset, loss }) => `${grid} ${dataset} ${loss}`);
  const key_width = keyWidth(trajectories.map(rateName));
  const panels = groups.map((runs, index) => {
    const { dataset, loss } = runs[0];
    const start = runs[0].losses[0]!;
    const finite = runs.flatMap(({ losses }) => losses.filter((loss) => Number.isFinite(loss)));
    const least = Math.min(...finite);
    // What explodes leaves the frame; what saturates stays within twice the start.
    const most = Math.max(
      ...runs.filter(({ phase }) => phase !== "divergent").flatMap(({ losses }) => losses),
    );
    const high = Math.max(most, start + 0.8 * (start - least));
    const steps = Math.min(40, Math.max(...runs.map(({ losses }) => losses.length - 1)));
    return drawLinePanel(
      {
        title: [`(${"abcdefgh"[index]}) ${datasetLabel(dataset)} · ${loss} · linear predictor`],
        x: { name: ["step t"], range: [0, steps], scale: "linear" },
        y: {
          name: ["loss L(t)"],
          range: [least - 0.05 * (high - least), high + 0.05 * (high - least)],
          scale: "linear",
        },
        lines: trajectoryLines(runs, ({ losses }) => losses),
        ...{ width: 570, height: 320, key_width },
      },
      index,
    );
  });
  return drawSheet({
    title: "Loss of a linear predictor around the critical learning rate",
    legend: phaseKey(trajectories),
    panels,
    columns: 2,
    panel_width: 570,
    panel_height: 320,
    caption:
      "Linear predictors f = w x trained by full-batch gradient descent with a constant learning rate η from one initial weight: loss L at the first steps t, for learning rates below and above the critical one. Lines: by the phase of the whole run (lazy: the loss never rises; catapult: it rises and still ends below its start; divergent: it leaves every bound, and the frame; unsettled: finite, but no better than at the start). After Figure 1 of Huang et al. (2020).",
  });
}
