import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { bootstrapUniforms } from "../../../coordinator/analysis/boundaries/bootstrap_uniforms.ts";
import { readBoundaryRows } from "../../../coordinator/analysis/boundaries/boundaries.ts";
import { readRefinement } from "../../../coordinator/analysis/boundaries/missing.ts";
import { sampledRuns } from "../../../coordinator/analysis/runs_source.ts";
import type { Plan } from "../../../shared/plan.ts";
import { uniformStream } from "../../../shared/random.ts";
import { buildPlan } from "../../../shared/spec/build_plan.ts";
import { parseSweep } from "../../../shared/spec/load.ts";
import { connect } from "../analysis/results_fixture.ts";
import { grow, rowsOf, type Verdict } from "./trained_plan.ts";

const folder = mkdtempSync(join(tmpdir(), "phasesweep-test-"));
const connection = await connect();

function planOf(
  boundaries: string,
  rates = "{ from: 0.5, to: 64, points: 113 }",
  seeds = 12,
): Plan {
  return buildPlan(
    parseSweep(
      `{name: s, dataset: example3, loss: logistic, model: {hidden_layers: 1, width: 100},
        seeds: ${seeds}, learning_rate: ${rates}, boundaries: ${boundaries}}`,
      "s",
    ),
  );
}

/** η0 and η1 of a seed, spread by some per cent. */
const eta0Of = (seed: number) => 4 * Math.exp(0.2 * (uniformStream(seed, 0)() - 0.5));
const eta1Of = (seed: number) => 30 * Math.exp(0.2 * (uniformStream(seed, 1)() - 0.5));

const steps: Verdict = (_, seed, eta) =>
  eta < eta0Of(seed) ? "lazy" : eta < eta1Of(seed) ? "catapult" : "divergent";

/** Beyond η1 windows return, ever narrower ones the closer to it one looks, up to 10 % above it. */
const fractal: Verdict = (group, seed, eta) => {
  const above = Math.log(eta / eta1Of(seed)) / 0.1;
  if (above <= 0 || above > 1) return steps(group, seed, eta);
  return Math.floor(Math.log2(above) * 2) % 2 === 0 ? "catapult" : "divergent";
};

function eachOnce(plan: Plan): void {
  const cells = rowsOf(plan, steps).map(({ seed, learning_rate }) => `${seed} ${learning_rate}`);
  expect(new Set(cells).size).toBe(cells.length);
  let next = 0;
  for (const group of plan.groups) {
    expect(group.first_cell).toBe(next);
    next += group.cells;
  }
  expect(plan.cells).toBe(next);
}

async function analysed(plan: Plan) {
  const path = join(folder, "results.parquet");
  const source = sampledRuns(path, plan);
  const { confidence } = plan;
  const rows = await readBoundaryRows(connection, source, {
    uniforms: bootstrapUniforms,
    confidence,
  });
  return { row: rows[0]!, refinement: (await readRefinement(connection, source, plan, rows))! };
}

test.each([
  ["on the lattice of a log axis", "{ from: 0.5, to: 64, points: 113 }"],
  ["on a linear axis", "{ from: 0.5, to: 64, points: 128, scale: linear }"],
  ["in a list", `[0.5, 1, 2, 3, 3.5, 5, 8, 20, 26, 29, 31, 34, 64]`],
])("single steps %s are found to the tolerance, each cell once", async (_, rates) => {
  const plans = await grow(connection, folder, planOf("{eta_tolerance: 1.0e-3}", rates), steps);
  const plan = plans.at(-1)!;
  eachOnce(plan);
  const { refinement } = await analysed(plan);
  expect(refinement.missing).toEqual([]);
  const rows = rowsOf(plan, steps);
  for (let seed = 0; seed < 12; seed++) {
    const above = rows.filter((row) => row.seed === seed && row.phase !== "lazy");
    const eta0 = Math.min(...above.map(({ learning_rate }) => learning_rate));
    expect(eta0 / eta0Of(seed) - 1).toBeLessThanOrEqual(1e-3);
  }
  expect(refinement.cells).toBe(plan.cells);
});

test("a coarse log grid becomes a twentieth of the dense one and less", async () => {
  const plans = await grow(connection, folder, planOf("{eta_tolerance: 1.0e-3}"), steps);
  const { refinement } = await analysed(plans.at(-1)!);
  expect(refinement.cells_dense / refinement.cells).toBeGreaterThan(20);
});

test("a band is seen as one, and its ends and its area become known", async () => {
  const plans = await grow(connection, folder, planOf("{eta_tolerance: 1.0e-3}"), fractal);
  const plan = plans.at(-1)!;
  eachOnce(plan);
  const { row, refinement } = await analysed(plan);
  expect(refinement.missing).toEqual([]);
  // The windows are narrower than the grid, so a seed may hide them.
  expect(row.eta1.not_single_step).toBeGreaterThanOrEqual(11);
  expect(row.eta0.not_single_step).toBe(0);
  // The windows (2^−k, √2 2^−k] of the 10 % are not divergent: √2 − 1 of them.
  const low = Math.SQRT2 - 1;
  const exact = [...Array(12).keys()].map((seed) => eta1Of(seed) * Math.exp(0.1 * low));
  const middle = exact.sort((a, b) => a - b).slice(5, 7);
  expect(row.eta1.area_median! / ((middle[0]! + middle[1]!) / 2) - 1).toBeCloseTo(0, 2.7);
});

test("rounds are a function of the cells: the same plans come out again", async () => {
  const plan = planOf("{eta_tolerance: 1.0e-3, median_interval: 0.08}");
  const once = await grow(connection, folder, plan, fractal);
  expect(await grow(connection, folder, plan, fractal)).toEqual(once);
  expect(once.length).toBeGreaterThan(4);
});

test("seeds are added until the interval of each median is narrow enough", async () => {
  const plans = await grow(
    connection,
    folder,
    planOf("{eta_tolerance: 1.0e-3, median_interval: 0.02}"),
    steps,
  );
  const plan = plans.at(-1)!;
  eachOnce(plan);
  const { row, refinement } = await analysed(plan);
  expect(refinement.missing).toEqual([]);
  expect(row.seeds).toBeGreaterThan(24);
  for (const { low, high } of [row.eta0, row.eta1])
    expect(high / low - 1).toBeLessThanOrEqual(0.02);
});

test("it ends at cells_max and says what is missing", async () => {
  const boundaries = "{eta_tolerance: 1.0e-3, median_interval: 0.005, cells_max: 1600}";
  const plan = (await grow(connection, folder, planOf(boundaries), steps)).at(-1)!;
  expect(plan.cells).toBeLessThanOrEqual(1600);
  expect(plan.cells).toBeGreaterThan(1550);
  const { refinement } = await analysed(plan);
  const [eta0, eta1] = refinement.missing;
  expect(refinement.missing).toHaveLength(2);
  expect(eta0!.seeds_open + eta1!.seeds_open).toBeGreaterThan(0);
  expect(eta0!.median_interval).toBeGreaterThan(0.005);
});

test("what lies beyond the grid is said, and not looked for", async () => {
  const plan = planOf("{eta_tolerance: 1.0e-3}", "{ from: 0.5, to: 16, points: 81 }");
  const grown = (await grow(connection, folder, plan, steps)).at(-1)!;
  const { refinement } = await analysed(grown);
  expect(refinement.missing).toMatchObject([
    { boundary: "eta1", seeds_open: 0, seeds_beyond: 12, median_interval: null },
  ]);
});

test("with given weights there are no further seeds to ask for, and none are missed", async () => {
  const plan = buildPlan(
    parseSweep(
      `{name: s, dataset: example1, loss: exponential, seeds: 1, learning_rate: [0.5, 8, 64],
        model: {hidden_layers: 0, initial_weights: [1]},
        boundaries: {eta_tolerance: 0.01, median_interval: 0.02}}`,
      "s",
    ),
  );
  const grown = (await grow(connection, folder, plan, steps)).at(-1)!;
  expect(grown.groups.every(({ added }) => added !== "seeds")).toBe(true);
  expect((await analysed(grown)).refinement.missing).toEqual([]);
});
