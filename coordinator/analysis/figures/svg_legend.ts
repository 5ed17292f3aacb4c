import { type Run, textElement, textWidth } from "./svg_text.ts";

/** Size of a legend's text in pixels. */
export const LEGEND_TEXT = 13;

/** A sample of 26 × 14 pixels at (x, y), its top left, and its name. */
export interface LegendItem {
  readonly sample: (x: number, y: number) => string;
  readonly name: readonly Run[];
}

/** A legend that flows over as many lines as it needs from `top` down. */
export function drawLegend(
  items: readonly LegendItem[],
  { left, right, top }: { readonly left: number; readonly right: number; readonly top: number },
): { markup: string; bottom: number } {
  const parts: string[] = [];
  let x = left;
  let y = top;
  for (const { sample, name } of items) {
    const width = 34 + textWidth(name, LEGEND_TEXT) + 16;
    if (x + width > right && x > left) {
      x = left;
      y += 24;
    }
    parts.push(sample(x, y), textElement(x + 33, y + 12, name, { size: LEGEND_TEXT }));
    x += width;
  }
  return { markup: parts.join("\n"), bottom: y + 14 };
}
