/** The axes of a panel, as SVG fragments. Lengths are in pixels. */
import { logTicks, tickLabel } from "./axis_ticks.ts";
import { coordinate as at, type Run, textElement, textWidth } from "./svg_text.ts";

/** Size of the labels. */
export const AXIS_TEXT = 12;

/** Edges of the rectangle that data are drawn in. */
export interface Frame {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** A map from a value to a pixel. */
export type Scale = (value: number) => number;

/** The logarithmic axis of η in [low, high] under a frame. */
export function learningRateAxis(low: number, high: number, x: Scale, frame: Frame): string[] {
  const fits = (ticks: readonly number[]) =>
    ticks.every((tick, index) => {
      const next = ticks[index + 1];
      if (next === undefined) return true;
      const widths =
        textWidth([tickLabel(tick)], AXIS_TEXT) + textWidth([tickLabel(next)], AXIS_TEXT);
      return x(next) - x(tick) >= widths / 2 + 8;
    });
  const { left, right, bottom } = frame;
  return [
    ...logTicks(low, high, fits).flatMap((tick) => [
      `<path d="M${at(x(tick))} ${bottom}v5" stroke="#333"/>`,
      textElement(x(tick), bottom + 19, [tickLabel(tick)], { size: AXIS_TEXT, anchor: "middle" }),
    ]),
    textElement((left + right) / 2, bottom + 38, ["learning rate η"], {
      size: AXIS_TEXT + 1,
      anchor: "middle",
    }),
  ];
}

/** A tick outside the left or right edge of a frame, at height `y`, and its label. */
export function yTick(side: "left" | "right", y: number, label: string, frame: Frame): string[] {
  const [mark, anchor] = side === "left" ? [-5, "end" as const] : [5, "start" as const];
  const x = frame[side];
  return [
    `<path d="M${x} ${at(y)}h${mark}" stroke="#333"/>`,
    textElement(x + mark * 1.6, y + 4, [label], { size: AXIS_TEXT, anchor }),
  ];
}

/** The name of a vertical axis, turned, with its baseline at `x`. */
export function yName(name: readonly Run[], x: number, { top, bottom }: Frame): string {
  return textElement(x, (top + bottom) / 2, name, {
    size: AXIS_TEXT + 1,
    anchor: "middle",
    rotate: -90,
  });
}
