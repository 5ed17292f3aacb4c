/**
 * The accuracy figure: test accuracy along the learning rate, one panel for each network and data
 * set, one curve for each training schedule. It redraws Figure 4 of Huang et al. 2020.
 */
import type { AccuracyGroup, AccuracyPoint } from "../accuracy.ts";
import type { BoundaryRow } from "../boundaries/boundaries.ts";
import {
  ACCURACY_PANEL_WIDTH,
  type AccuracyAxes,
  type AccuracyCurve,
  accuracyPanelHeight,
  CURVE_STYLES,
  drawAccuracyPanel,
  marker,
} from "./accuracy_panel.ts";
import { PHASE_FILLS, UNSETTLED_PATTERN } from "./phase_panel.ts";
import { drawSheet } from "./sheet.ts";
import type { LegendItem } from "./svg_legend.ts";
import { coordinate as at, type Run } from "./svg_text.ts";

/** Most panels of one figure. */
const PANEL_LIMIT = 24;
/** Number of points above which a curve is thinned: a panel has fewer pixels. */
const POINT_LIMIT = 400;

/**
 * One self-contained SVG; undefined where no group has test samples. The same input gives the same
 * bytes. @throws RangeError when a group has no boundary row.
 */
export function drawAccuracyFigure(
  groups: readonly AccuracyGroup[],
  rows: readonly BoundaryRow[],
): string | undefined {
  const all = panelsOf(groups, rows);
  if (all.length === 0) return undefined;
  const panels = all.slice(0, PANEL_LIMIT);
  const axes = axesByDataset(panels);
  return drawSheet({
    title: "Test accuracy along the learning rate η",
    definitions: UNSETTLED_PATTERN,
    legend: legendItems(panels.flat()),
    panels: panels.map((panel, index) =>
      drawAccuracyPanel(panel, axes.get(panel[0]!.row.dataset)!, index),
    ),
    columns: Math.min(2, panels.length),
    panel_width: ACCURACY_PANEL_WIDTH,
    panel_height: accuracyPanelHeight(Math.max(...panels.map((panel) => panel.length))),
    caption: captionWords(panels.flat(), all.length - panels.length),
  });
}

/** Groups that differ in their schedule alone share a panel, as far as there are styles for them. */
function panelsOf(
  groups: readonly AccuracyGroup[],
  rows: readonly BoundaryRow[],
): AccuracyCurve[][] {
  const rowOf = new Map(rows.map((row) => [row.shape_group, row]));
  const open = new Map<string, AccuracyCurve[]>();
  const panels: AccuracyCurve[][] = [];
  for (const group of groups) {
    const row = rowOf.get(group.shape_group);
    if (row === undefined) throw new RangeError(`Group ${group.shape_group} has no boundary row.`);
    let panel = open.get(group.same_but_training);
    if (panel === undefined || panel.length === CURVE_STYLES.length) {
      panel = [];
      panels.push(panel);
      open.set(group.same_but_training, panel);
    }
    panel.push({ group: { ...group, points: thinned(group.points) }, row });
  }
  return panels;
}

function thinned<Point>(points: readonly Point[]): readonly Point[] {
  const stride = Math.ceil(points.length / POINT_LIMIT);
  return points.filter((_, index) => index % stride === 0);
}

/** The same axes for all panels of a data set, so that they can be compared by eye. */
function axesByDataset(panels: readonly AccuracyCurve[][]): ReadonlyMap<string, AccuracyAxes> {
  const axes = new Map<string, AccuracyAxes>();
  const curves = panels.flat();
  for (const dataset of new Set(curves.map(({ row }) => row.dataset))) {
    const own = curves.filter(({ row }) => row.dataset === dataset);
    const points = own.flatMap(({ group }) => group.points);
    const ends = points.flatMap(({ accuracy }) => {
      if (accuracy === null) return [];
      const error = accuracy.standard_error ?? 0;
      return [accuracy.mean - error, accuracy.mean + error];
    });
    const high = extreme(ends, Math.max, 1);
    const low = Math.max(extreme(ends, Math.min, 0), floorOf(points, high));
    // Some room above and below, also where everything is equal.
    const room = Math.max(0.06 * (high - low), 0.005);
    const rates = points.map(({ learning_rate }) => learning_rate);
    const [lowest, highest] = [extreme(rates, Math.min, 1), extreme(rates, Math.max, 1)];
    axes.set(dataset, {
      rates: lowest < highest ? [lowest, highest] : [lowest / 1.1, highest * 1.1],
      accuracies: [low - room, high + room],
    });
  }
  return axes;
}

/**
 * Lowest accuracy worth drawing: a few learning rates that left a run no better than chance would
 * flatten all the rest, which is told apart by fractions of a percent.
 */
function floorOf(points: readonly AccuracyPoint[], high: number): number {
  const means = points
    .flatMap(({ accuracy }) => (accuracy === null ? [] : [accuracy.mean]))
    .sort((a, b) => a - b);
  const quarter = means[Math.floor(means.length / 4)] ?? 0;
  return high - 2.5 * (high - quarter);
}

/** Folded rather than spread over a call's arguments, of which there may be too many. */
function extreme(
  values: readonly number[],
  pick: (a: number, b: number) => number,
  otherwise: number,
): number {
  return values.length === 0 ? otherwise : values.reduce((found, value) => pick(found, value));
}

function legendItems(curves: readonly AccuracyCurve[]): LegendItem[] {
  const seen = (phase: (typeof PHASE_FILLS)[number]["phase"]) =>
    curves.some(({ group }) => group.points.some(({ shares }) => shares[phase] > 0));
  const grey = { ...CURVE_STYLES[0]!, stroke: "#555" };
  const items: LegendItem[] = PHASE_FILLS.filter(({ phase }) => seen(phase)).map(
    ({ phase, fill }) => ({
      sample: (x, y) =>
        `<rect x="${at(x)}" y="${at(y)}" width="26" height="14" fill="${fill}" stroke="#333" stroke-width="0.7"/>`,
      name: [phase],
    }),
  );
  items.push(
    {
      sample: (x, y) =>
        `<rect x="${at(x)}" y="${at(y)}" width="26" height="14" fill="#555" fill-opacity="0.18"/><path d="M${at(x)} ${at(y + 7)}h26" stroke="#555" stroke-width="2"/>${marker(grey, x + 13, y + 7, "#555")}`,
      name: ["mean ± standard error"],
    },
    {
      sample: (x, y) =>
        `<circle cx="${at(x + 13)}" cy="${at(y + 7)}" r="7" fill="none" stroke="#555" stroke-width="1.6"/>${marker(grey, x + 13, y + 7, "#555")}`,
      name: ["best lazy, best catapult"],
    },
    {
      sample: (x, y) => `<path d="M${at(x + 13)} ${at(y - 1)}v16" stroke="#555"/>`,
      name: ["medians of η", { sub: "0" }, ", η", { sub: "1" }],
    },
  );
  if (seen("divergent")) {
    items.push({
      sample: (x, y) => marker(grey, x + 13, y + 7, "#fff"),
      name: ["some seeds diverged"],
    });
  }
  return items;
}

/** The caption's words: what was trained and how, what is drawn, and what is left out. */
function captionWords(curves: readonly AccuracyCurve[], leftOut: number): Run[][] {
  const words: Run[][] = [];
  const say = (text: string) => words.push(...text.split(" ").map((word) => [word]));
  const seeds = span(curves.map(({ row }) => row.seeds));
  const samples = span(curves.map(({ group }) => group.test_samples));
  say("Share of the");
  say(
    `${samples} held-out samples that linear networks, trained by full-batch gradient descent with`,
  );
  say(`learning rate η, classify right: mean over ${seeds} random initializations (seeds) without`);
  say("those that diverged, and its standard error, which does not include the choice of the");
  say("held-out samples. T: number of steps; ηT: training time, so that each η makes ηT/η steps.");
  say("Strips under a panel, one a curve: share of the seeds in each phase (lazy: the loss never");
  say("rises; catapult: it rises at least once and training still succeeds; divergent: it leaves");
  say(
    "every bound), judged over all steps. Vertical lines, dashed as their curves: medians over the",
  );
  words.push(["seeds"], ["of"], ["η", { sub: "0" }, ","]);
  say("the smallest η that is not lazy, and");
  words.push(["η", { sub: "1" }, ","]);
  say(
    "the smallest that is divergent. Rings: the highest mean among the η at which more than half",
  );
  say(
    "of the seeds are lazy, and catapult; of one size a curve. Axes are the same in all panels of",
  );
  say("a data set; values below the frame are cut.");
  say("After Figure 4 of Huang et al. (2020).");
  if (leftOut > 0) {
    say(`Not shown: ${leftOut} further ${leftOut === 1 ? "panel" : "panels"} of the same sweep.`);
  }
  return words;
}

/** "512", or "100 to 512" where the curves differ. */
function span(values: readonly number[]): string {
  const [low, high] = [extreme(values, Math.min, 0), extreme(values, Math.max, 0)];
  return low === high ? String(low) : `${low} to ${high}`;
}
