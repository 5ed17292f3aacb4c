/** Figure 2 of the paper: loss and λ of one-hidden-layer nets along training. */
import type { DuckDBConnection } from "@duckdb/node-api";
import type { Phase } from "../../../shared/phases.ts";
import type { BoundaryRow } from "../boundaries/boundaries.ts";
import { drawLinePanel, keyWidth, type PanelAxis } from "../figures/line_panel.ts";
import { drawSheet } from "../figures/sheet.ts";
import { datasetLabel, plain, significant } from "../labels.ts";
import type { RunsSource } from "../runs_source.ts";
import type { Finding, PaperFigure, Verdict } from "./finding.ts";
import type { PaperData } from "./paper_data.ts";
import { theoryFindings } from "./theory_findings.ts";
import {
  groupedBy,
  phaseKey,
  rateName,
  readTrajectories,
  spread,
  type Trajectory,
  trajectoryLines,
} from "./trajectories.ts";
import { ofText, verdictOfAll } from "./verdicts.ts";

/** Panels of the paper by data set, loss and width, those of the loss and those of λ. */
const PANELS = [
  { dataset: "example3", loss: "exponential", width: 1000, panels: "(a)", ntk: "(e)" },
  { dataset: "example4", loss: "exponential", width: 1000, panels: "(b)", ntk: "(f)" },
  { dataset: "example3", loss: "logistic", width: 100, panels: "(c)", ntk: "(g)" },
  { dataset: "example4", loss: "logistic", width: 100, panels: "(d)", ntk: "(h)" },
] as const;

/** A run of the figure at its last step. */
export interface NetRun {
  readonly dataset: string;
  readonly loss: string;
  readonly width: number;
  readonly seed: number;
  readonly learning_rate: number;
  readonly phase: Phase;
  readonly settled: boolean;
  /** max L / L(0). */
  readonly peak: number;
  /** λ(T) / λ(0). */
  readonly ntk_ratio: number;
}

/** A peak that a reader of the paper's figure would see. */
const VISIBLE_PEAK = 1.05;
/** A λ that "keeps unchanged": the largest relative change that still counts as that. */
const UNCHANGED = 0.05;

export async function readFigure2(data: PaperData): Promise<PaperFigure | undefined> {
  const trajectories = await readTrajectories(data.connection, data.source);
  if (trajectories.length === 0) return undefined;
  const runs = await readNetRuns(data.connection, data.source);
  return {
    name: "figure2",
    title: "Figure 2: loss and largest NTK eigenvalue along training",
    svg: drawFigure2(trajectories),
    findings: [...figure2Findings(runs, data.rows), ...(await theoryFindings(data))],
  };
}

/** The runs at the learning rates that are recorded, which are those of the figure. */
async function readNetRuns(connection: DuckDBConnection, source: RunsSource): Promise<NetRun[]> {
  const reader = await connection.runAndReadAll(`
    SELECT dataset, loss, width::DOUBLE AS width, seed::DOUBLE AS seed, learning_rate,
      phase::VARCHAR AS phase, settled, loss_max / loss_initial AS peak,
      ntk_final / ntk_initial AS ntk_ratio
    FROM ${source} WHERE model = 'one_hidden_layer' AND loss_trajectory IS NOT NULL
    ORDER BY cell`);
  return reader.getRowObjectsJS() as unknown as NetRun[];
}

/**
 * A catapult shows where the loss of a run first exceeds 1.05 L(0) and the run still trains. The
 * paper's panel agrees where it shows at one of the learning rates in more than half of the seeds, in
 * part where it does in some seed. λ "falls" and "keeps unchanged" must hold for all runs in question,
 * and in part for at least half; unchanged is by at most 5 %.
 */
export function figure2Findings(
  runs: readonly NetRun[],
  boundaries: readonly BoundaryRow[],
): Finding[] {
  const of = (dataset: string, loss: string, width: number) =>
    runs.filter((run) => run.dataset === dataset && run.loss === loss && run.width === width);
  const window = (dataset: string, loss: string, width: number) =>
    windowText(
      boundaries.filter(
        (row) => row.dataset === dataset && row.loss === loss && row.width === width,
      ),
    );
  const shown = PANELS.flatMap(({ dataset, loss, width, panels }): Finding[] => {
    const own = of(dataset, loss, width);
    if (own.length === 0) return [];
    const claim = `${panels} ${loss} loss, ${datasetLabel(dataset)}, width ${width}: in the catapult phase the loss rises at first and then converges`;
    return [{ claim, ...catapultShows(own, window(dataset, loss, width)) }];
  });
  const narrow = ["example3", "example4"].flatMap((dataset): Finding[] => {
    const own = of(dataset, "exponential", 100);
    if (own.length === 0) return [];
    const claim = `(not in the paper) exponential loss, ${datasetLabel(dataset)}, width 100: the same shows where the phase is wider`;
    return [{ claim, ...catapultShows(own, window(dataset, "exponential", 100)) }];
  });
  const ntk = PANELS.flatMap(({ dataset, loss, width, ntk }): Finding[] => {
    const own = of(dataset, loss, width);
    const where = `${ntk} ${loss} loss, ${datasetLabel(dataset)}, width ${width}`;
    const catapult = own.filter(({ phase, settled }) => phase === "catapult" && settled);
    const lazy = own.filter(({ phase }) => phase === "lazy");
    return [
      ...about(
        `${where}: in the catapult phase λ falls below its initial value`,
        catapult,
        ({ ntk_ratio }) => ntk_ratio < 1,
      ),
      ...about(
        `${where}: in the lazy phase λ keeps unchanged`,
        lazy,
        ({ ntk_ratio }) => Math.abs(ntk_ratio - 1) <= UNCHANGED,
      ),
    ];
  });
  return [...shown, ...narrow, ...ntk];
}

function catapultShows(runs: readonly NetRun[], window: string): Omit<Finding, "claim"> {
  const seeds = groupedBy(runs, ({ seed }) => String(seed));
  const showing = seeds.filter((own) =>
    own.some(({ phase, peak }) => phase === "catapult" && peak > VISIBLE_PEAK),
  ).length;
  const agrees: Verdict = 2 * showing > seeds.length ? "yes" : showing > 0 ? "in part" : "no";
  return { measured: `shows in ${ofText(showing, seeds.length)} seeds${window}`, agrees };
}

/** "; η1/η0 − 1 = 0.63 %" by the medians over seeds, from the densest grid. */
function windowText(rows: readonly BoundaryRow[]): string {
  const [row] = rows
    .filter(({ eta0, eta1 }) => eta0.median !== null && eta1.median !== null)
    .sort((a, b) => (a.eta0.relative_step ?? 1) - (b.eta0.relative_step ?? 1));
  if (row === undefined) return "";
  const [low, high] = [row.eta0.median!, row.eta1.median!];
  const ends = `η0 = ${significant(low, 4)} to η1 = ${significant(high, 4)} (medians)`;
  const percent = 100 * (high / low - 1);
  return `; the phase goes from ${ends}${percent < 50 ? `, ${significant(percent, 2)} %` : ""}`;
}

function about(claim: string, runs: readonly NetRun[], holds: (run: NetRun) => boolean): Finding[] {
  if (runs.length === 0) return [];
  const held = runs.filter(holds).length;
  const ratios = runs.map(({ ntk_ratio }) => ntk_ratio).sort((a, b) => a - b);
  const text = (ratio: number) => significant(ratio, 3);
  const middle = ratios[Math.floor(ratios.length / 2)]!;
  const measured = `so in ${ofText(held, runs.length)} runs; λ(T)/λ(0) is ${text(ratios[0]!)} to ${text(ratios.at(-1)!)}, in the middle ${text(middle)}`;
  return [{ claim, measured, agrees: verdictOfAll(held, runs.length) }];
}

/** Curves of a panel: the phases differ, so a few of each. */
function chosen(runs: readonly Trajectory[]): readonly Trajectory[] {
  const of = (phase: Phase, limit: number) =>
    spread(
      runs.filter((run) => run.phase === phase),
      limit,
    );
  const picked = new Set([
    ...of("lazy", 2),
    ...of("catapult", 4),
    ...of("unsettled", 1),
    ...of("divergent", 1),
  ]);
  return runs.filter((run) => picked.has(run));
}

const WIDTH = 570;
const HEIGHT = 300;

function drawFigure2(trajectories: readonly Trajectory[]): string {
  const groups = groupedBy(
    trajectories,
    ({ grid, dataset, loss, width }) => `${grid} ${dataset} ${loss} ${width}`,
  ).map(chosen);
  const key_width = keyWidth(trajectories.map(rateName));
  const panels = groups.flatMap((runs, index) => {
    const { dataset, loss, width } = runs[0]!;
    const setting = `${datasetLabel(dataset)} · ${loss} · width ${width}`;
    const bounded = runs.filter(({ phase }) => phase !== "divergent");
    const steps = Math.min(60, Math.max(...runs.map(({ losses }) => losses.length - 1)));
    const x: PanelAxis = { name: ["step t"], range: [0, steps], scale: "linear" };
    const size = { width: WIDTH, height: HEIGHT, key_width };
    return [
      drawLinePanel(
        {
          title: [`${setting}: loss`],
          x,
          y: { name: ["loss L(t)"], range: lossRange(bounded), scale: "log" },
          lines: trajectoryLines(runs, ({ losses }) => losses),
          ...size,
        },
        2 * index,
      ),
      drawLinePanel(
        {
          title: [`${setting}: λ`, { sub: "NTK" }],
          x,
          y: {
            name: ["λ", { sub: "NTK" }, "(t)"],
            range: [0, ntkTop(bounded)],
            scale: "linear",
          },
          lines: trajectoryLines(runs, ({ ntk }) => ntk),
          ...size,
        },
        2 * index + 1,
      ),
    ];
  });
  const seeds = [...new Set(trajectories.map(({ seed }) => plain(seed)))].join(", ");
  return drawSheet({
    title: "Loss and largest NTK eigenvalue of one-hidden-layer nets along training",
    legend: phaseKey(groups.flat()),
    panels,
    columns: 2,
    panel_width: WIDTH,
    panel_height: HEIGHT,
    caption: `Linear networks with one hidden layer, trained by full-batch gradient descent with a constant learning rate η: loss L (left, logarithmic) and largest eigenvalue λ_NTK of the neural tangent kernel (right) at the first steps t, for some learning rates of each phase (lazy: the loss never rises; catapult: it rises at least once and training still succeeds; divergent: it leaves every bound, and the frame). One random initialization a row (seed ${seeds}), the one of its sweep with most catapult runs. After Figure 2 of Huang et al. (2020), who show the exponential catapult at width 1000.`,
  });
}

/** Room for every λ, but not for those beyond 2.5 times the initial one. */
function ntkTop(runs: readonly Trajectory[]): number {
  const start = Math.max(...runs.map(({ ntk }) => ntk[0] ?? 1));
  const most = Math.max(...runs.flatMap(({ ntk }) => ntk.filter((each) => each <= 2.5 * start)));
  return 1.08 * Math.max(start, most);
}

/** From the least to the highest loss of the runs that stay bounded, and a little more. */
function lossRange(runs: readonly Trajectory[]): [number, number] {
  const losses = runs.flatMap((run) => run.losses.filter((loss) => loss > 0 && loss < 1e12));
  const [low, high] = [Math.min(...losses), Math.max(...losses)];
  const room = (high / low) ** 0.08;
  return [low / room, Math.max(high * room, low * 1.5)];
}
