import { expect, test } from "vitest";
import { embedSvg } from "../../../coordinator/report/embed_svg.ts";
import { html, symbols, table, trusted } from "../../../coordinator/report/html.ts";
import { rasterize } from "../../../coordinator/report/rasterize.ts";
import { PICTURE } from "./report_fixture.ts";

test("strings are escaped in content and in attributes, markup is not escaped twice", () => {
  const inner = html`<b title="${`"><i>`}">${"a < b & c"}</b>`;
  expect(inner.markup).toBe('<b title="&quot;&gt;&lt;i&gt;">a &lt; b &amp; c</b>');
  expect(html`<p>${[inner, null, undefined, 1, "&"]}</p>`.markup).toBe(
    `<p>${inner.markup}1&amp;</p>`,
  );
  expect(html`${trusted("<hr>")}`.markup).toBe("<hr>");
});

test("symbols get subscripts, and are escaped all the same", () => {
  expect(symbols("η0 = 3, η1.5, η10").markup).toBe("η<sub>0</sub> = 3, η1.5, η10");
  expect(symbols("φ_λ(x_*), loss_final").markup).toBe("φ<sub>λ</sub>(x<sub>*</sub>), loss_final");
  expect(symbols("σ_w² < λ_NTK").markup).toBe("σ<sub>w</sub>² &lt; λ<sub>NTK</sub>");
});

test("a table counts the rows that it does not show, and a name may span rows", () => {
  const rows = [1, 2, 3, 4, 5];
  const { markup } = table(
    "numbers",
    [
      { heading: "pair", cell: (row) => `p${row}`, isName: true, rows: 2 },
      { heading: "n", cell: (row) => row, isNumber: true },
    ],
    rows,
    4,
  );
  expect(markup.match(/<th scope="rowgroup" rowspan="2"/g)).toHaveLength(2);
  expect(markup.match(/<td class="number">/g)).toHaveLength(4);
  expect(markup.match(/<tr class="band">/g)).toHaveLength(2);
  expect(markup).toContain("1 further rows are not shown");
});

test("a picture in a page has ids of its own, a label and no fixed width", () => {
  const { markup } = embedSvg(PICTURE, "s1-phases");
  expect(markup).toContain('aria-label="A &amp; B"');
  expect(markup).toContain('id="s1-phases-frame0"');
  expect(markup).toContain("url(#s1-phases-frame0)");
  expect(markup).toContain("url(#s1-phases-unsettled)");
  expect(markup).not.toMatch(/<svg[^>]* width=/);
  expect(markup).toContain("max-width:100px");
});

test("a picture as PNG has its text, on a machine with or without fonts", () => {
  const box = (inner: string) =>
    `<svg xmlns="http://www.w3.org/2000/svg" width="200" height="40" viewBox="0 0 200 40" font-family="Helvetica, Arial, sans-serif">${inner}</svg>`;
  const blank = rasterize(box(""));
  const written = rasterize(
    box('<text x="5" y="25" font-size="16">η0 = 8.181, λ, σ², ∞, 10⁻⁵</text>'),
  );
  const unknown = rasterize(
    box(
      '<text x="5" y="25" font-size="16" font-family="Nowhere">η0 = 8.181, λ, σ², ∞, 10⁻⁵</text>',
    ),
  );
  expect(Buffer.from(blank.subarray(1, 4)).toString()).toBe("PNG");
  expect(written.length).toBeGreaterThan(blank.length + 500);
  expect(unknown).toEqual(written);
  expect(new DataView(written.buffer, written.byteOffset).getUint32(16)).toBe(300);
});
