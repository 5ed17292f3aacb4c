import { afterEach, expect, test } from "vitest";
import { CELL } from "../../../../coordinator/dashboard/messages.ts";
import { UsageError } from "../../../../shared/errors.ts";
import { PHASES } from "../../../../shared/phases.ts";
import { cellCoordinates, type Plan } from "../../../../shared/plan.ts";
import { buildPlan } from "../../../../shared/spec/build_plan.ts";
import { parseSweep } from "../../../../shared/spec/load.ts";
import { temporaryFolder } from "../../../e2e/cli.ts";
import { endingAs, Gathered, until, type Verdict, ViewedSweep } from "./viewed_sweep.ts";

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
  viewed = await ViewedSweep.open(temporaryFolder(), SWEEP, endingAs(verdict));
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
  viewed = await ViewedSweep.open(temporaryFolder(), SWEEP, endingAs(verdict));
  viewed.register();
  await viewed.finish();
  expect((await viewed.views.cells("s")).states).toEqual(statesOf(SWEEP));
});

test("cells that cannot be computed are told, listed, and open again when they are tried again", async () => {
  const failing: Verdict = (group, seed, eta) =>
    seed === 7 && eta > 4 ? null : verdict(group, seed, eta);
  const plan = planOf(`{name: s, dataset: example3, loss: logistic, seeds: 9,
    model: {hidden_layers: 1, width: 5}, learning_rate: {from: 1, to: 16, points: 9}}`);
  viewed = await ViewedSweep.open(temporaryFolder(), plan, endingAs(failing));
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
  viewed = await ViewedSweep.open(temporaryFolder(), SWEEP, endingAs(verdict));
  const { views } = viewed;
  expect(() => views.failures("other")).toThrow(UsageError);
  expect(() => views.follow("other", new Gathered())).toThrow(UsageError);
  await expect(views.plan("other")).rejects.toThrow(UsageError);
  await expect(views.cells("other")).rejects.toThrow(UsageError);
  await expect(views.cell("s", SWEEP.cells)).rejects.toThrow(/no cell 19800/);
  await expect(views.cell("s", 1.5)).rejects.toThrow(UsageError);
  await expect(views.measures("s", "none")).rejects.toThrow(/no shape group none/);
});

test("the row of a cell is that of the results, before and after the merge", async () => {
  viewed = await ViewedSweep.open(temporaryFolder(), SWEEP, endingAs(verdict));
  viewed.register();
  await viewed.compute(20);
  const { states } = await viewed.views.cells("s");
  const cell = states.findIndex((code) => code !== CELL.open) + 3;
  const before = await viewed.views.cell("s", cell);
  expect(before).toMatchObject({ cell, code: states[cell], reproduce: null, failure: null });
  expect(before.row).toMatchObject({ cell, seed: before.seed, dataset: "example3", width: 5 });
  const open = states.lastIndexOf(CELL.open);
  const nothing = await viewed.views.cell("s", open);
  expect(nothing).toMatchObject({ code: CELL.open, row: null, curve: null });
  await viewed.finish();
  const after = await viewed.views.cell("s", cell);
  expect(after.row).toEqual(before.row);
  expect(after.reproduce).toMatch(new RegExp(`^phasesweep reproduce .* ${cell}$`));
  expect((await viewed.views.cell("s", open)).row).toMatchObject({ cell: open });
});

test("measures are quantiles over the seeds that did not diverge, before and after the merge", async () => {
  const plan = planOf(`{name: s, dataset: example3, loss: logistic, seeds: 9, measure: [ntk],
    model: {hidden_layers: 1, width: 5}, learning_rate: [1, 2, 4]}`);
  // Of nine seeds none, four and all diverge; ntk_final is seed · η.
  const ends: Verdict = (_, seed, eta) =>
    eta === 4 || (eta === 2 && seed > 4) ? "divergent" : "lazy";
  viewed = await ViewedSweep.open(temporaryFolder(), plan, endingAs(ends));
  const { shape_group } = plan.groups[0]!;
  const empty = await viewed.views.measures("s", shape_group);
  expect(empty.learning_rates).toEqual([]);
  viewed.register();
  await viewed.finish();
  const measures = await viewed.views.measures("s", shape_group);
  expect(measures).toMatchObject({ learning_rates: [1, 2, 4], cells: [9, 5, 0] });
  const ntk = measures.curves.find(({ quantity }) => quantity === "ntk_final")!;
  expect(ntk.median).toEqual([4, 4, null]);
  expect(ntk.low[0]).toBeCloseTo(0.8, 12);
  expect(ntk.high[1]).toBeCloseTo(7.2, 12);
  expect(measures.curves.map(({ quantity }) => quantity)).toEqual([
    "ntk_initial",
    "ntk_final",
    "loss_final",
  ]);
  // Those who ask at the same time share an answer.
  const [one, other] = [1, 2].map(() => viewed!.views.measures("s", shape_group));
  expect(await one).toBe(await other);
});

test("measures of a sweep that runs are of what is committed", async () => {
  viewed = await ViewedSweep.open(temporaryFolder(), SWEEP, endingAs(verdict));
  viewed.register();
  await viewed.compute(30);
  const { states } = await viewed.views.cells("s");
  const { shape_group, cells } = SWEEP.groups[0]!;
  const measures = await viewed.views.measures("s", shape_group);
  const counted = measures.cells.reduce((sum, each) => sum + each, 0);
  const known = states
    .subarray(0, cells)
    .filter((code) => code !== CELL.open && code !== CELL.divergent).length;
  expect(known).toBeGreaterThan(5);
  expect(counted).toBe(known);
});

test("parts that are removed leave open cells, in a plan of another version", async () => {
  viewed = await ViewedSweep.open(temporaryFolder(), SWEEP, endingAs(verdict));
  const gathered = new Gathered();
  viewed.views.follow("s", gathered);
  const { version } = await viewed.views.cells("s");
  viewed.register();
  await viewed.compute(10);
  const files = await viewed.storage.listParts();
  await viewed.storage.removeParts(files.slice(0, 2));
  // The merge finds them gone; their cells are computed again.
  await viewed.finish();
  expect(gathered.plans).toHaveLength(1);
  expect(gathered.plans[0]).not.toBe(version);
  const again = await viewed.views.cells("s");
  expect(again.version).toBe(gathered.plans[0]);
  expect(again.states).toEqual(statesOf(SWEEP));
});

test("cells of earlier sweeps are there at once, and are numbered by the plan once merged", async () => {
  const folder = temporaryFolder();
  viewed = await ViewedSweep.open(folder, SWEEP, endingAs(verdict));
  viewed.register();
  await viewed.finish();
  const finer = planOf(`{name: s, dataset: example3, loss: logistic, seeds: 310,
    model: {hidden_layers: 1, width: [5, 9]}, learning_rate: {from: 1, to: 16, points: 65}}`);
  const gathered = new Gathered();
  viewed.views.follow("s", gathered);
  await viewed.views.cells("s");
  const { cellsCached } = await viewed.submit(finer);
  expect(cellsCached).toBe(SWEEP.cells);
  expect(gathered.plans).toHaveLength(1);
  const work = viewed.plan;
  expect(work.groups.length).toBeGreaterThan(finer.groups.length);
  const { states } = await viewed.views.cells("s");
  expect(states.filter((code) => code !== CELL.open)).toHaveLength(SWEEP.cells);
  const found = statesOf(work);
  expect(states.every((code, cell) => code === CELL.open || code === found[cell])).toBe(true);
  expect((await viewed.views.plan("s")).groups).toHaveLength(work.groups.length);
  await viewed.finish();
  expect(gathered.plans).toHaveLength(2);
  expect((await viewed.views.cells("s")).states).toEqual(statesOf(finer));
  expect((await viewed.views.plan("s")).groups).toHaveLength(finer.groups.length);
});

test("what is asked while parts have gone and the merge is not known yet waits for that", async () => {
  viewed = await ViewedSweep.open(temporaryFolder(), SWEEP, endingAs(verdict));
  const { storage, views } = viewed;
  let goOn = () => {};
  const gate = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  let isHeld = false;
  const removeParts = storage.removeParts.bind(storage);
  storage.removeParts = async (files) => {
    await removeParts(files);
    isHeld = true;
    await gate;
  };
  viewed.register();
  const finished = viewed.finish();
  await until(() => isHeld);
  expect(viewed.state).toBe("merging");
  const { shape_group } = SWEEP.groups[0]!;
  const answers = Promise.all([
    views.cells("s"),
    views.cell("s", 77),
    views.measures("s", shape_group),
  ]);
  let isAnswered = false;
  answers.then(() => {
    isAnswered = true;
  });
  await views.plan("s");
  await until(() => true);
  expect(isAnswered).toBe(false);
  goOn();
  await finished;
  const [{ states }, { row }, { cells }] = await answers;
  expect(states).toEqual(statesOf(SWEEP));
  expect(row).toMatchObject({ cell: 77 });
  expect(cells).toHaveLength(33);
});
