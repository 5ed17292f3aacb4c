import { describe, expect, test } from "vitest";
import { compareCell, toleranceBetween } from "../../../coordinator/reproduce/compare_cell.ts";
import type { StoredCell } from "../../../coordinator/reproduce/stored_cells.ts";
import { CATAPULT, DIVERGENT, LAZY } from "../../../shared/phases.ts";
import { RESULT_COLUMNS } from "../../../shared/result_columns.ts";

const ones = Object.fromEntries(RESULT_COLUMNS.map(({ name }) => [name, 1]));

function cell(values: object = {}, more: Partial<StoredCell> = {}): StoredCell {
  return {
    cell: 0,
    group: {} as StoredCell["group"],
    seed: 0,
    learning_rate: 1,
    values: { ...ones, phase: LAZY, ...values } as StoredCell["values"],
    lists: {},
    near_change: false,
    spread: {},
    ...more,
  };
}

const verdictOf = (column: string, ...args: Parameters<typeof compareCell>) =>
  compareCell(...args).columns.find((each) => each.column === column)!.verdict;

describe("in one exact class", () => {
  test("equal bits are equal, whatever they say", () => {
    const stored = cell({ loss_final: Number.NaN, diverged_at: null, hessian_final: Infinity });
    expect(compareCell(stored, cell(stored.values), 0).verdict).toBe("equal");
  });

  test("one bit in any column is a difference, also next to a change of phase", () => {
    for (const { name } of RESULT_COLUMNS) {
      const stored = cell({ [name]: 0.5 }, { near_change: true });
      const again = cell({ [name]: 0.5 + 2 ** -53 });
      expect(compareCell(stored, again, 0).verdict, name).toBe("different");
      expect(verdictOf(name, stored, again, 0)).toBe("different");
    }
  });

  test("one bit of a trajectory is a difference, and so is a point more", () => {
    const stored = cell({}, { lists: { loss_trajectory: [1, 0.5] } });
    for (const loss_trajectory of [[1, 0.5 + 2 ** -53], [1], [1, 0.5, 0.25], []]) {
      const again = cell({}, { lists: { loss_trajectory } });
      expect(compareCell(stored, again, 0).verdict).toBe("different");
    }
  });
});

describe("with a tolerance", () => {
  const [tolerance, inside, outside] = [1e-3, 1 + 0.9e-3, 1 + 1.2e-3];

  test("what is measured at the start and the end of a lazy run is held to it", () => {
    for (const name of ["loss_initial", "ntk_initial", "ntk_final", "weight_norm"]) {
      expect(compareCell(cell(), cell({ [name]: inside }), tolerance).verdict).toBe(
        "within tolerance",
      );
      expect(compareCell(cell(), cell({ [name]: outside }), tolerance).verdict).toBe("different");
    }
  });

  test("a value that only one of them has is a difference", () => {
    expect(compareCell(cell({ ntk_final: null }), cell(), tolerance).verdict).toBe("different");
    expect(compareCell(cell(), cell({ ntk_final: null }), tolerance).verdict).toBe("different");
    expect(compareCell(cell(), cell({ ntk_final: Number.NaN }), tolerance).verdict).toBe(
      "different",
    );
  });

  test("losses far below the first are what rounding leaves", () => {
    const [stored, again] = [cell({ loss_final: 1e-12 }), cell({ loss_final: 9e-7 })];
    expect(verdictOf("loss_final", stored, again, tolerance)).toBe("within tolerance");
    expect(verdictOf("ntk_final", cell({ ntk_final: 1e-12 }), cell(), tolerance)).toBe("different");
  });

  test("catapults may differ by as much as their neighbours", () => {
    const near = { spread: { loss_final: 0.5 } };
    const stored = cell({ phase: CATAPULT }, near);
    const again = cell({ phase: CATAPULT, loss_final: 1.4 });
    expect(verdictOf("loss_final", stored, again, tolerance)).toBe("within tolerance");
    expect(verdictOf("loss_final", cell({}, near), cell({ loss_final: 1.4 }), tolerance)).toBe(
      "different",
    );
  });

  test("phases differ only next to a change of phase, where only the start is judged", () => {
    const again = cell({ phase: DIVERGENT, loss_final: 7 });
    expect(compareCell(cell(), again, tolerance).verdict).toBe("different");
    const stored = cell({}, { near_change: true });
    expect(compareCell(stored, again, tolerance).verdict).toBe("within tolerance");
    expect(verdictOf("phase", stored, again, tolerance)).toBe("not judged");
    expect(verdictOf("loss_initial", stored, cell({ loss_initial: outside }), tolerance)).toBe(
      "different",
    );
  });

  test("trajectories of lazy runs are held to their largest value", () => {
    const stored = cell({}, { lists: { loss_trajectory: [1, 1e-9] } });
    const again = (second: number) => cell({}, { lists: { loss_trajectory: [1, second] } });
    expect(compareCell(stored, again(5e-4), tolerance).verdict).toBe("within tolerance");
    expect(compareCell(stored, again(5e-3), tolerance).verdict).toBe("different");
    const chaotic = cell({ phase: CATAPULT }, { lists: stored.lists });
    expect(verdictOf("loss_trajectory", chaotic, again(5e-3), tolerance)).toBe("not judged");
  });
});

test("the tolerance is that of the coarser arithmetic", () => {
  expect(toleranceBetween("float64-exact", "float64-exact")).toBe(0);
  expect(toleranceBetween("float64-exact", "float64-reference")).toBe(1e-9);
  expect(toleranceBetween("float32-wasm", "float64-reference")).toBe(1e-3);
  expect(toleranceBetween("float32-wasm", "float32-wasm")).toBe(1e-3);
});
