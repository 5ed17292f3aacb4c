import { afterEach, describe, expect, test } from "vitest";
import trainCurve from "../../../../cli/dashboard/curve_task.ts";
import type { CellDetail } from "../../../../coordinator/dashboard/messages.ts";
import { recordingGroup } from "../../../../coordinator/dashboard/views/curves.ts";
import type {
  CurveEngine,
  TrainedCurve,
} from "../../../../coordinator/dashboard/views/view_source.ts";
import { PHASES, type Phase } from "../../../../shared/phases.ts";
import { RESULT_COLUMNS } from "../../../../shared/result_columns.ts";
import { buildPlan } from "../../../../shared/spec/build_plan.ts";
import { parseSweep } from "../../../../shared/spec/load.ts";
import { CPU_ENGINES } from "../../../../worker/engine/engines.ts";
import { computeShard, shardControl } from "../../../../worker/shard_task.ts";
import { temporaryFolder } from "../../../e2e/cli.ts";
import { type MakePart, ViewedSweep } from "./viewed_sweep.ts";

let viewed: ViewedSweep | undefined;
afterEach(async () => {
  await viewed?.close();
  viewed = undefined;
});

/** Parts as a worker computes them. */
const trained: MakePart = async (group, first_cell, cell_count) => {
  const task = { group, first_cell, cell_count, control: shardControl(cell_count) };
  return computeShard(task, { engines: CPU_ENGINES, slot: 0 });
};

/** In this thread, and the last of what it trained. */
class OwnThread implements CurveEngine {
  last: TrainedCurve | undefined;

  async train(...[group, start, results_folder]: Parameters<CurveEngine["train"]>) {
    this.last = await trainCurve({ group, start, results_folder });
    return this.last;
  }

  async close(): Promise<void> {}
}

async function open(sweep: string, curves: CurveEngine): Promise<ViewedSweep> {
  const plan = buildPlan(parseSweep(sweep, "test"));
  viewed = await ViewedSweep.open(temporaryFolder(), plan, trained, { curves });
  viewed.register();
  await viewed.finish();
  return viewed;
}

const BASE = "name: s, seeds: 2, learning_rate: {from: 1, to: 128, points: 15}";

describe("the curve of a cell is the run that its row is of, bit for bit", () => {
  test.each([
    [
      "one hidden layer",
      `{${BASE}, dataset: example3, loss: logistic, measure: [ntk],
      model: {hidden_layers: 1, width: 20}}`,
    ],
    [
      "the infinite width",
      `{${BASE}, dataset: example3, loss: squared,
      model: {hidden_layers: 1, width: infinite}}`,
    ],
    [
      "a linear predictor",
      `{${BASE}, dataset: example4, loss: exponential,
      model: {hidden_layers: 0}}`,
    ],
    [
      "a physical time and a drop",
      `{${BASE}, dataset: example3, loss: logistic,
      model: {hidden_layers: 1, width: 20},
      training: {steps: {physical_time: 300}, drop: {to: 0.5, extra_steps: 20}}}`,
    ],
  ])("%s", async (_, sweep) => {
    const curves = new OwnThread();
    const { views } = await open(sweep, curves);
    const { cells } = await views.plan("s");
    const phases = new Set<unknown>();
    for (let cell = 0; cell < cells; cell++) {
      const detail = await views.cell("s", cell);
      expect(detail.no_curve).toBe(null);
      const { values } = curves.last!.cell;
      for (const { name } of RESULT_COLUMNS) {
        // What the sweep did not measure is measured here.
        if (/ntk|hessian|test/.test(name) && detail.row![name] === null) continue;
        const value = name === "phase" ? PHASES[values.phase!] : values[name];
        expect(plain(value), `${name} of cell ${cell}`).toEqual(detail.row![name]);
      }
      expectEnds(detail);
      phases.add(detail.row!.phase);
    }
    expect(phases.size).toBeGreaterThan(1);
  });
});

test("recorded curves are those that training again gives", async () => {
  const sweep = `{${BASE}, dataset: example3, loss: logistic, measure: [ntk, hessian],
    model: {hidden_layers: 1, width: 20}, training: {steps: 40}, trajectory: {every: 1}}`;
  const curves = new OwnThread();
  const { views, storage } = await open(sweep, curves);
  expect(storage.resultsFolder("s")).toBeTruthy();
  for (const cell of [0, 9, 14, 20]) {
    const { curve, seed, learning_rate } = await views.cell("s", cell);
    expect(curve!.source).toBe("recorded");
    const group = recordingGroup(viewed!.plan.groups[0]!, learning_rate);
    const { cell: again } = await curves.train(group, { seed, learning_rate }, "");
    for (const [name, values] of Object.entries({
      loss: curve!.loss,
      ntk: curve!.ntk!,
      hessian: curve!.hessian!,
    })) {
      expect(again.lists[`${name}_trajectory`]!.map(finite)).toEqual(values);
    }
  }
});

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

function plain(value: number | Phase | null | undefined): unknown {
  return typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
}

/** A curve begins and ends where its row says. */
function expectEnds({ curve, row }: CellDetail): void {
  expect(curve!.source).toBe("trained");
  expect(curve!.numeric_class).toBe("float64-exact");
  expect(curve!.steps).toEqual(curve!.steps.map((_, i) => i));
  expect(curve!.loss[0]).toBe(row!.loss_initial);
  const isWhole = curve!.steps.length === (row!.steps as number) + 1;
  if (isWhole) expect(curve!.loss.at(-1)).toBe(finite(Number(row!.loss_final)));
  else expect(row!.phase).toBe("divergent");
}
