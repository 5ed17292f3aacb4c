import fc from "fast-check";
import { expect, test } from "vitest";
import { boundaryGroups } from "../../../coordinator/rounds/boundary_groups.ts";
import { FLOAT64_EXACT } from "../../../shared/numeric_class.ts";
import { cellCoordinates, type Plan, planDigest } from "../../../shared/plan.ts";
import { buildPlan } from "../../../shared/spec/build_plan.ts";
import { parseSweep } from "../../../shared/spec/load.ts";

const SWEEP = `{name: s, dataset: [example3, example4], loss: logistic, precision: verify,
  model: {hidden_layers: 1, width: 10}, seeds: 7, learning_rate: {from: 1, to: 9, points: 33}}`;
const PLAN = buildPlan(parseSweep(SWEEP, "s"), {
  backends: { gram: "webgpu", dense: "webgpu" },
  checks: true,
});

/** The cells that a group computes, as data set, seed and learning rate. */
function runsOf({ groups }: Plan, checks: (index: number) => boolean): string[] {
  return groups
    .filter((_, index) => checks(index))
    .flatMap((group) => {
      const { seeds, learning_rates } = cellCoordinates(group, group.first_cell, group.cells);
      return [...seeds].map((seed, i) =>
        [group.shape.dataset.name, seed, learning_rates[i]].join(" "),
      );
    });
}

function extended(cells: number[], groups_max?: number): Plan {
  const added = boundaryGroups(PLAN, cells, groups_max);
  const groups = [...PLAN.groups, ...added];
  return {
    ...PLAN,
    groups,
    cells: PLAN.cells + added.reduce((sum, group) => sum + group.cells, 0),
  };
}

const gridCell = fc.integer({
  min: 0,
  max: PLAN.groups.filter(({ verify }) => verify).reduce((sum, { cells }) => sum + cells, 0) - 1,
});
const someCells = fc
  .uniqueArray(gridCell, { maxLength: 60 })
  .map((cells) => cells.sort((a, b) => a - b));

test("the added groups have the chosen cells in float64, each once, behind the others", () => {
  fc.assert(
    fc.property(someCells, (cells) => {
      const plan = extended(cells);
      const before = PLAN.groups.length;
      const chosen = runsOf(PLAN, (index) => index < 2).filter((_, cell) => cells.includes(cell));
      expect(runsOf(plan, (index) => index >= before).sort()).toEqual(chosen.sort());
      let next = PLAN.cells;
      for (const group of plan.groups.slice(before)) {
        expect(group).toMatchObject({ first_cell: next, numeric_class: FLOAT64_EXACT });
        expect(group.checks?.why).toBe("boundary");
        next += group.cells;
      }
      expect(next).toBe(plan.cells);
    }),
  );
});

test("where groups must be few, each has the learning rates of several seeds", () => {
  fc.assert(
    fc.property(someCells, fc.integer({ min: 4, max: 8 }), (cells, groups_max) => {
      const plan = extended(cells, groups_max);
      const added = runsOf(plan, (index) => index >= PLAN.groups.length);
      expect(plan.groups.length - PLAN.groups.length).toBeLessThanOrEqual(groups_max);
      const chosen = runsOf(PLAN, (index) => index < 2).filter((_, cell) => cells.includes(cell));
      for (const run of chosen) expect(added).toContain(run);
      expect(new Set(added).size).toBe(added.length);
    }),
  );
});

test("a sweep is still the one that was submitted", () => {
  expect(planDigest(extended([3, 4, 5]))).toBe(planDigest(PLAN));
});
