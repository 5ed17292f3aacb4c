/** One panel of the width figure: both boundaries of a family of shape groups against m. Pure. */
import type { TheoryMedians } from "../boundaries/theory_medians.ts";
import { datasetLabel, plain } from "../labels.ts";
import { lawAt, type WidthFit, type WidthLaw, type WidthPoint } from "../statistics/width_law.ts";
import { logTicks, tickLabel } from "./axis_ticks.ts";
import { AXIS_TEXT, type Frame, type Scale, yName, yTick } from "./panel_axes.ts";
import { coordinate as at, ellipsis, type Run, textElement, textWidth } from "./svg_text.ts";

/** Outer size of a panel in pixels. */
export const WIDTH_PANEL_WIDTH = 570;
export const WIDTH_PANEL_HEIGHT = 376;
const LEFT = 66;
/** Right end of the axis of finite widths, and the middle of the strip for the infinite one. */
const RIGHT = WIDTH_PANEL_WIDTH - 80;
const INFINITE = WIDTH_PANEL_WIDTH - 42;
const INFINITE_HALF = 28;
const TOP = 62;
const BOTTOM = 330;
const FRAME: Frame = { left: LEFT, right: RIGHT, top: TOP, bottom: BOTTOM };
const TITLE = 14;

/** How each boundary is drawn: apart by shape and lightness, not by colour alone. */
export const BOUNDARY_STYLES = {
  eta0: { stroke: "#0b4f8a", dash: "", filled: true },
  eta1: { stroke: "#b3400a", dash: "8 3", filled: false },
} as const;

/** Theory lines: thin and grey, each with a dash of its own. */
export const THEORY_STYLES = [
  { name: "two_over_ntk", label: ["2/λ", { sub: "0" }], dash: "1.5 3" },
  { name: "four_over_ntk", label: ["4/λ", { sub: "0" }], dash: "8 3 1.5 3" },
  { name: "eight_over_ntk", label: ["8/λ", { sub: "0" }], dash: "1.5 3" },
  { name: "root_eight_width", label: ["√(8m)"], dash: "4 3" },
] as const satisfies readonly {
  readonly name: keyof TheoryMedians;
  readonly label: readonly Run[];
  readonly dash: string;
}[];

/** The laws of both boundaries of one family, and what theory says at its widths. */
export interface WidthPanel {
  readonly eta0: WidthLaw;
  readonly eta1: WidthLaw;
  /** By shape group. */
  readonly theory: ReadonlyMap<string, TheoryMedians>;
}

/** The panel as an SVG fragment with its origin at the top left; `index` makes its ids unique. */
export function drawWidthPanel(panel: WidthPanel, index: number): string {
  const laws = [panel.eta0, panel.eta1];
  const widths = panel.eta0.points.map(({ width }) => width);
  const [first, last] = [widths[0]!, widths.at(-1)!];
  const marginX = (last / first) ** 0.06;
  const [low, high] = [first / marginX, last * marginX];
  const x: Scale = (width) =>
    LEFT + ((RIGHT - LEFT) * Math.log(width / low)) / Math.log(high / low);
  const [bottom, top] = verticalRange(panel);
  const y: Scale = (eta) =>
    BOTTOM - ((BOTTOM - TOP) * Math.log(eta / bottom)) / Math.log(top / bottom);
  return [
    `<clipPath id="widths${index}"><rect x="${LEFT}" y="${TOP}" width="${INFINITE + INFINITE_HALF - LEFT}" height="${BOTTOM - TOP}"/></clipPath>`,
    ...panelTitle(panel),
    `<g clip-path="url(#widths${index})">`,
    ...THEORY_STYLES.map((style) => theoryLine(panel, style, x, y)),
    ...laws.map((law) => fittedCurve(law, high, x, y)),
    ...laws.flatMap((law) =>
      law.points.flatMap((point) => pointMark(law, point, x(point.width), y)),
    ),
    ...laws.flatMap((law) => infiniteMarks(law, y)),
    "</g>",
    `<rect x="${LEFT}" y="${TOP}" width="${RIGHT - LEFT}" height="${BOTTOM - TOP}" fill="none" stroke="#333"/>`,
    `<rect x="${INFINITE - INFINITE_HALF}" y="${TOP}" width="${2 * INFINITE_HALF}" height="${BOTTOM - TOP}" fill="none" stroke="#333"/>`,
    ...widthAxis(low, high, x),
    ...logTicks(bottom, top, (ticks) => spaced(ticks.map(y), 16)).flatMap((tick) =>
      yTick("left", y(tick), tickLabel(tick), FRAME),
    ),
    yName(["learning rate η"], 14, FRAME),
  ].join("\n");
}

function panelTitle({ eta0, eta1 }: WidthPanel): string[] {
  const kind = eta0.model === "one_hidden_layer" ? "" : ` · ${eta0.model.replaceAll("_", " ")}`;
  const rest: Run[] = [
    ` · ${eta0.loss}${kind} · σ`,
    { sub: "w" },
    `² = ${plain(eta0.weight_variance)} · ${eta0.steps === null ? "T(η)" : `T = ${eta0.steps}`}`,
  ];
  const room = WIDTH_PANEL_WIDTH - LEFT - textWidth(rest, TITLE);
  return [
    textElement(LEFT, 18, [ellipsis(datasetLabel(eta0.dataset), room, TITLE), ...rest], {
      size: TITLE,
      weight: "bold",
    }),
    textElement(LEFT, 36, lawLine(eta0), { size: AXIS_TEXT }),
    textElement(LEFT, 53, lawLine(eta1), { size: AXIS_TEXT }),
  ];
}

/** `η0 = (1.938 ± 0.004) + (0.21 ± 0.09)/m, m ≥ 50, p = 0.4`. */
function lawLine({ boundary, form, fit }: WidthLaw): Run[] {
  const name: Run[] = ["η", { sub: boundary === "eta0" ? "0" : "1" }];
  if ("problem" in fit) return [...name, ": no law"];
  const [a, b] = [withError(fit.a, fit.a_error), withError(Math.abs(fit.b), fit.b_error)];
  const sign = fit.b < 0 ? "−" : "+";
  const p = fitWords(fit);
  return form === "root_width"
    ? [...name, ` = (${a}) √m ${sign} (${b}), ${p}`]
    : [...name, ` = (${a}) ${sign} (${b})/m, ${p}`];
}

function fitWords({ p_value, rejected, from_width }: WidthFit): string {
  const p = p_value < 0.001 ? "p < 0.001" : `p = ${Number(p_value.toPrecision(2))}`;
  return rejected ? `${p}: rejected` : `m ≥ ${from_width}, ${p}`;
}

/** `1.938 ± 0.004`, as many decimals as the error has up to its first two digits. */
function withError(value: number, error: number): string {
  const decimals = Math.max(0, 1 - Math.floor(Math.log10(error)));
  return `${value.toFixed(decimals)} ± ${error.toFixed(decimals)}`;
}

/** All that is drawn, with some room; learning rates above 0. */
function verticalRange({ eta0, eta1, theory }: WidthPanel): [number, number] {
  const values = [eta0, eta1].flatMap((law) => [
    ...[...law.points, ...(law.infinite === null ? [] : [law.infinite])].flatMap((point) => [
      ...(point.median === null ? [] : [point.median, point.low, point.high]),
      ...THEORY_STYLES.map(({ name }) => theory.get(point.shape_group)?.[name] ?? 0),
    ]),
    ...("problem" in law.fit || law.form === "root_width" ? [] : [law.fit.limit]),
  ]);
  const drawn = values.filter((value) => value > 0 && Number.isFinite(value));
  // Nothing within any grid still needs an axis.
  const low = drawn.reduce((least, value) => Math.min(least, value), drawn[0] ?? 1);
  const high = drawn.reduce((most, value) => Math.max(most, value), drawn[0] ?? 10);
  const room = Math.max((high / low) ** 0.06, 1.02);
  return [low / room, high * room];
}

function theoryLine(
  { eta0, theory }: WidthPanel,
  { name, dash }: (typeof THEORY_STYLES)[number],
  x: Scale,
  y: Scale,
): string {
  const points = eta0.points.flatMap(({ width, shape_group }) => {
    const value = theory.get(shape_group)?.[name] ?? null;
    return value === null ? [] : [`${at(x(width))} ${at(y(value))}`];
  });
  const beyond = eta0.infinite === null ? null : theory.get(eta0.infinite.shape_group)?.[name];
  const strip =
    beyond === null || beyond === undefined
      ? ""
      : `M${at(INFINITE - INFINITE_HALF)} ${at(y(beyond))}H${at(INFINITE + INFINITE_HALF)}`;
  if (points.length < 2) return "";
  return `<path d="M${points.join("L")}${strip}" fill="none" stroke="#444" stroke-width="1.3" stroke-dasharray="${dash}"/>`;
}

/** From the smallest width in the fit on; below it the law does not hold. */
function fittedCurve(law: WidthLaw, high: number, x: Scale, y: Scale): string {
  const { fit, form } = law;
  if ("problem" in fit) return "";
  const points: string[] = [];
  for (let i = 0; i <= 60; i++) {
    const width = fit.from_width * (high / fit.from_width) ** (i / 60);
    const eta = lawAt(fit, form, width);
    if (eta > 0) points.push(`${at(x(width))} ${at(y(eta))}`);
  }
  const { stroke, dash } = BOUNDARY_STYLES[law.boundary];
  return `<path d="M${points.join("L")}" fill="none" stroke="${stroke}" stroke-width="1.6"${dash === "" ? "" : ` stroke-dasharray="${dash}"`}/>`;
}

function pointMark(law: WidthLaw, point: WidthPoint, x: number, y: Scale): string[] {
  if (point.median === null) return [];
  const { stroke, filled } = BOUNDARY_STYLES[law.boundary];
  const low = point.low > 0 ? y(point.low) : BOTTOM;
  const high = Number.isFinite(point.high) ? y(point.high) : TOP;
  // Side by side, as the two boundaries may be equal.
  const place = x + (law.boundary === "eta0" ? -4 : 4);
  return [
    errorBar(place, low, high, stroke),
    boundaryMarker(place, y(point.median), stroke, filled),
  ];
}

function errorBar(x: number, low: number, high: number, stroke: string): string {
  return `<path d="M${at(x - 4)} ${at(low)}h8M${at(x)} ${at(low)}V${at(high)}M${at(x - 4)} ${at(high)}h8" fill="none" stroke="${stroke}" stroke-width="1.3"/>`;
}

/** η0 a filled circle, η1 an open square. */
export function boundaryMarker(x: number, y: number, stroke: string, filled: boolean): string {
  return filled
    ? `<circle cx="${at(x)}" cy="${at(y)}" r="4" fill="${stroke}"/>`
    : `<rect x="${at(x - 4)}" y="${at(y - 4)}" width="8" height="8" fill="#fff" stroke="${stroke}" stroke-width="1.6"/>`;
}

/** In the strip: the law's limit with its interval as a diamond on the left, what was measured right. */
function infiniteMarks(law: WidthLaw, y: Scale): string[] {
  const { stroke } = BOUNDARY_STYLES[law.boundary];
  const marks: string[] = [];
  if (!("problem" in law.fit || law.fit.rejected) && law.form === "inverse_width") {
    const fit: WidthFit = law.fit;
    const x = INFINITE - INFINITE_HALF / 2 + (law.boundary === "eta0" ? -4 : 4);
    marks.push(
      errorBar(x, y(Math.max(fit.limit_low, 1e-300)), y(fit.limit_high), stroke),
      limitMarker(x, y(fit.limit), stroke),
    );
  }
  if (law.infinite !== null) {
    marks.push(...pointMark(law, law.infinite, INFINITE + INFINITE_HALF / 2, y));
  }
  return marks;
}

export function limitMarker(x: number, y: number, stroke: string): string {
  return `<path d="M${at(x)} ${at(y - 6)}l6 6l-6 6l-6 -6z" fill="#fff" stroke="${stroke}" stroke-width="1.6"/>`;
}

function widthAxis(low: number, high: number, x: Scale): string[] {
  const fits = (ticks: readonly number[]) => spaced(ticks.map(x), 34);
  const label = { size: AXIS_TEXT, anchor: "middle" } as const;
  return [
    ...logTicks(low, high, fits).flatMap((tick) => [
      `<path d="M${at(x(tick))} ${BOTTOM}v5" stroke="#333"/>`,
      textElement(x(tick), BOTTOM + 19, [tickLabel(tick)], label),
    ]),
    `<path d="M${INFINITE} ${BOTTOM}v5" stroke="#333"/>`,
    textElement(INFINITE, BOTTOM + 19, ["∞"], label),
    textElement((LEFT + RIGHT) / 2, BOTTOM + 38, ["hidden width m"], {
      size: AXIS_TEXT + 1,
      anchor: "middle",
    }),
  ];
}

function spaced(places: readonly number[], room: number): boolean {
  return places.every((place, i) => i === 0 || Math.abs(place - places[i - 1]!) >= room);
}
