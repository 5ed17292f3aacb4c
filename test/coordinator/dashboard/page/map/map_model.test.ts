import fc from "fast-check";
import { expect, test } from "vitest";
import {
  CELL,
  type CellCode,
  type SweepPlan,
} from "../../../../../coordinator/dashboard/messages.ts";
import { CellCount } from "../../../../../coordinator/dashboard/page/map/cell_count.ts";
import { FailedCells } from "../../../../../coordinator/dashboard/page/map/failed_cells.ts";
import {
  mapModel,
  rowsTouched,
  spotAt,
  spotOf,
  spotOfCell,
} from "../../../../../coordinator/dashboard/page/map/map_model.ts";
import { mapSummary } from "../../../../../coordinator/dashboard/page/map/map_summary.ts";
import {
  CELL_SHADE,
  pixelPalette,
  SHADES,
} from "../../../../../coordinator/dashboard/page/map/palette.ts";
import { Raster } from "../../../../../coordinator/dashboard/page/map/raster.ts";
import { viewsOf } from "../../../../../coordinator/dashboard/page/map/views.ts";
import { scriptedSweep } from "../scripted_sweep.ts";

/** A coarse grid of three seeds, and what a round added to seeds 2 and 0: learning rates of their own. */
function refined(): SweepPlan {
  const { plan } = scriptedSweep({ name: "refined", rates: 4, seeds: 3 });
  const [group] = plan.groups;
  return {
    ...plan,
    cells: 12 + 4,
    rate_axes: [
      [2, 8, 32, 128],
      [16, 4],
    ],
    seed_axes: [
      [0, 1, 2],
      [2, 0],
    ],
    groups: [group!, { ...group!, first_cell: 12, cells: 4, rate_axis: 1, seed_axis: 1 }],
  };
}

test("groups of one shape are one map, each seed with the learning rates that it has", () => {
  const plan = refined();
  const views = viewsOf(plan);
  expect(views.length).toBe(1);
  const model = mapModel(plan, views[0]!);
  expect([...model.values]).toEqual([0, 1, 2]);
  expect(model.x.is_log).toBe(true);
  const rates = [0, 1, 2].map((row) => [...model.columns[model.columns_of[row]!]!.rates]);
  expect(rates).toEqual([
    [2, 4, 8, 16, 32, 128],
    [2, 8, 32, 128],
    [2, 4, 8, 16, 32, 128],
  ]);
  // Seed 0 is the second of the added group; its rates stand there in another order.
  const cells = [0, 1, 2, 3, 4, 5].map((column) => spotOf(model, 0, column).cells);
  expect(cells).toEqual([[0], [15], [1], [14], [2], [3]]);
});

test("every cell is where its spot says, and its row is what is drawn again", () => {
  const plan = refined();
  const model = mapModel(plan, viewsOf(plan)[0]!);
  for (let cell = 0; cell < plan.cells; cell++) {
    const spot = spotOfCell(model, cell)!;
    expect(spot.cells).toEqual([cell]);
    expect(rowsTouched(model, cell, 1)).toEqual({ low: spot.row, high: spot.row });
    const at = spotAt(model, Math.log2(spot.learning_rate), spot.row);
    expect(at).toEqual(spot);
  }
  expect(rowsTouched(model, 3, 10)).toEqual({ low: 0, high: 2 });
  expect(rowsTouched(model, 16, 5)).toBeNull();
  expect(spotOfCell(model, 16)).toBeNull();
  expect(spotAt(model, 0, 0)).toBeNull();
  expect(spotAt(model, 3, 7)).toBeNull();
});

const PALETTE = pixelPalette("light");
const pixelOf = (code: CellCode, shade = CELL_SHADE) =>
  [0, 1].map((texture) => PALETTE[(code * SHADES + shade) * 2 + texture]!);

function drawn(plan: SweepPlan, states: Uint8Array, width: number, height: number, view = 0) {
  const model = mapModel(plan, viewsOf(plan)[view]!);
  const { row_edges, x_low, x_high } = model;
  const y = { y_low: row_edges[0]!, y_high: row_edges[row_edges.length - 1]! };
  const size = { width, height, mark: 1 };
  const raster = new Raster(model, { x_low, x_high, ...y }, size, PALETTE);
  const failed = new FailedCells(states);
  for (let row = 0; row < height; row++) raster.drawRow(row, states, failed);
  return { raster, model };
}

test("with a pixel or more a cell each pixel has the phase of its cell", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 16, maxLength: 16 }),
      fc.integer({ min: 40, max: 90 }),
      fc.integer({ min: 3, max: 11 }),
      (codes, width, height) => {
        const states = Uint8Array.from(codes);
        const { raster, model } = drawn(refined(), states, width, height);
        const { x_low, x_high, y_low, y_high } = raster.view;
        for (let y = 0; y < height; y++) {
          for (let x = 0; x < width; x++) {
            const right = x_low + ((x + 0.5) / width) * (x_high - x_low);
            const up = y_high - ((y + 0.5) / height) * (y_high - y_low);
            // Rows with a finer grid reach less far out; a middle on an edge may go either way.
            const pixels = [-1e-9, 1e-9].flatMap((dx) =>
              [-1e-9, 1e-9].flatMap((dy) => {
                const cell = spotAt(model, right + dx, up + dy)?.cells[0];
                return cell === undefined ? [0] : pixelOf(states[cell]! as CellCode);
              }),
            );
            expect(pixels).toContain(raster.pixels[y * width + x]);
          }
        }
      },
    ),
    { numRuns: 40 },
  );
});

test("a pixel of many cells has the commonest known phase, or the failure that must not be missed", () => {
  const { plan } = scriptedSweep({ name: "many", rates: 4, seeds: 4 });
  const states = new Uint8Array(16);
  const pixel = () => drawn(plan, states, 1, 1).raster.pixels[0]!;
  expect(pixelOf(CELL.open)).toContain(pixel());
  states[5] = CELL.divergent;
  expect(pixelOf(CELL.divergent)).toContain(pixel());
  states.fill(CELL.catapult, 8, 12);
  expect(pixelOf(CELL.catapult)).toContain(pixel());
  states[0] = CELL.failed;
  expect(pixelOf(CELL.failed)).toContain(pixel());
});

test("in a plane the tone is the share of the commonest phase of the seeds", () => {
  const { plan } = scriptedSweep({ name: "plane", rates: 3, seeds: 4, widths: [10, 1000] });
  const states = new Uint8Array(24).fill(CELL.lazy);
  // The second learning rate of the first width: one seed of four is in another phase.
  states[4] = CELL.catapult;
  const { raster, model } = drawn(plan, states, 3, 2);
  expect(model.y).toMatchObject({ is_log: true, label: "hidden width m", is_seeds: false });
  expect(pixelOf(CELL.lazy, 0)).toContain(raster.pixels[0]);
  expect(pixelOf(CELL.lazy, 16)).toContain(raster.pixels[3 + 1]);
  expect(viewsOf(plan).length).toBe(3);
});

test("what no cell reaches stays empty", () => {
  const plan = refined();
  const model = mapModel(plan, viewsOf(plan)[0]!);
  const view = { x_low: model.x_high + 1, x_high: model.x_high + 2, y_low: -0.5, y_high: 2.5 };
  const raster = new Raster(model, view, { width: 5, height: 3, mark: 2 }, PALETTE);
  const states = new Uint8Array(16).fill(CELL.lazy);
  for (let row = 0; row < 3; row++) raster.drawRow(row, states, new FailedCells(states));
  expect([...raster.pixels]).toEqual(new Array(15).fill(0));
});

test("cells are counted in slices, and said in words", () => {
  const plan = refined();
  const model = mapModel(plan, viewsOf(plan)[0]!);
  const states = Uint8Array.from({ length: 16 }, (_, cell) =>
    cell < 12 ? CELL.lazy : CELL.failed,
  );
  const count = new CellCount(model, states);
  let slices = 1;
  while (!count.advance(5)) slices++;
  expect(slices).toBe(4);
  expect(count.counts).toEqual([0, 12, 0, 0, 0, 4]);
  const words = mapSummary(model, count.counts, null);
  expect(words).toContain("6 learning rates");
  expect(words).toContain("3 seeds: 75 % lazy, 25 % failed.");
});
