import { expect, test } from "vitest";
import { paperMarkdown } from "../../../cli/text/paper_markdown.ts";

test("findings as Markdown: counts, one table a figure, bars escaped", () => {
  const finding = (agrees: "yes" | "in part" | "no") => ({
    claim: "φ > 0 where |f| rises",
    measured: "in 3 of 4 runs",
    agrees,
  });
  const paper = {
    name: "figure5",
    title: "Figure 5: φ, and runs",
    svg: "<svg/>",
    findings: [finding("yes"), finding("no")],
  };
  const page = paperMarkdown([{ paper, cells: 1234 }]);
  expect(page).toContain("1 of 2 claims agree, 0 agree in part, 1 do not.");
  expect(page).toContain("(#figure-5-φ-and-runs) | 1 | 0 | 1 | 1,234 |");
  expect(page).toContain("![Figure 5: φ, and runs](paper/figure5.svg)");
  expect(page).toContain("| φ > 0 where \\|f\\| rises | in 3 of 4 runs | **does not agree** |");
});
