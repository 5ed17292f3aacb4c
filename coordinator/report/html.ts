/** HTML put together from strings that are escaped unless they are markup already. */
import { escapeXml } from "../analysis/figures/svg_text.ts";

/** Markup that may stand in a page as it is. */
export interface Html {
  readonly markup: string;
}

/** What may stand between pieces of markup; null and undefined are nothing. */
export type HtmlPart = Html | string | number | null | undefined | readonly HtmlPart[];

/** Template literals of markup: html`<td>${name}</td>`, in attributes (quoted) too. */
export function html(strings: TemplateStringsArray, ...parts: readonly HtmlPart[]): Html {
  const markup = strings.reduce(
    (text, string, i) => text + (i > 0 ? markupOf(parts[i - 1]) : "") + string,
    "",
  );
  return { markup };
}

/** Text that is markup already, such as a picture of ours. */
export function trusted(markup: string): Html {
  return { markup };
}

function markupOf(part: HtmlPart): string {
  if (part === null || part === undefined) return "";
  if (typeof part === "string" || typeof part === "number") return escapeXml(String(part));
  return "markup" in part ? part.markup : part.map(markupOf).join("");
}

/** η0 or η1. */
export function eta(name: "0" | "1"): Html {
  return html`<var>η</var><sub>${name}</sub>`;
}

/** Behind a symbol of one letter, so that names like `loss_final` stay as they are. */
const SUBSCRIPT = /(?<=(?<![\p{L}\p{N}_])\p{L})_(\p{L}+|[\p{Nd}∞*]+)/u;

/** A text in which `σ_w²`, `λ_NTK`, `η_0` and `η0` have subscripts. */
export function symbols(text: string): Html {
  const pieces = text.replaceAll(/η(?=[01](?![0-9.]))/g, "η_").split(SUBSCRIPT);
  return html`${pieces.map((piece, index) => (index % 2 === 1 ? html`<sub>${piece}</sub>` : piece))}`;
}

/** A column of a table; numbers stand right. */
export interface Column<Row> {
  readonly heading: HtmlPart;
  readonly cell: (row: Row) => HtmlPart;
  readonly isNumber?: boolean;
  /** The cell names its row, or as many rows as it spans. */
  readonly isName?: boolean;
  readonly rows?: number;
  /** Not to be broken into lines. */
  readonly isShort?: boolean;
}

/** A table with a caption, in a box that scrolls where the screen is narrow. Rows beyond `most` are counted. */
export function table<Row>(
  caption: HtmlPart,
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  most = Number.POSITIVE_INFINITY,
): Html {
  const kind = ({ isNumber, isShort }: Column<Row>) =>
    isNumber === true
      ? trusted(' class="number"')
      : isShort === true
        ? trusted(' class="short"')
        : null;
  const shown = rows.slice(0, most);
  const together = Math.max(1, ...columns.map((column) => column.rows ?? 1));
  const cellOf = (column: Column<Row>, row: Row, index: number) => {
    if (index % (column.rows ?? 1) !== 0) return null;
    if (column.isName !== true) return html`<td${kind(column)}>${column.cell(row)}</td>`;
    const span =
      column.rows === undefined
        ? html`scope="row"`
        : html`scope="rowgroup" rowspan="${column.rows}"`;
    return html`<th ${span}${kind(column)}>${column.cell(row)}</th>`;
  };
  const bandOf = (index: number) =>
    Math.floor(index / together) % 2 === 1 ? trusted(' class="band"') : null;
  const left = rows.length - shown.length;
  return html`<div class="scroll" tabindex="0" role="region" aria-label="table"><table>
<caption>${caption}</caption>
<thead><tr>${columns.map((column) => html`<th scope="col"${kind(column)}>${column.heading}</th>`)}</tr></thead>
<tbody>
${shown.map((row, index) => [html`<tr${bandOf(index)}>`, columns.map((column) => cellOf(column, row, index)), html`</tr>\n`])}</tbody>
</table></div>
${left > 0 ? html`<p>${left} further rows are not shown.</p>` : null}`;
}
