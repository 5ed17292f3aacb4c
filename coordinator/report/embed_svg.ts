import { escapeXml } from "../analysis/figures/svg_text.ts";
import { type Html, trusted } from "./html.ts";

/** An SVG file of ours as part of a page: its ids become its own, and it fits the width that there is. */
export function embedSvg(svg: string, prefix: string): Html {
  const label = /<title>([^<]*)<\/title>/.exec(svg)?.[1] ?? escapeXml(prefix);
  const markup = svg
    .replace(/^<\?xml[^>]*\?>\s*/, "")
    .replaceAll(/(\s)id="([^"]*)"/g, `$1id="${prefix}-$2"`)
    .replaceAll(/url\(#([^)]*)\)/g, `url(#${prefix}-$1)`)
    .replaceAll(/(\s(?:xlink:)?href)="#([^"]*)"/g, `$1="#${prefix}-$2"`)
    // The width that it was drawn for is the most that it takes.
    .replace(/<svg([^>]*?) width="([\d.]+)" height="[\d.]+"/, `<svg$1 style="max-width:$2px"`)
    .replace(/<svg /, `<svg aria-label="${label}" `);
  return trusted(markup.trim());
}
