import { drawLegend, type LegendItem, LEGEND_TEXT as TEXT } from "./svg_legend.ts";
import { escapeXml, type Run, textElement, wrapWords } from "./svg_text.ts";

const MARGIN = 20;
const LINE = 19;

/** A figure of equal panels under a title and a legend, over a caption. Lengths are in pixels. */
export interface Sheet {
  /** Plain text, as the caption. */
  readonly title: string;
  readonly legend: readonly LegendItem[];
  /** SVG fragments with their origin at the top left of a panel. */
  readonly panels: readonly string[];
  readonly columns: number;
  readonly panel_width: number;
  readonly panel_height: number;
  /** Plain text, in which `η_0` is a subscript, or the words as runs. */
  readonly caption: string | Run[][];
  /** What panels and legend refer to, for the `defs` of the picture. */
  readonly definitions?: string;
}

/** One self-contained SVG; the same sheet gives the same bytes. */
export function drawSheet(sheet: Sheet): string {
  const { title, panels, columns, panel_width, panel_height } = sheet;
  const width = columns * panel_width + (columns + 1) * MARGIN;
  const legend = drawLegend(sheet.legend, { left: MARGIN, right: width - MARGIN, top: 54 });
  const gridTop = (sheet.legend.length > 0 ? legend.bottom : 40) + 20;
  const gridBottom = gridTop + Math.ceil(panels.length / columns) * (panel_height + MARGIN);
  const words =
    typeof sheet.caption === "string" ? sheet.caption.split(" ").map(subscripts) : sheet.caption;
  const caption = wrapWords(words, width - 2 * MARGIN, TEXT);
  const height = gridBottom + caption.length * LINE + MARGIN;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="Helvetica, Arial, 'Liberation Sans', 'DejaVu Sans', sans-serif" role="img">`,
    `<title>${escapeXml(title)}</title>`,
    ...(sheet.definitions === undefined ? [] : [`<defs>${sheet.definitions}</defs>`]),
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    textElement(MARGIN, 34, subscripts(title), { size: 20, weight: "bold" }),
    legend.markup,
    ...panels.map((panel, index) => {
      const x = MARGIN + (index % columns) * (panel_width + MARGIN);
      const y = gridTop + Math.floor(index / columns) * (panel_height + MARGIN);
      return `<g class="panel" transform="translate(${x} ${y})">\n${panel}\n</g>`;
    }),
    ...caption.map((line, index) =>
      textElement(MARGIN, gridBottom + (index + 1) * LINE - 6, line, { size: TEXT }),
    ),
    "</svg>",
    "",
  ].join("\n");
}

/** `η_0` and `λ_NTK` in a text as runs with subscripts; the rest stays as it is. */
export function subscripts(text: string): Run[] {
  return text
    .split(/(_[\p{L}\p{Nd}∞*]+)/u)
    .filter((piece) => piece !== "")
    .map((piece): Run => (piece.startsWith("_") ? { sub: piece.slice(1) } : piece));
}
