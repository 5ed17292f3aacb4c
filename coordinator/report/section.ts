import { embedSvg } from "./embed_svg.ts";
import { type Html, html } from "./html.ts";
import type { SweepReport } from "./sweep_report.ts";

/** A part of a sweep's report under a heading of its own. */
export interface Section {
  /** Unique within a sweep. */
  readonly id: string;
  readonly title: string;
  readonly body: Html;
}

/** What a section is made of; undefined: the sweep has nothing of the kind. `prefix` makes ids unique. */
export type SectionWriter = (report: SweepReport, prefix: string) => Section | undefined;

/** A picture of the sweep as a figure; its own text says what it shows. Nothing where there is none. */
export function figureOf(report: SweepReport, name: string, prefix: string): Html | null {
  const figure = report.figures.find((each) => each.name === name);
  if (figure === undefined) return null;
  return html`<figure><div class="paper">${embedSvg(figure.svg, `${prefix}-${name}`)}</div>
<figcaption>figures/${name}.svg, figures/${name}.png</figcaption></figure>`;
}

/** 1234567 → "1,234,567" */
export function count(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

/** "1 cell", "2 cells" */
export function counted(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? "" : "s"}`;
}
