/** The panel of a map: its picture in a frame, with lines over it and axes around it. Pure. */
import { seedCount, seedReader } from "../../../shared/spec/axes.ts";
import { datasetLabel, plain } from "../labels.ts";
import type { PhaseMap } from "../maps/find_maps.ts";
import { datasetOfMap } from "../maps/map_parameter.ts";
import { type Raster, resample } from "../maps/raster.ts";
import type { MapPicture } from "../maps/read_raster.ts";
import { trainingLabel } from "../training_label.ts";
import { type MapAxis, mapAxis, mapTicks } from "./map_axes.ts";
import { MAP_PALETTE } from "./map_palette.ts";
import { AXIS_TEXT, type Frame, yName, yTick } from "./panel_axes.ts";
import { encodePng } from "./png.ts";
import { subscripts } from "./sheet.ts";
import { coordinate as at, ellipsis, type Run, textElement } from "./svg_text.ts";

/** Pixels a side of the picture inside the figure. */
const IMAGE_PIXELS_MAX = 1024;

export const MAP_PANEL_WIDTH = 860;
const LEFT = 72;
const RIGHT = MAP_PANEL_WIDTH - 8;
const TOP = 26;
const BELOW = 56;
const LABEL = 13;

/** A curve over a map: η, one a group; what is not positive is a gap. */
export interface MapCurve {
  readonly learning_rates: readonly number[];
  readonly stroke: string;
  readonly dash: string;
}

/** The panel as an SVG fragment with its origin at the top left, and its height in pixels. */
export function drawMapPanel(
  map: PhaseMap,
  { raster, stride }: MapPicture,
  curves: readonly MapCurve[],
): { markup: string; height: number } {
  const x = mapAxis(everyNth(map.learning_rates, stride.x), IMAGE_PIXELS_MAX);
  const y = mapAxis(everyNth(map.values, stride.y), IMAGE_PIXELS_MAX);
  const span = RIGHT - LEFT;
  const height = Math.round(Math.min(span, Math.max(460, (span * raster.height) / raster.width)));
  const frame: Frame = { left: LEFT, right: RIGHT, top: TOP, bottom: TOP + height };
  const rectangle = `<rect x="${LEFT}" y="${TOP}" width="${span}" height="${height}"`;
  const markup = [
    `<clipPath id="frame">${rectangle}/></clipPath>`,
    textElement(LEFT, 12, networkRuns(map), { size: LABEL }),
    `<g clip-path="url(#frame)">`,
    image(raster, x, y, frame),
    ...curves.map((curve) => curvePath(map, curve, x, y, frame)),
    "</g>",
    `${rectangle} fill="none" stroke="#333"/>`,
    ...axes(map, x, y, frame),
  ].join("\n");
  return { markup, height: frame.bottom + BELOW };
}

/** What was trained: data set, loss, network, horizon, seeds; the axis' own number left out. */
function networkRuns({ groups, parameter }: PhaseMap): Run[] {
  const { shape, seeds } = groups[0]!;
  const { hidden_layers, width, output_learning_rate: rate } = shape;
  const layers = ["linear predictor", "one hidden layer"][hidden_layers];
  const runs: Run[] = [
    `${ellipsis(datasetLabel(datasetOfMap(parameter, shape)), 330, LABEL)} · ${shape.loss} loss · ${layers ?? `${hidden_layers} hidden layers`}`,
  ];
  if (width !== null && parameter.key !== "width") {
    runs.push(`, m = ${width === "infinite" ? "∞" : width}`);
  }
  if (parameter.key !== "weight_variance" && shape.initial_weights === null) {
    runs.push(", σ", { sub: "w" }, `² = ${plain(shape.weight_variance)}`);
  }
  if ("fixed" in rate && parameter.key !== "output_rate") {
    runs.push(", η", { sub: "v" }, ` = ${plain(rate.fixed)}`);
  }
  if ("ratio" in rate && rate.ratio !== 1 && parameter.key !== "output_ratio") {
    runs.push(", η", { sub: "v" }, ` = ${plain(rate.ratio)} η`);
  }
  const count = seedCount(seeds);
  runs.push(
    ` · ${trainingLabel(shape)} · ${count === 1 ? `seed ${seedReader(seeds)(0)}` : `${count} seeds`}`,
  );
  return runs;
}

function image(raster: Raster, x: MapAxis, y: MapAxis, frame: Frame): string {
  const rows = y.spans
    .map(({ start, end }) => ({ start: raster.height - end, end: raster.height - start }))
    .reverse();
  const shown = resample(raster, x.spans, rows);
  const data = encodePng(shown, MAP_PALETTE).toString("base64");
  const width = (frame.right - frame.left) * x.reach;
  const height = (frame.bottom - frame.top) * y.reach;
  return `<image x="${frame.left}" y="${at(frame.bottom - height)}" width="${at(width)}" height="${at(height)}" preserveAspectRatio="none" style="image-rendering:${isEnlarged(shown, width) ? "pixelated" : "auto"}" href="data:image/png;base64,${data}"/>`;
}

/** Smoothing suits what is shown smaller than it is; large pixels stay what they are. */
function isEnlarged(shown: Raster, width: number): boolean {
  return shown.width <= width;
}

function curvePath(
  map: PhaseMap,
  { learning_rates, stroke, dash }: MapCurve,
  x: MapAxis,
  y: MapAxis,
  { left, right, top, bottom }: Frame,
): string {
  let path = "";
  let command = "M";
  for (const [i, eta] of learning_rates.entries()) {
    if (!(eta > 0)) {
      command = "M";
      continue;
    }
    // Far outside of the frame a line needs no exact end.
    const across = Math.min(3, Math.max(-3, x.position(eta)));
    path += `${command}${at(left + across * (right - left))} ${at(bottom - y.position(map.values[i]!) * (bottom - top))}`;
    command = "L";
  }
  if (path === "") return "";
  return [
    `<path d="${path}" fill="none" stroke="#fff" stroke-opacity="0.75" stroke-width="4.5"/>`,
    `<path d="${path}" fill="none" stroke="${stroke}" stroke-width="2" stroke-dasharray="${dash}"/>`,
  ].join("\n");
}

function axes(map: PhaseMap, x: MapAxis, y: MapAxis, frame: Frame): string[] {
  const { left, right, top, bottom } = frame;
  const rate = "fixed" in map.groups[0]!.shape.output_learning_rate;
  const xLabel: Run[] = rate
    ? ["learning rate of the first layer η", { sub: "W" }]
    : ["learning rate η"];
  return [
    ...mapTicks(x, right - left, "across").flatMap(({ value, label }) => {
      const place = left + x.position(value) * (right - left);
      return [
        `<path d="M${at(place)} ${bottom}v5" stroke="#333"/>`,
        textElement(place, bottom + 19, [label], { size: AXIS_TEXT, anchor: "middle" }),
      ];
    }),
    textElement((left + right) / 2, bottom + 40, xLabel, { size: LABEL, anchor: "middle" }),
    ...mapTicks(y, bottom - top, "up").flatMap(({ value, label }) =>
      yTick("left", bottom - y.position(value) * (bottom - top), label, frame),
    ),
    yName(subscripts(map.parameter.words), 14, frame),
  ];
}

/** The value in the middle of each `stride` values. */
function everyNth(values: readonly number[], stride: number): readonly number[] {
  if (stride === 1) return values;
  return values.filter((_, i) => i % stride === Math.min(stride >> 1, values.length - 1));
}
