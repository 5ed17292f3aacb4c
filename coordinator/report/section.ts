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

/** Where a sweep stands in a page. */
export interface Place {
  /** Makes ids unique. */
  readonly prefix: string;
  /** Folder of its pictures, as seen from the page. */
  readonly figures: string;
}

/** What a section is made of; undefined: the sweep has nothing of the kind. */
export type SectionWriter = (report: SweepReport, place: Place) => Section | undefined;

/** Where the sweeps of one page stand in it; sweeps of one name are told apart by numbers. */
export function placesOf(reports: readonly SweepReport[]): Place[] {
  const names = reports.map(({ analysis }) => analysis.plan.name);
  return names.map((name, index) => {
    const before = names.slice(0, index).filter((each) => each === name).length;
    const folder = before === 0 ? name : `${name}-${before + 1}`;
    return {
      prefix: `s${index + 1}`,
      figures: reports.length === 1 ? "figures" : `figures/${folder}`,
    };
  });
}

/** A picture of the sweep as a figure; its own text says what it shows. Nothing where there is none. */
export function figureOf(report: SweepReport, name: string, place: Place): Html | null {
  const figure = report.figures.find((each) => each.name === name);
  if (figure === undefined) return null;
  return html`<figure><div class="paper">${embedSvg(figure.svg, `${place.prefix}-${name}`)}</div>
<figcaption>${place.figures}/${name}.svg, ${name}.png</figcaption></figure>`;
}

/** 1234567 → "1,234,567" */
export function count(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

/** "1 cell", "2 cells" */
export function counted(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? "" : "s"}`;
}
