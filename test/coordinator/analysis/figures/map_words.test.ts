import { expect, test } from "vitest";
import { drawSheet, subscripts } from "../../../../coordinator/analysis/figures/sheet.ts";
import { MAP_PARAMETERS } from "../../../../coordinator/analysis/maps/map_parameter.ts";
import { expectWellFormed } from "./svg_fixture.ts";

test("the square of σ_w is no subscript, nor is what follows one", () => {
  expect(subscripts("variance σ_w² of the weights")).toEqual([
    "variance σ",
    { sub: "w" },
    "² of the weights",
  ]);
  expect(subscripts("η_v/η")).toEqual(["η", { sub: "v" }, "/η"]);
});

test("what the second axis of a map is called can be drawn", () => {
  for (const { words } of MAP_PARAMETERS) {
    const svg = drawSheet({
      ...{ title: `Phases over the ${words} & more`, legend: [], panels: [], columns: 1 },
      ...{ panel_width: 400, panel_height: 1, caption: words },
    });
    expectWellFormed(svg);
    expect(svg.replace(/<title>.*<\/title>/, "")).not.toContain("_");
  }
});
