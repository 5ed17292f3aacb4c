/**
 * The figure of a map: phases over the learning rate and one more number, framed, with axes, legend
 * and a caption that stands alone.
 */
import { PHASES, type Phase } from "../../../shared/phases.ts";
import { seedCount } from "../../../shared/spec/axes.ts";
import type { BoundaryRow } from "../boundaries/boundaries.ts";
import { datasetLabel, significant } from "../labels.ts";
import type { PhaseMap } from "../maps/find_maps.ts";
import { datasetOfMap } from "../maps/map_parameter.ts";
import { phaseCounts } from "../maps/raster.ts";
import type { MapPicture, ShadeRange } from "../maps/read_raster.ts";
import { type TheoryLine, theoryLines } from "../maps/theory_lines.ts";
import { hex, PHASE_TONES } from "./map_palette.ts";
import { drawMapPanel, MAP_PANEL_WIDTH } from "./map_panel.ts";
import { drawSheet } from "./sheet.ts";
import type { LegendItem } from "./svg_legend.ts";
import { coordinate as at } from "./svg_text.ts";

/** Rows of a map up to which medians over its seeds are drawn as lines. */
const MEDIAN_ROWS_MAX = 256;

const THEORY = { stroke: "#0b5a4a", dash: "9 4" } as const;
const MEDIAN = { stroke: "#000", dash: "3 3" } as const;
/** From light to dark, as the legend lists them. */
const LEGEND_ORDER: readonly Phase[] = ["lazy", "catapult", "unsettled", "divergent"];

/** One self-contained SVG. The same input gives the same bytes. */
export function drawMapFigure(
  map: PhaseMap,
  picture: MapPicture,
  rows: readonly BoundaryRow[],
): string {
  const theory = theoryLines(map);
  const medians = medianCurves(map, rows);
  const { markup, height } = drawMapPanel(map, picture, [
    ...theory.map(({ learning_rates }) => ({ learning_rates, ...THEORY })),
    ...medians.map((learning_rates) => ({ learning_rates, ...MEDIAN })),
  ]);
  return drawSheet({
    title: `Phases over the learning rate η and the ${map.parameter.words}`,
    legend: legendItems(picture, theory, medians.length > 0),
    panels: [markup],
    columns: 1,
    panel_width: MAP_PANEL_WIDTH,
    panel_height: height,
    caption: caption(map, picture, medians.length > 0),
  });
}

/** "Example 3, logistic: phases over learning rate and hidden width m" */
export function mapTitle({ groups, parameter }: Pick<PhaseMap, "groups" | "parameter">): string {
  const { shape } = groups[0]!;
  return `${datasetLabel(datasetOfMap(parameter, shape))}, ${shape.loss} loss: phases over the learning rate and the ${parameter.words}`;
}

/** The medians of η0 and η1 along a map, where seeds are several and rows few; NaN: beyond the grid. */
function medianCurves(map: PhaseMap, rows: readonly BoundaryRow[]): number[][] {
  if (map.groups.length > MEDIAN_ROWS_MAX || seedCount(map.groups[0]!.seeds) === 1) return [];
  const rowOf = new Map(rows.map((row) => [row.shape_group, row]));
  return (["eta0", "eta1"] as const).map((name) =>
    map.groups.map(({ shape_group }) => rowOf.get(shape_group)?.[name].median ?? Number.NaN),
  );
}

/** The phases that occur with what their shades mean, from left to right, and the lines. */
function legendItems(
  { raster, shading }: MapPicture,
  theory: readonly TheoryLine[],
  hasMedians: boolean,
): LegendItem[] {
  const counts = phaseCounts(raster);
  const items: LegendItem[] = LEGEND_ORDER.filter(
    (phase) => counts[PHASES.indexOf(phase)]! > 0,
  ).map((phase) => ({
    sample: (x, y) =>
      `${gradient(phase)}<rect x="${at(x)}" y="${at(y)}" width="26" height="14" fill="url(#tone-${phase})" stroke="#333" stroke-width="0.7"/>`,
    name: [`${phase}${shadeText(phase, shading)}`],
  }));
  if (counts[PHASES.length]! > 0) {
    items.push({
      sample: (x, y) =>
        `<rect x="${at(x)}" y="${at(y)}" width="26" height="14" fill="#fff" stroke="#333" stroke-width="0.7"/>`,
      name: ["not computed"],
    });
  }
  const line =
    ({ stroke, dash }: { stroke: string; dash: string }): LegendItem["sample"] =>
    (x, y) =>
      `<path d="M${at(x)} ${at(y + 7)}h26" stroke="${stroke}" stroke-width="2" stroke-dasharray="${dash}"/>`;
  for (const { name } of theory) items.push({ sample: line(THEORY), name: ["theory: ", ...name] });
  if (hasMedians) {
    items.push({
      sample: line(MEDIAN),
      name: ["medians of η", { sub: "0" }, ", η", { sub: "1" }],
    });
  }
  return items;
}

function gradient(phase: Phase): string {
  const { own, last } = PHASE_TONES[phase];
  return `<linearGradient id="tone-${phase}"><stop stop-color="${hex(own)}"/><stop offset="1" stop-color="${hex(last)}"/></linearGradient>`;
}

/** ", of 100 % … 50 % of the seeds", ", after 5 … 83 steps" */
function shadeText(phase: Phase, shading: MapPicture["shading"]): string {
  if (shading.by === "seeds") return ", 100 % … ≤ 50 % of the seeds";
  const range = shading.ranges[phase];
  if (range === undefined || range.first === range.last) return "";
  const ends = rangeText(range);
  if (phase === "lazy") return `, final loss ${ends}`;
  return phase === "catapult" ? `, ${ends} rises of the loss` : `, after ${ends} steps`;
}

/** "5 … 83", with as many digits as tell the ends apart, or "from 0.6931 up" if many do not. */
function rangeText({ first, last }: ShadeRange): string {
  if (Number.isInteger(first) && Number.isInteger(last)) return `${first} … ${last}`;
  for (let digits = 2; digits <= 4; digits++) {
    const ends = [significant(first, digits), significant(last, digits)];
    if (ends[0] !== ends[1]) return ends.join(" … ");
  }
  return `from ${significant(first, 4)} up`;
}

function caption(map: PhaseMap, picture: MapPicture, hasMedians: boolean): string {
  const { shading, stride, raster } = picture;
  const seeds = seedCount(map.groups[0]!.seeds);
  const [columns, rows] = [map.learning_rates.length, map.values.length];
  const text = [
    `${(columns * rows * seeds).toLocaleString("en-US")} linear networks, trained by full-batch gradient descent: ${columns} learning rates by ${rows} values of the ${map.parameter.words}, from ${seeds === 1 ? "one random initialization" : `${seeds} random initializations (seeds) each`}.`,
    "Lazy: the loss never rises; catapult: it rises at least once and training still succeeds;",
  ];
  if (phaseCounts(raster)[PHASES.indexOf("unsettled")]! > 0) {
    text.push("unsettled: finite, but no better than at the start;");
  }
  text.push("divergent: the weights leave every bound.");
  if (shading.by === "seeds") {
    text.push(
      "A pixel has the colour of its commonest phase, in a tone that shifts, as in the legend",
    );
    text.push("from left to right, as fewer of the seeds share it.");
  } else {
    text.push(
      "Tones within a phase run, as in the legend from left to right, with the logarithm of the",
    );
    text.push(
      "final loss (lazy), of the number of rises of the loss (catapult), of the step at which",
    );
    text.push("the run had diverged (divergent).");
    if (stride.x * stride.y > 1)
      text.push("A pixel that shows several networks has the commonest phase.");
  }
  if (hasMedians) {
    text.push(
      "Dotted: medians over the seeds of η_0, the smallest η that is not lazy, and of η_1, the",
    );
    text.push("smallest that is divergent.");
  }
  return text.join(" ");
}
