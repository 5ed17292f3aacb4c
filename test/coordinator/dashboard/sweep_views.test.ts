import { afterEach, expect, test } from "vitest";
import { CELL } from "../../../coordinator/dashboard/messages.ts";
import { UsageError } from "../../../shared/errors.ts";
import { PHASES } from "../../../shared/phases.ts";
import { cellCoordinates, type Plan } from "../../../shared/plan.ts";
import { buildPlan } from "../../../shared/spec/build_plan.ts";
import { parseSweep } from "../../../shared/spec/load.ts";
import { temporaryFolder } from "../../e2e/cli.ts";
import { Gathered, until, type Verdict, ViewedSweep } from "./viewed_sweep.ts";

let viewed: ViewedSweep | undefined;
afterEach(async () => {
  await viewed?.close();
  viewed = undefined;
});

function planOf(text: string): Plan {
  return buildPlan(parseSweep(text, "test"));
}

const SWEEP = planOf(`{name: s, dataset: example3, loss: logistic, seeds: 300,
  model: {hidden_layers: 1, width: [5, 9]}, learning_rate: {from: 1, to: 16, points: 33}}`);

const verdict: Verdict = ({ shape }, seed, eta) => {
  const phase = Math.floor(seed * 7.3 + eta * 101 + Number(shape.width)) % 4;
  return PHASES[phase]!;
};

/** What the cells of a plan are once all are committed. */
function statesOf(plan: Plan, of: Verdict = verdict): Uint8Array {
  const states = new Uint8Array(plan.cells);
  for (const group of plan.groups) {
    const { seeds, learning_rates } = cellCoordinates(group, group.first_cell, group.cells);
    for (let i = 0; i < group.cells; i++) {
      const phase = of(group, seeds[i]!, learning_rates[i]!);
      states[group.first_cell + i] = phase === null ? CELL.failed : PHASES.indexOf(phase) + 1;
    }
  }
  return states;
}

test("a map that is followed from the middle of a sweep on is complete in the end", async () => {
  viewed = await ViewedSweep.open(temporaryFolder(), SWEEP, verdict);
  viewed.register();
  await viewed.compute(20);
  const gathered = new Gathered();
  viewed.views.follow("s", gathered);
  // Cells come in while those that are there are being loaded.
  const asked = viewed.views.cells("s");
  await viewed.compute(5);
  const { version, states } = await asked;
  const copy = Uint8Array.from(states);
  const known = copy.filter((code) => code !== CELL.open).length;
  expect(known).toBeGreaterThanOrEqual(20);
  expect(known).toBeLessThan(SWEEP.cells);
  await viewed.finish();
  const complete = statesOf(SWEEP);
  await until(() => Buffer.compare(gathered.applied(copy, version), complete) === 0);
  expect(gathered.plans).toEqual([]);
  expect((await viewed.views.cells("s")).states).toEqual(complete);
});

test("a view of a merged sweep begins with its results", async () => {
  viewed = await ViewedSweep.open(temporaryFolder(), SWEEP, verdict);
  viewed.register();
  await viewed.finish();
  expect((await viewed.views.cells("s")).states).toEqual(statesOf(SWEEP));
});

test("cells that cannot be computed are told, listed, and open again when they are tried again", async () => {
  const failing: Verdict = (group, seed, eta) =>
    seed === 7 && eta > 4 ? null : verdict(group, seed, eta);
  const plan = planOf(`{name: s, dataset: example3, loss: logistic, seeds: 9,
    model: {hidden_layers: 1, width: 5}, learning_rate: {from: 1, to: 16, points: 9}}`);
  viewed = await ViewedSweep.open(temporaryFolder(), plan, failing);
  const gathered = new Gathered();
  const { version, states } = await viewed.views.cells("s");
  const empty = Uint8Array.from(states);
  viewed.views.follow("s", gathered);
  viewed.register();
  await viewed.finish();
  await until(
    () => Buffer.compare(gathered.applied(empty, version), statesOf(plan, failing)) === 0,
  );
  const failures = viewed.views.failures("s");
  expect(failures.reduce((sum, { cells }) => sum + cells, 0)).toBe(4);
  expect(failures[0]).toMatchObject({
    ...{ seed: 7, dataset: "example3", model: "one hidden layer", loss: "logistic", only_on: "h" },
    error: expect.stringContaining("the engine threw"),
  });
  const detail = await viewed.views.cell("s", failures[0]!.first_cell);
  expect(detail).toMatchObject({ code: CELL.failed, row: null, curve: null, reproduce: null });
  expect(detail.failure).toContain("the engine threw");
});

test("what is not there is refused", async () => {
  viewed = await ViewedSweep.open(temporaryFolder(), SWEEP, verdict);
  const { views } = viewed;
  expect(() => views.failures("other")).toThrow(UsageError);
  expect(() => views.follow("other", new Gathered())).toThrow(UsageError);
  await expect(views.plan("other")).rejects.toThrow(UsageError);
  await expect(views.cells("other")).rejects.toThrow(UsageError);
  await expect(views.cell("s", SWEEP.cells)).rejects.toThrow(/no cell 19800/);
  await expect(views.cell("s", 1.5)).rejects.toThrow(UsageError);
  await expect(views.measures("s", "none")).rejects.toThrow(/no shape group none/);
});
