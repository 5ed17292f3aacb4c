import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import {
  linearTicks,
  logTicks,
  tickLabel,
} from "../../../../coordinator/analysis/figures/axis_ticks.ts";
import {
  COLUMN_LIMIT,
  type FigurePanel,
  readFigureData,
} from "../../../../coordinator/analysis/figures/figure_data.ts";
import {
  drawPhaseFigure,
  PANEL_LIMIT,
} from "../../../../coordinator/analysis/figures/phase_figure.ts";
import { allRuns } from "../../../../coordinator/analysis/runs_source.ts";
import { connect, seedCells, writeResults } from "../results_fixture.ts";
import { boundaryRow, summary } from "../rows_fixture.ts";
import { expectWellFormed } from "./svg_fixture.ts";

const folder = mkdtempSync(join(tmpdir(), "figure-"));
afterAll(() => rmSync(folder, { recursive: true }));

const curve = {
  low: [0.8, 0.7, null, 0.3],
  median: [1, 0.9, null, 0.5],
  high: [1.2, 1, null, 0.6],
};

function panel(changes: Partial<FigurePanel> = {}): FigurePanel {
  return {
    shape_group: "g",
    learning_rate: [1, 4, 16, 64],
    lazy: [1, 0.5, 0, 0],
    catapult: [0, 0.5, 0.75, 0],
    divergent: [0, 0, 0.25, 1],
    unsettled: [0, 0, 0, 0],
    ntk: curve,
    hessian: null,
    ...changes,
  };
}

describe("drawPhaseFigure", () => {
  test("draws one panel a group, and the same bytes twice", () => {
    const data = { panels: [panel(), panel({ shape_group: "h", ntk: null })], groups_total: 2 };
    const rows = [boundaryRow({ shape_group: "h" }), boundaryRow()];
    const svg = drawPhaseFigure(data, rows);
    expectWellFormed(svg);
    expect(svg.match(/<g class="panel"/g)).toHaveLength(2);
    expect(svg).toContain("8.181 [8.099, 8.263]");
    expect(svg).not.toContain("Not shown");
    expect(drawPhaseFigure(data, rows)).toBe(svg);
  });

  test("escapes what a user names", () => {
    const rows = [boundaryRow({ dataset: `<a & "b">` })];
    const svg = drawPhaseFigure({ panels: [panel()], groups_total: 1 }, rows);
    expectWellFormed(svg);
    expect(svg).toContain("&lt;a &amp; &quot;b&quot;&gt;");
  });

  test("says how many groups it leaves out", () => {
    const panels = Array.from({ length: PANEL_LIMIT + 1 }, () => panel());
    const svg = drawPhaseFigure({ panels, groups_total: PANEL_LIMIT + 5 }, [boundaryRow()]);
    expect(svg.match(/<g class="panel"/g)).toHaveLength(PANEL_LIMIT);
    expect(svg).toContain("Not shown: 5 further groups");
  });

  test("boundaries beyond the grid are labels without a line", () => {
    const none = { low: Number.NaN, high: Number.NaN, seeds_found: 0 };
    const row = boundaryRow({
      eta0: summary(null, { ...none, median_beyond: "below" }),
      eta1: summary(null, { ...none, median_beyond: null }),
    });
    const bare = panel({
      ntk: null,
      learning_rate: [1],
      lazy: [0],
      catapult: [1],
      divergent: [0],
      unsettled: [0],
    });
    const svg = drawPhaseFigure({ panels: [bare], groups_total: 1 }, [row]);
    expectWellFormed(svg);
    expect(svg).toContain("&lt; 0.5000");
    expect(svg).toContain("beyond the grid");
  });

  test("needs a panel, and a boundary row for it", () => {
    expect(() => drawPhaseFigure({ panels: [], groups_total: 0 }, [])).toThrow(RangeError);
    expect(() => drawPhaseFigure({ panels: [panel()], groups_total: 1 }, [])).toThrow(RangeError);
  });
});

describe("readFigureData", () => {
  test("shares of all seeds, curves of those that did not diverge", async () => {
    const connection = await connect();
    const path = join(folder, "shares.parquet");
    const cells = [
      ...seedCells("z", 0, [1, 2, 4], "lcd").map((cell) => ({ ...cell, ntk_final: 0 })),
      ...seedCells("z", 1, [1, 2, 4], "ldd").map((cell) => ({ ...cell, ntk_final: 10 })),
      ...seedCells("a", 0, [1, 2], "lu"),
    ];
    await writeResults(connection, path, cells);
    const data = await readFigureData(connection, allRuns(path), 10);
    expect(data.groups_total).toBe(2);
    expect(data.panels[0]).toEqual({
      shape_group: "z",
      learning_rate: [1, 2, 4],
      lazy: [1, 0, 0],
      catapult: [0, 0.5, 0],
      divergent: [0, 0.5, 1],
      unsettled: [0, 0, 0],
      ntk: { low: [1, 0, null], median: [5, 0, null], high: [9, 0, null] },
      hessian: null,
    });
    expect(data.panels[1]).toMatchObject({ unsettled: [0, 1], ntk: null });
    const first = await readFigureData(connection, allRuns(path), 1);
    expect(first.panels.map((each) => each.shape_group)).toEqual(["z"]);
    expect(first.groups_total).toBe(2);
  });

  test("more learning rates than a panel can show are put into bins", async () => {
    const connection = await connect();
    const path = join(folder, "bins.parquet");
    const etas = Array.from({ length: 2 * COLUMN_LIMIT }, (_, index) => 1.01 ** index);
    await writeResults(connection, path, seedCells("g", 0, etas, "l".repeat(etas.length)));
    const { panels } = await readFigureData(connection, allRuns(path), 1);
    expect(panels[0]!.learning_rate).toHaveLength(COLUMN_LIMIT);
    expect(panels[0]!.lazy.every((share) => share === 1)).toBe(true);
  });
});

describe("ticks", () => {
  const atMost = (count: number) => (ticks: readonly number[]) => ticks.length <= count;
  test.each([
    { low: 1, high: 80, count: 6, ticks: [1, 2, 5, 10, 20, 50] },
    { low: 1.7, high: 2.2, count: 6, ticks: [1.7, 1.8, 1.9, 2, 2.1, 2.2] },
    {
      low: 1e-9,
      high: 1e9,
      count: 10,
      ticks: [-9, -7, -5, -3, -1, 1, 3, 5, 7, 9].map((e) => Number(`1e${e}`)),
    },
  ])("from $low to $high", ({ low, high, count, ticks }) => {
    expect(logTicks(low, high, atMost(count))).toEqual(ticks);
  });

  test("linear ticks and labels are clean", () => {
    expect(linearTicks(0, 0.32, 3)).toEqual([0, 0.2]);
    expect(linearTicks(-0.1, 1, 5)).toEqual([0, 0.5, 1]);
    expect([0, 0.001, 25, 1e-4, 2e7].map(tickLabel)).toEqual(["0", "0.001", "25", "10⁻⁴", "2·10⁷"]);
  });
});
