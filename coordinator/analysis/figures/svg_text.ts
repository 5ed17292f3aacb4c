/** Text in an SVG: escaping, subscripts, and the room that it takes without a font at hand. */

/** A piece of a line: a string on the baseline, or a subscript. */
export type Run = string | { readonly sub: string };

interface TextStyle {
  /** Font size in pixels. */
  readonly size: number;
  readonly anchor?: "start" | "middle" | "end";
  readonly weight?: "bold";
  readonly fill?: string;
  /** Turn in degrees about (x, y). */
  readonly rotate?: number;
}

/** Subscripts are this much smaller and lower, as fractions of the font size. */
const SUB_SCALE = 0.75;
const SUB_DROP = 0.25;

/**
 * Advances of characters as fractions of the font size, for want of a font to ask: those of bold
 * Liberation Sans (Helvetica, Arial) rounded up, so that room measured with them suffices.
 */
const NARROW = /[ ijlftrI.,:;·'|!()[\]\-…]/u;
const NARROW_ADVANCE = 0.36;
const WIDE = /[A-HJ-Zmw%σ<>=+–]/u;
const WIDE_ADVANCE = 0.8;
const ADVANCE = 0.59;

/** `text` for element content or a quoted attribute; characters that XML forbids become U+FFFD. */
export function escapeXml(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;")
    .replace(/[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu, "\u{fffd}");
}

/** A coordinate with at most two decimals, so that equal data give equal bytes. */
export function coordinate(value: number): string {
  return String(Number(value.toFixed(2)) + 0);
}

/**
 * A `<text>` element at (x, y), its baseline. It preserves spaces, as some renderers otherwise drop
 * one at the start of a tspan.
 */
export function textElement(x: number, y: number, runs: readonly Run[], style: TextStyle): string {
  const { size, anchor = "start", weight, fill = "#1a1a1a", rotate } = style;
  const turn =
    rotate === undefined ? "" : ` transform="rotate(${rotate} ${coordinate(x)} ${coordinate(y)})"`;
  const bold = weight === undefined ? "" : ` font-weight="${weight}"`;
  return `<text x="${coordinate(x)}" y="${coordinate(y)}" font-size="${size}" text-anchor="${anchor}" fill="${fill}"${bold}${turn} xml:space="preserve">${runsMarkup(runs, size)}</text>`;
}

/** Runs as tspans: a shift of the baseline lasts, so the run after a subscript undoes it. */
function runsMarkup(runs: readonly Run[], size: number): string {
  const drop = coordinate(size * SUB_DROP);
  let lowered = false;
  return runs
    .map((run) => {
      if (typeof run === "string") {
        const escaped = escapeXml(run);
        const markup = lowered ? `<tspan dy="-${drop}">${escaped}</tspan>` : escaped;
        lowered = false;
        return markup;
      }
      const shift = lowered ? "" : ` dy="${drop}"`;
      lowered = true;
      return `<tspan${shift} font-size="${coordinate(size * SUB_SCALE)}">${escapeXml(run.sub)}</tspan>`;
    })
    .join("");
}

/** Width in pixels that a line may take at a font size, rather over than under. */
export function textWidth(runs: readonly Run[], size: number): number {
  return runs.reduce(
    (width, run) =>
      width + (typeof run === "string" ? advance(run) * size : advance(run.sub) * size * SUB_SCALE),
    0,
  );
}

/** `text` cut to `width` pixels with an ellipsis (at least one character stays); whole if it fits. */
export function ellipsis(text: string, width: number, size: number): string {
  if (textWidth([text], size) <= width) return text;
  const characters = [...text];
  while (characters.length > 1 && textWidth([`${characters.join("")}…`], size) > width) {
    characters.pop();
  }
  return `${characters.join("").trimEnd()}…`;
}

function advance(text: string): number {
  let sum = 0;
  for (const character of text) {
    if (NARROW.test(character)) sum += NARROW_ADVANCE;
    else sum += WIDE.test(character) ? WIDE_ADVANCE : ADVANCE;
  }
  return sum;
}

/**
 * Words broken into lines of at most `width` pixels. A word is a run sequence that stays together;
 * words are set apart by one space.
 */
export function wrapWords(
  words: readonly (readonly Run[])[],
  width: number,
  size: number,
): Run[][] {
  const lines: Run[][] = [];
  let line: Run[] = [];
  for (const word of words) {
    const longer: Run[] = line.length === 0 ? [...word] : [...line, " ", ...word];
    if (line.length > 0 && textWidth(longer, size) > width) {
      lines.push(line);
      line = [...word];
    } else {
      line = longer;
    }
  }
  if (line.length > 0) lines.push(line);
  return lines;
}
