/**
 * The phase figure: for every shape group the share of seeds in each phase along the learning rate,
 * with λ_NTK and h at the last step. It redraws Figure 3 of Huang et al. 2020 from measured cells.
 */
import type { BoundaryRow } from "../boundaries/boundaries.ts";
import { plain } from "../labels.ts";
import type { FigureData, FigurePanel } from "./figure_data.ts";
import {
  BOUNDARY_DASH,
  drawPanel,
  HESSIAN_LINE,
  INTERVAL_OPACITY,
  NTK_LINE,
  PANEL_HEIGHT,
  PANEL_WIDTH,
  PHASE_FILLS,
  UNSETTLED_PATTERN,
} from "./phase_panel.ts";
import { drawSheet } from "./sheet.ts";
import type { LegendItem } from "./svg_legend.ts";
import { coordinate as at, type Run } from "./svg_text.ts";

/** Most panels of one figure: twelve rows of two are as much as a reader scrolls through. */
export const PANEL_LIMIT = 24;

const COLUMNS = 2;

/**
 * One self-contained SVG: a legend, at most PANEL_LIMIT panels in the order of `data`, a caption.
 * The same input gives the same bytes. `rows` may hold more groups than `data`.
 *
 * @throws RangeError when there is no panel, or one without its boundary row.
 */
export function drawPhaseFigure(data: FigureData, rows: readonly BoundaryRow[]): string {
  const panels = data.panels.slice(0, PANEL_LIMIT);
  if (panels.length === 0) throw new RangeError("A figure without a panel shows nothing.");
  const byGroup = new Map(rows.map((row) => [row.shape_group, row]));
  const shown = panels.map((panel) => {
    const row = byGroup.get(panel.shape_group);
    if (row === undefined) throw new RangeError(`Group ${panel.shape_group} has no boundary row.`);
    return { panel, row };
  });
  return drawSheet({
    title: "Phases of gradient descent along the learning rate η",
    definitions: UNSETTLED_PATTERN,
    legend: legendItems(panels),
    panels: shown.map(({ panel, row }, index) => drawPanel(panel, row, index)),
    ...{ columns: COLUMNS, panel_width: PANEL_WIDTH, panel_height: PANEL_HEIGHT },
    caption: captionWords(shown, data.groups_total - panels.length),
  });
}

/** What all panels share. */
function legendItems(panels: readonly FigurePanel[]): LegendItem[] {
  const present = (phase: (typeof PHASE_FILLS)[number]["phase"]) =>
    panels.some((panel) => panel[phase].some((share) => share > 0));
  const items: LegendItem[] = PHASE_FILLS.filter(({ phase }) => present(phase)).map(
    ({ phase, fill }) => ({
      sample: (x, y) =>
        `<rect x="${at(x)}" y="${at(y)}" width="26" height="14" fill="${fill}" stroke="#333" stroke-width="0.7"/>`,
      name: [phase],
    }),
  );
  if (panels.some((panel) => panel.ntk !== null)) {
    items.push({
      sample: curveSample(NTK_LINE),
      name: ["λ", { sub: "NTK" }, ", median and 10–90 %"],
    });
  }
  if (panels.some((panel) => panel.hessian !== null)) {
    items.push({ sample: curveSample(HESSIAN_LINE), name: ["h, median and 10–90 %"] });
  }
  items.push({
    sample: (x, y) =>
      `<rect x="${at(x + 6)}" y="${at(y - 1)}" width="14" height="16" fill="#000" fill-opacity="${INTERVAL_OPACITY}"/><path d="M${at(x + 13)} ${at(y - 1)}v16" stroke="#000" stroke-width="1.5" stroke-dasharray="${BOUNDARY_DASH}"/>`,
    name: ["η", { sub: "0" }, ", η", { sub: "1" }, ", median and interval"],
  });
  return items;
}

function curveSample({ stroke, dash }: { stroke: string; dash: string }): LegendItem["sample"] {
  const dashes = dash === "" ? "" : ` stroke-dasharray="${dash}"`;
  return (x, y) =>
    `<rect x="${at(x)}" y="${at(y)}" width="26" height="14" fill="${stroke}" fill-opacity="0.2"/><path d="M${at(x)} ${at(y + 7)}h26" stroke="${stroke}" stroke-width="2"${dashes}/>`;
}

/** The caption's words: what was trained and how, what is drawn, and what is left out. */
function captionWords(
  shown: readonly { readonly panel: FigurePanel; readonly row: BoundaryRow }[],
  leftOut: number,
): Run[][] {
  const rows = shown.map(({ row }) => row);
  const confidence = plain(rows[0]!.confidence * 100);
  const words: Run[][] = [];
  const say = (text: string) => words.push(...text.split(" ").map((word) => [word]));
  say("Linear models trained by full-batch gradient descent with a constant learning rate η:");
  const horizons = rows.map((row) => row.steps);
  const fixed = horizons.filter((steps) => steps !== null);
  const varies = fixed.length < horizons.length ? ["T(η)"] : [];
  say(`${[...(fixed.length > 0 ? [span(fixed)] : []), ...varies].join(" or ")} steps from each of`);
  say(
    `${span(rows.map((row) => row.seeds))} random initializations (seeds) with weights of variance`,
  );
  words.push(["σ", { sub: "w" }, "²,"]);
  say("one panel for each data set, loss and model. Background: share of the seeds in each phase;");
  const unsettled = shown.some(({ panel }) => panel.unsettled.some((share) => share > 0));
  const phases = [
    "lazy: the loss never rises",
    "catapult: it rises at least once and training still succeeds",
    ...(unsettled ? ["unsettled: finite, but no better than at the start"] : []),
    "divergent: it leaves every bound",
  ];
  say(`${phases.join("; ")}.`);
  const ntk = shown.some(({ panel }) => panel.ntk !== null);
  const hessian = shown.some(({ panel }) => panel.hessian !== null);
  if (ntk || hessian) {
    say("Curves: largest eigenvalue");
    if (ntk) words.push(["of"], ["the"], ["NTK"], ["(λ", { sub: "NTK" }, ")"]);
    if (ntk && hessian) words.push(["and"]);
    if (hessian) say("of the Hessian of the loss (h)");
    say("at the last step, median over the seeds that did not diverge, with their 10–90 % range;");
    say("values above the frame are cut.");
  }
  say("Dashed lines: medians over the seeds of");
  words.push(["η", { sub: "0" }, ","]);
  say("the smallest η that is not lazy, and");
  words.push(["η", { sub: "1" }, ","]);
  say(`the smallest that is divergent, with ${confidence} % bootstrap intervals (shaded).`);
  say("After Figure 3 of Huang et al. (2020).");
  if (leftOut > 0) {
    say(`Not shown: ${leftOut} further ${leftOut === 1 ? "group" : "groups"} of the same sweep.`);
  }
  return words;
}

/** "100", or "100 to 800" where the panels differ. */
function span(values: readonly number[]): string {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return low === high ? String(low) : `${low} to ${high}`;
}
