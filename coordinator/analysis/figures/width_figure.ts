/**
 * The width figure: η0 and η1 against the hidden width, with the laws fitted to them, the limits that
 * these point to and the lines of theory. One panel for each family of three widths or more.
 */
import type { TheoryMedians } from "../boundaries/theory_medians.ts";
import { plain } from "../labels.ts";
import type { WidthLaw } from "../statistics/width_law.ts";
import { drawSheet } from "./sheet.ts";
import type { LegendItem } from "./svg_legend.ts";
import { coordinate as at, type Run } from "./svg_text.ts";
import {
  BOUNDARY_STYLES,
  boundaryMarker,
  drawWidthPanel,
  limitMarker,
  THEORY_STYLES,
  WIDTH_PANEL_HEIGHT,
  WIDTH_PANEL_WIDTH,
  type WidthPanel,
} from "./width_panel.ts";

/** Most panels of one figure. */
const PANEL_LIMIT = 24;

/** One self-contained SVG; undefined without a law. The same input gives the same bytes. */
export function drawWidthFigure(
  laws: readonly WidthLaw[],
  theory: ReadonlyMap<string, TheoryMedians>,
): string | undefined {
  const all = panelsOf(laws, theory);
  if (all.length === 0) return undefined;
  const panels = all.slice(0, PANEL_LIMIT);
  return drawSheet({
    title: "Phase boundaries against the hidden width m",
    legend: legendItems(panels),
    panels: panels.map(drawWidthPanel),
    columns: Math.min(2, panels.length),
    ...{ panel_width: WIDTH_PANEL_WIDTH, panel_height: WIDTH_PANEL_HEIGHT },
    caption: captionWords(panels, all.length - panels.length),
  });
}

/** The laws of η0 and η1 of a family come one after the other. */
function panelsOf(
  laws: readonly WidthLaw[],
  theory: ReadonlyMap<string, TheoryMedians>,
): WidthPanel[] {
  return laws.flatMap((eta0, index) =>
    eta0.boundary === "eta0" ? [{ eta0, eta1: laws[index + 1]!, theory }] : [],
  );
}

function legendItems(panels: readonly WidthPanel[]): LegendItem[] {
  const items: LegendItem[] = (["eta0", "eta1"] as const).map((boundary) => {
    const { stroke, dash, filled } = BOUNDARY_STYLES[boundary];
    const dashes = dash === "" ? "" : ` stroke-dasharray="${dash}"`;
    return {
      sample: (x, y) =>
        `<path d="M${at(x)} ${at(y + 7)}h26" stroke="${stroke}" stroke-width="1.6"${dashes}/>${boundaryMarker(x + 13, y + 7, stroke, filled)}`,
      name: ["η", { sub: boundary === "eta0" ? "0" : "1" }, ", median with interval, and law"],
    };
  });
  items.push({
    sample: (x, y) => limitMarker(x + 13, y + 7, "#333"),
    name: ["the law at m = ∞"],
  });
  for (const { name, label, dash } of THEORY_STYLES) {
    if (!panels.some(({ theory, eta0 }) => isDrawn(theory, eta0, name))) continue;
    items.push({
      sample: (x, y) =>
        `<path d="M${at(x)} ${at(y + 7)}h26" stroke="#444" stroke-width="1.3" stroke-dasharray="${dash}"/>`,
      name: label,
    });
  }
  return items;
}

function isDrawn(
  theory: WidthPanel["theory"],
  { points }: WidthLaw,
  name: keyof TheoryMedians,
): boolean {
  return points.some(({ shape_group }) => (theory.get(shape_group)?.[name] ?? null) !== null);
}

function captionWords(panels: readonly WidthPanel[], leftOut: number): Run[][] {
  const laws = panels.flatMap(({ eta0, eta1 }) => [eta0, eta1]);
  const words: Run[][] = [];
  const say = (text: string) => words.push(...text.split(" ").map((word) => [word]));
  say("Learning rates at which gradient descent on one data set changes its phase, against the");
  say("number m of hidden units:");
  words.push(["η", { sub: "0" }, ","]);
  say("the smallest η that is not lazy, and");
  words.push(["η", { sub: "1" }, ","]);
  say("the smallest that is divergent, after T steps. Points: medians over the random");
  say(
    `initializations (seeds) of each width, with ${plain(laws[0]!.confidence * 100)} % bootstrap intervals; a median beyond the sampled η is`,
  );
  say("not drawn. Curves: laws fitted by weighted least squares and written above each panel with");
  say(
    "their standard errors, over the widths that agree with them; p is the probability of so bad",
  );
  say("a fit if the law holds. Strip on the");
  say(
    "right: infinite width, on the left as the law has it, on the right as measured in the limit",
  );
  say("itself, where the sweep has it.");
  const hasNtk = (["two_over_ntk", "eight_over_ntk"] as const).some((name) =>
    panels.some(({ theory, eta0 }) => isDrawn(theory, eta0, name)),
  );
  if (hasNtk) {
    words.push(["λ", { sub: "0" }, ":"]);
    say("largest eigenvalue of the NTK at the start; its lines are medians over the seeds.");
  }
  if (leftOut > 0) {
    say(`Not shown: ${leftOut} further ${leftOut === 1 ? "panel" : "panels"} of the same sweep.`);
  }
  return words;
}
