import fc from "fast-check";
import { expect, test } from "vitest";
import { CELL, type SweepPlan } from "../../../../../coordinator/dashboard/messages.ts";
import { FailedCells } from "../../../../../coordinator/dashboard/page/map/failed_cells.ts";
import {
  type MapModel,
  mapModel,
  type Spot,
  spotOfCell,
} from "../../../../../coordinator/dashboard/page/map/map_model.ts";
import { pixelPalette, SHADES } from "../../../../../coordinator/dashboard/page/map/palette.ts";
import { Raster } from "../../../../../coordinator/dashboard/page/map/raster.ts";
import type { Viewport } from "../../../../../coordinator/dashboard/page/map/viewport.ts";
import { viewsOf } from "../../../../../coordinator/dashboard/page/map/views.ts";
import { scriptedSweep } from "../scripted_sweep.ts";

const PALETTE = pixelPalette("light");
/** The tone of failure that catches the eye; that of the chequer between is another. */
const FAILED = PALETTE[CELL.failed * SHADES * 2]!;
const CHEQUER = PALETTE[CELL.failed * SHADES * 2 + 1]!;
const MARK = 2;

const { plan: SEEDS } = scriptedSweep({ name: "seeds", rates: 500, seeds: 300 });
const { plan: PLANE } = scriptedSweep({
  ...{ name: "plane", rates: 150, seeds: 200 },
  widths: [8, 16, 32, 64, 128, 1024],
});
/** Learning rates in no order, and what a round added to a few seeds. */
const ROUNDS: SweepPlan = (() => {
  const { plan } = scriptedSweep({ name: "rounds", rates: 400, seeds: 200 });
  const [group] = plan.groups;
  const [rates] = plan.rate_axes;
  return {
    ...plan,
    cells: plan.cells + 30 * 60,
    rate_axes: [
      rates!.toSorted((a, b) => (a % 1) - (b % 1)),
      rates!.slice(100, 160).map((r) => r * 1.0001),
    ],
    seed_axes: [...plan.seed_axes, Array.from({ length: 30 }, (_, i) => 5 * i)],
    groups: [
      group!,
      { ...group!, first_cell: plan.cells, cells: 30 * 60, rate_axis: 1, seed_axis: 1 },
    ],
  };
})();

function whole({ row_edges, x_low, x_high }: MapModel): Viewport {
  return { x_low, x_high, y_low: row_edges[0]!, y_high: row_edges[row_edges.length - 1]! };
}

/** Part of a map, around a cell. */
function around(model: MapModel, spot: Spot, part_x: number, part_y: number, at: number): Viewport {
  const all = whole(model);
  const [left, right, low, high] = edgesOf(model, spot);
  const side = (from: number, to: number, low: number, high: number, part: number) => {
    const length = Math.max((high - low) * part, 3 * (to - from));
    const start = Math.min(Math.max(low, (from + to) / 2 - at * length), high - length);
    return [start, start + length] as const;
  };
  const [x_low, x_high] = side(left, right, all.x_low, all.x_high, part_x);
  const [y_low, y_high] = side(low, high, all.y_low, all.y_high, part_y);
  return { x_low, x_high, y_low, y_high };
}

function edgesOf(model: MapModel, { row, column }: Spot): [number, number, number, number] {
  const { edges } = model.columns[model.columns_of[row]!]!;
  return [edges[column]!, edges[column + 1]!, model.row_edges[row]!, model.row_edges[row + 1]!];
}

function draw(raster: Raster, states: Uint8Array, failed: FailedCells): void {
  for (let y = 0; y < raster.height; y++) raster.drawRow(y, states, failed);
}

const MAPS = [SEEDS, PLANE, ROUNDS].map((plan) => ({
  plan,
  model: mapModel(plan, viewsOf(plan)[0]!),
}));
const anyMap = fc.nat(MAPS.length - 1);
const anySize = fc.record({
  width: fc.integer({ min: 60, max: 300 }),
  height: fc.integer({ min: 40, max: 200 }),
});
const part = fc.double({ min: 0.01, max: 1, noNaN: true });

test("the only failed cell of many is seen at every zoom, where it lies", () => {
  fc.assert(
    fc.property(
      ...[anyMap, fc.nat(1e9), anySize, part, part, fc.double({ min: 0.1, max: 0.9, noNaN: true })],
      (map, chosen, size, part_x, part_y, at) => {
        const { plan, model } = MAPS[map]!;
        const cell = chosen % plan.cells;
        const states = new Uint8Array(plan.cells).fill(CELL.lazy);
        states[cell] = CELL.failed;
        const spot = spotOfCell(model, cell)!;
        const view = around(model, spot, part_x, part_y, at);
        const raster = new Raster(model, view, { ...size, mark: MARK }, PALETTE);
        draw(raster, states, new FailedCells(states));
        const [left, right, low, high] = edgesOf(model, spot);
        const { width, height } = size;
        const xOf = (x: number) => ((x - view.x_low) / (view.x_high - view.x_low)) * width;
        const yOf = (y: number) => ((view.y_high - y) / (view.y_high - view.y_low)) * height;
        let seen = 0;
        let bright = 0;
        let strays = 0;
        for (let y = 0; y < height; y++) {
          for (let x = 0; x < width; x++) {
            const pixel = raster.pixels[y * width + x]!;
            if (pixel !== FAILED && pixel !== CHEQUER) continue;
            seen++;
            if (pixel === FAILED) bright++;
            // No farther from it than the side of a mark.
            const isBeside = x + 1 <= xOf(left) - MARK || x - 1 >= xOf(right) + MARK;
            const isAbove = y + 1 <= yOf(high) - MARK || y - 1 >= yOf(low) + MARK;
            if (isBeside || isAbove) strays++;
          }
        }
        expect(seen).toBeGreaterThanOrEqual(MARK ** 2);
        expect(bright).toBeGreaterThanOrEqual(MARK);
        expect(strays).toBe(0);
      },
    ),
    { numRuns: 100 },
  );
});

test("failures that come and go leave the picture that is drawn from nothing", () => {
  fc.assert(
    fc.property(
      anyMap,
      anySize,
      fc.array(
        fc.record({
          first: fc.nat(1e9),
          count: fc.integer({ min: 1, max: 9000 }),
          code: fc.nat(5),
        }),
        { minLength: 1, maxLength: 6 },
      ),
      (map, size, changes) => {
        const { plan, model } = MAPS[map]!;
        const states = new Uint8Array(plan.cells);
        const failed = new FailedCells(states);
        const raster = new Raster(model, whole(model), { ...size, mark: MARK }, PALETTE);
        for (const { first, count, code } of changes) {
          const from = first % plan.cells;
          const cells = Math.min(count, plan.cells - from);
          states.fill(code, from, from + cells);
          failed.changed(from, cells);
          draw(raster, states, failed);
        }
        const again = new Raster(model, whole(model), { ...size, mark: MARK }, PALETTE);
        draw(again, states, new FailedCells(states));
        expect(raster.pixels.every((pixel, i) => pixel === again.pixels[i])).toBe(true);
        const isSeen = again.pixels.some((pixel) => pixel === FAILED);
        expect(isSeen).toBe(states.includes(CELL.failed));
      },
    ),
    { numRuns: 30 },
  );
});

test("the next failed cell is found across blocks, in any part of the cells", () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.nat(19_999), { maxLength: 5 }),
      fc.nat(20_000),
      fc.nat(20_000),
      (cells, a, b) => {
        const states = new Uint8Array(20_000).fill(CELL.divergent);
        for (const cell of cells) states[cell] = CELL.failed;
        const [from, end] = [Math.min(a, b), Math.max(a, b)];
        const inside = cells.filter((cell) => cell >= from && cell < end);
        const found = new FailedCells(states).next(from, end);
        expect(found).toBe(inside.length > 0 ? Math.min(...inside) : end);
      },
    ),
  );
});
