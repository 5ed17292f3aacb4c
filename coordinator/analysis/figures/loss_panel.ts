/** One panel of the figure of trajectories: a quantity of one group along training. Pure. */
import type { Phase } from "../../../shared/phases.ts";
import type { PlannedGroup } from "../../../shared/plan.ts";
import { datasetLabel, plain, significant } from "../labels.ts";
import { linearTicks, logTicks, tickLabel } from "./axis_ticks.ts";
import { AXIS_TEXT, type Frame, type Scale, yName, yTick } from "./panel_axes.ts";
import { coordinate as at, ellipsis, type Run, textElement, textWidth } from "./svg_text.ts";
import type { TrajectoryBand, TrajectoryCurve, TrajectoryGroup } from "./trajectory_data.ts";

export const LOSS_PANEL_WIDTH = 570;
export const LOSS_PANEL_HEIGHT = 320;
const FRAME: Frame = { left: 66, right: 442, top: 34, bottom: 274 };
const TITLE = 14;
/** Where the key of the curves begins, right of the frame, and the height of its lines. */
const KEY = FRAME.right + 14;
const KEY_LINE = 20;
/** Pixels between the circles of a curve. */
const CIRCLE_STEP = 45;

/** Strokes that differ in dash and lightness, so that colour is not needed. */
export const LINES: readonly {
  readonly phase: Phase;
  readonly stroke: string;
  readonly dash: string;
}[] = [
  { phase: "lazy", stroke: "#08306b", dash: "none" },
  { phase: "catapult", stroke: "#c44e00", dash: "8 3" },
  { phase: "divergent", stroke: "#7a5c5c", dash: "2 3" },
  { phase: "unsettled", stroke: "#6f6612", dash: "9 3 2 3" },
];

/** Smallest share of the largest first loss that is worth drawing. */
const LOSS_FLOOR = 1e-12;
/** How far above the first losses curves that diverge are followed, as a factor. */
const LOSS_HEADROOM = 100;

type Quantity = "loss" | "ntk" | "hessian";

const NAMES: Readonly<Record<Quantity, readonly Run[]>> = {
  loss: ["loss L"],
  ntk: ["λ", { sub: "NTK" }],
  hessian: ["h"],
};

/** The panel as an SVG fragment with its origin at the top left; `index` makes its ids unique. */
export function drawTrajectoryPanel(
  { group, curves }: TrajectoryGroup,
  quantity: Quantity,
  index: number,
): string {
  const shown = curves.flatMap((curve, place) => {
    const whole = curve[quantity];
    if (whole === null) return [];
    const band = quantity === "loss" ? whole : untilDiverged(whole, curve);
    const line = LINES.find(({ phase }) => phase === curve.phase)!;
    return [{ curve, band, ...line, isSecond: curves[place - 1]?.phase === curve.phase }];
  });
  const last = Math.max(1, ...curves.map(({ steps }) => steps.at(-1) ?? 0));
  // The first steps, where catapults happen, get room beside however many follow.
  const x: Scale = (step) =>
    FRAME.left + (Math.log1p(step) / Math.log1p(last)) * (FRAME.right - FRAME.left);
  const isLog = quantity === "loss";
  const [low, high] = isLog ? lossRange(curves) : eigenvalueRange(shown);
  const y = isLog ? logScale(low, high) : linearScale(low, high);
  const clip = `trajectory${index}`;
  return [
    `<clipPath id="${clip}"><rect x="${FRAME.left}" y="${FRAME.top}" width="${FRAME.right - FRAME.left}" height="${FRAME.bottom - FRAME.top}"/></clipPath>`,
    panelTitle(group),
    `<g clip-path="url(#${clip})">`,
    ...shown.map(({ curve, band, stroke }) => ribbon(curve, band, stroke, x, y)),
    ...shown.flatMap(({ curve, band, stroke, dash, isSecond }) => [
      line(curve, band, stroke, dash, x, y),
      ...(isSecond ? circles(curve, band, stroke, x, y) : []),
    ]),
    "</g>",
    `<rect x="${FRAME.left}" y="${FRAME.top}" width="${FRAME.right - FRAME.left}" height="${FRAME.bottom - FRAME.top}" fill="none" stroke="#333"/>`,
    ...stepAxis(last, x),
    ...(isLog ? logAxisTicks(low, high, y) : linearTicks(low, high, 5)).flatMap((tick) =>
      yTick("left", y(tick), tickLabel(tick), FRAME),
    ),
    yName(NAMES[quantity], 14, FRAME),
    ...shown.flatMap((each, place) => keyLine(each, FRAME.top + 8 + place * KEY_LINE)),
  ]
    .filter((part) => part !== "")
    .join("\n");
}

function panelTitle({ shape }: PlannedGroup): string {
  const { dataset, loss, width, hidden_layers: layers, weight_variance } = shape;
  const model =
    layers === 0
      ? "linear predictor"
      : `${layers > 1 ? `${layers} layers, ` : ""}width ${width === "infinite" ? "∞" : width}`;
  const rest: Run[] = [` · ${loss} · ${model} · σ`, { sub: "w" }, `² = ${plain(weight_variance)}`];
  const room = LOSS_PANEL_WIDTH - FRAME.left - textWidth(rest, TITLE);
  const name = ellipsis(datasetLabel(dataset.name), room, TITLE);
  return textElement(FRAME.left, 20, [name, ...rest], { size: TITLE, weight: "bold" });
}

/** From the lowest median of any curve to somewhat above the first and the non-divergent losses. */
function lossRange(curves: readonly TrajectoryCurve[]): [number, number] {
  const positive = (values: readonly (number | null)[]) =>
    values.filter((value) => value !== null && value > 0 && Number.isFinite(value)) as number[];
  const first = Math.max(...positive(curves.map(({ loss }) => loss.median[0] ?? null)), 1e-300);
  const kept = curves.filter(({ phase }) => phase !== "divergent");
  const medians = positive(kept.flatMap(({ loss }) => loss.median));
  const all = positive(curves.flatMap(({ loss }) => loss.median));
  const extreme = (values: readonly number[], pick: (a: number, b: number) => number) =>
    values.reduce((found, value) => pick(found, value), first);
  const low = Math.max(extreme(all, Math.min), LOSS_FLOOR * first);
  const high = Math.min(
    extreme(all, Math.max),
    Math.max(LOSS_HEADROOM * first, extreme(medians, Math.max)),
  );
  const room = Math.max((high / low) ** 0.06, 1.02);
  return [low / room, high * room];
}

/** Eigenvalues as long as most runs are there: those that go on longer are not typical of all. */
function untilDiverged(band: TrajectoryBand, { loss }: TrajectoryCurve): TrajectoryBand {
  const end = loss.median.indexOf(Number.POSITIVE_INFINITY);
  if (end < 0) return band;
  const cut = (values: readonly (number | null)[]) => values.slice(0, end);
  return { low: cut(band.low), median: cut(band.median), high: cut(band.high) };
}

/** From 0 to somewhat above the medians of what does not diverge, or of the first points. */
function eigenvalueRange(
  shown: readonly { readonly curve: TrajectoryCurve; readonly band: TrajectoryBand }[],
): [number, number] {
  const kept = shown.filter(({ curve }) => curve.phase !== "divergent");
  const bands = (kept.length > 0 ? kept : shown).map(({ band }) => band);
  const values = bands
    .flatMap(({ median }) => median.filter((value) => value !== null))
    .sort((a, b) => a - b);
  const first = Math.max(0, ...bands.flatMap(({ median }) => median[0] ?? []));
  // A few runs about to diverge would flatten all the rest.
  const typical = values[Math.floor(0.95 * (values.length - 1))] ?? 1;
  const top = Math.max(first, Math.min(values.at(-1) ?? 1, 1.5 * Math.max(typical, first)));
  return [Math.min(0, values[0] ?? 0), 1.08 * (top > 0 ? top : 1)];
}

function logScale(low: number, high: number): Scale {
  const perLog = (FRAME.bottom - FRAME.top) / Math.log(high / low);
  // Far outside the frame, but finite: what is infinite leaves it steeply.
  return (value) =>
    Math.max(-500, FRAME.bottom - perLog * Math.log(Math.max(value, low / 1e3) / low));
}

function linearScale(low: number, high: number): Scale {
  return (value) =>
    Math.max(-500, FRAME.bottom - ((value - low) / (high - low)) * (FRAME.bottom - FRAME.top));
}

function logAxisTicks(low: number, high: number, y: Scale): number[] {
  return logTicks(low, high, (ticks) =>
    ticks.every((tick, i) => i === 0 || y(ticks[i - 1]!) - y(tick) >= 20),
  );
}

/** Points up to the first that is missing; one that is infinite ends the line. */
function stretch(values: readonly (number | null)[]): number[] {
  const found: number[] = [];
  for (const value of values) {
    if (value === null) break;
    found.push(value);
    if (!Number.isFinite(value)) break;
  }
  return found;
}

function line(
  { steps }: TrajectoryCurve,
  band: TrajectoryBand,
  stroke: string,
  dash: string,
  x: Scale,
  y: Scale,
): string {
  const points = stretch(band.median).map((value, i) => `${at(x(steps[i]!))} ${at(y(value))}`);
  if (points.length === 0) return "";
  const path = `M${points.join("L")}${points.length === 1 ? "h0.01" : ""}`;
  return `<path d="${path}" fill="none" stroke="${stroke}" stroke-width="2" stroke-linejoin="round" stroke-dasharray="${dash}"/>`;
}

function ribbon(
  { steps, seeds, phase }: TrajectoryCurve,
  { low, high }: TrajectoryBand,
  stroke: string,
  x: Scale,
  y: Scale,
): string {
  const [bottom, top] = [stretch(low), stretch(high)];
  const count = Math.min(bottom.length, top.length);
  if (phase === "divergent" || seeds < 2 || count < 2) return "";
  const at_ = (values: readonly number[]) =>
    values.slice(0, count).map((value, i) => `${at(x(steps[i]!))} ${at(y(value))}`);
  const path = `M${[...at_(top), ...at_(bottom).reverse()].join("L")}Z`;
  return `<path d="${path}" fill="${stroke}" fill-opacity="0.14"/>`;
}

/** Circles along a curve, evenly over the width of the panel. */
function circles(
  { steps }: TrajectoryCurve,
  band: TrajectoryBand,
  stroke: string,
  x: Scale,
  y: Scale,
): string[] {
  let before = Number.NEGATIVE_INFINITY;
  return stretch(band.median).flatMap((value, i) => {
    const place = x(steps[i]!);
    if (place - before < CIRCLE_STEP || !Number.isFinite(value)) return [];
    before = place;
    return [circle(place, y(value), stroke)];
  });
}

function circle(x: number, y: number, stroke: string): string {
  return `<circle cx="${at(x)}" cy="${at(y)}" r="3.2" fill="#fff" stroke="${stroke}" stroke-width="1.5"/>`;
}

/** 0 and 1, 2, 5 times powers of ten, as far as their labels keep clear of each other. */
function stepTicks(last: number, x: Scale): number[] {
  const ticks = [0];
  for (let power = 1; power <= last; power *= 10) {
    for (const tick of [1, 2, 5].map((multiple) => multiple * power)) {
      const room = textWidth([tickLabel(tick)], AXIS_TEXT) + 8;
      if (tick <= last && x(tick) - x(ticks.at(-1)!) >= room) ticks.push(tick);
    }
  }
  return ticks;
}

function stepAxis(last: number, x: Scale): string[] {
  const { left, right, bottom } = FRAME;
  return [
    ...stepTicks(last, x).flatMap((tick) => [
      `<path d="M${at(x(tick))} ${bottom}v5" stroke="#333"/>`,
      textElement(x(tick), bottom + 19, [tickLabel(tick)], { size: AXIS_TEXT, anchor: "middle" }),
    ]),
    textElement((left + right) / 2, bottom + 38, ["step"], {
      size: AXIS_TEXT + 1,
      anchor: "middle",
    }),
  ];
}

function keyLine(
  {
    curve,
    stroke,
    dash,
    isSecond,
  }: { curve: TrajectoryCurve; stroke: string; dash: string; isSecond: boolean },
  y: number,
): string[] {
  return [
    `<path d="M${KEY} ${at(y)}h28" stroke="${stroke}" stroke-width="2" stroke-dasharray="${dash}"/>`,
    isSecond ? circle(KEY + 14, y, stroke) : "",
    textElement(KEY + 34, y + 4, [`η = ${significant(curve.learning_rate, 4)}`], {
      size: AXIS_TEXT,
    }),
  ];
}
