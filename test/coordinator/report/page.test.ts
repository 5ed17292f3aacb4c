import { describe, expect, test } from "vitest";
import { reportPage } from "../../../coordinator/report/page.ts";
import { askedRows } from "../../../coordinator/report/sections/asked.ts";
import { expectSoundPage, textOf } from "./page_checks.ts";
import { HOSTILE, madeReport } from "./report_fixture.ts";

const page = reportPage([madeReport()]);
const text = textOf(page);

describe("a page of one sweep", () => {
  test("is well formed, refers to nothing outside itself, and has unique ids", () => {
    expectSoundPage(page);
  });

  test("shows what a user wrote as text, wherever it stands", () => {
    expect(page).not.toMatch(/<script|alert\("/);
    // Description, data set in six tables, claims, problems, a worker.
    expect(text.split(HOSTILE).length).toBeGreaterThan(12);
  });

  test("has every section, each once, and a link to each", () => {
    const titles = [...page.matchAll(/<h2 id="([^"]*)">/g)].map(([, id]) => id);
    expect(titles).toEqual(
      [
        ...["asked", "paper", "phases", "maps", "boundaries", "refinement", "widths", "exponents"],
        ...["losses", "accuracy", "classes", "audit", "provenance"],
      ].map((id) => `s1-${id}`),
    );
    for (const id of titles) expect(page).toContain(`<a href="#${id}">`);
  });

  test("says the numbers that it is made of", () => {
    for (const words of [
      "319: lazy 200, catapult 100, divergent 19",
      "1 cell could not be computed",
      `sha256 ${"a".repeat(64)}`,
      "8.181",
      "8.100 (8.000 – 8.200), σ 0.10",
      "> 60.00",
      "does not agree",
      "0.700 ± 0.010",
      "3.000 ± 0.10",
      "cell 17 in ntk_final: phasesweep reproduce made 17",
      "90.00 ± 1.00 % at η = 2.000",
      "12 cells next to a change of phase",
      "2 further maps are not drawn",
      "1:06:40 h",
      "Not reached:",
    ]) {
      expect(text).toContain(words);
    }
  });

  test("leaves out what there is nothing of", () => {
    const bare = madeReport({
      refinement: undefined,
      agreement: [],
      verified: undefined,
      accuracy: [],
      width_laws: [],
      uncertainty: { measured: [], not_measured: [] },
      maps: [],
      maps_left_out: 0,
      paper: undefined,
    });
    const small = reportPage([{ ...bare, figures: [], provenance: [] }]);
    expectSoundPage(small);
    const titles = [...small.matchAll(/<h2 id="s1-([^"]*)">/g)].map(([, id]) => id);
    expect(titles).toEqual(["asked", "boundaries", "audit"]);
  });
});

test("a page of several sweeps keeps their ids apart and has a list of contents", () => {
  const several = reportPage([madeReport(), madeReport(), madeReport()]);
  expectSoundPage(several);
  expect(textOf(several)).toContain("3 sweeps");
  expect(several.match(/<article /g)).toHaveLength(3);
  for (const id of ["s1", "s2", "s3"]) expect(several).toContain(`<a href="#${id}">made</a>`);
});

test("equal reports give equal pages", () => {
  expect(reportPage([madeReport()])).toBe(page);
});

test("a parameter with many values takes one row, and every cell is counted", () => {
  const [group] = madeReport().analysis.plan.groups;
  const groups = Array.from({ length: 40 }, (_, i) => ({
    ...group!,
    shape: {
      ...group!.shape,
      loss: i < 20 ? ("logistic" as const) : ("squared" as const),
      weight_variance: 1 + (i % 20) / 10,
    },
  }));
  const rows = askedRows(groups);
  expect(rows.map(({ texts }) => texts[4])).toEqual(["logistic", "squared"]);
  expect(rows[0]!.texts[5]).toBe("1 … 2.9 (20)");
  expect(rows.reduce((sum, { cells }) => sum + cells, 0)).toBe(40 * 320);
  expect(askedRows(groups.slice(0, 12))).toHaveLength(12);
});
