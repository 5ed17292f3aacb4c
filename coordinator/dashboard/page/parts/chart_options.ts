import uPlot from "uplot";
import type { LiveBoundary } from "../../messages.ts";
import { type Scale, ticksOf } from "../map/axis.ts";
import { measured, plain } from "./format.ts";
import { inkOf } from "./theme.ts";

/** A quantity on an axis: a line, over a band if it has one. */
export interface Line {
  readonly label: string;
  /** Name of its colour in the style. */
  readonly ink: string;
  readonly dash: readonly number[];
  readonly width: number;
  /** The two series after it are the ends of its band. */
  readonly has_band: boolean;
}

interface Marks {
  readonly eta0: LiveBoundary;
  readonly eta1: LiveBoundary;
}

interface Scaled {
  readonly label: string;
  readonly is_log: boolean;
  /** Where the axis ends though there is more; null, or left out: where the data do. */
  readonly ceiling?: number | null;
}

/** Options of a chart with lines over one x axis. Data: x, then each line, with its band's ends. */
export function chartOptions(
  x: Omit<Scaled, "ceiling">,
  y: Scaled,
  lines: readonly Line[],
  marks: () => Marks | null,
): Omit<uPlot.Options, "width" | "height"> {
  const series: uPlot.Series[] = [{ label: x.label, value: (_, value) => written(value) }];
  const bands: uPlot.Band[] = [];
  for (const { label, ink, dash, width, has_band } of lines) {
    series.push({
      ...{ label, scale: "y", width, dash: [...dash], stroke: inkOf(ink), spanGaps: false },
      points: { show: false },
      value: (_, value) => written(value),
    });
    if (!has_band) continue;
    const index = series.length;
    const end = { scale: "y", width: 0, points: { show: false }, class: "unseen-series" };
    series.push({ ...end, label: `${label}, 90 %` }, { ...end, label: `${label}, 10 %` });
    bands.push({ series: [index, index + 1], fill: inkOf(`${ink}-band`) });
  }
  const axis = {
    stroke: inkOf("muted"),
    font: '12px system-ui, "Liberation Sans", Arial, sans-serif',
    labelFont: '12px system-ui, "Liberation Sans", Arial, sans-serif',
    labelSize: 22,
    grid: { stroke: inkOf("grid"), width: 1 },
    ticks: { stroke: inkOf("line"), width: 1 },
    values: (_: uPlot, ticks: number[]) =>
      ticks.map((tick) => (tick === null ? null : plain(tick))) as string[],
  };
  return {
    series,
    bands,
    scales: {
      x: { time: false, distr: x.is_log ? 3 : 1, range: (_, low, high) => [low, high] },
      y: { distr: y.is_log ? 3 : 1, ...(y.ceiling == null ? {} : { range: [0, y.ceiling] }) },
    },
    axes: [
      { ...axis, label: x.label, size: 34, splits: splitsOf(x), filter: (_, ticks) => ticks },
      { ...axis, label: y.label, scale: "y", size: 62 },
    ],
    cursor: { y: false, points: { size: 6 } },
    legend: { live: true },
    hooks: {
      draw: [
        (plot) => {
          const known = marks();
          if (known !== null) drawMarks(plot, known);
        },
      ],
    },
  };
}

/** Ticks of the x axis, as the map has them. */
function splitsOf(scale: Scale) {
  return (plot: uPlot, _: number, low: number, high: number): number[] =>
    ticksOf(scale, low, high, Math.max(2, plot.width / 60));
}

function written(value: number | null | undefined): string {
  return value === null || value === undefined ? "–" : measured(value);
}

/** η0 and η1 as in the map: a line at the median over the band of its interval. */
function drawMarks({ ctx, bbox, scales, valToPos }: uPlot, marks: Marks): void {
  const { min, max } = scales["x"]!;
  if (min == null || max == null) return;
  ctx.save();
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
  for (const [name, { median, low, high }] of Object.entries(marks) as [
    "eta0" | "eta1",
    LiveBoundary,
  ][]) {
    if (low !== null && high !== null) {
      const from = valToPos(Math.max(low, min), "x", true);
      const to = valToPos(Math.min(high, max), "x", true);
      ctx.fillStyle = "rgb(128 128 128 / 22%)";
      ctx.fillRect(from, bbox.top, to - from, bbox.height);
    }
    if (median === null || median < min || median > max) continue;
    const at = valToPos(median, "x", true);
    ctx.strokeStyle = inkOf("text");
    ctx.lineWidth = 1.2 * uPlot.pxRatio;
    ctx.setLineDash(name === "eta0" ? [] : [7 * uPlot.pxRatio, 4 * uPlot.pxRatio]);
    ctx.beginPath();
    ctx.moveTo(at, bbox.top);
    ctx.lineTo(at, bbox.top + bbox.height);
    ctx.stroke();
  }
  ctx.restore();
}
