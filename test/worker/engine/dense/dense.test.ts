import { beforeAll, describe, expect, test } from "vitest";
import { BUILTIN_DATASETS } from "../../../../shared/datasets.ts";
import { LOSSES } from "../../../../shared/losses.ts";
import { PHASES } from "../../../../shared/phases.ts";
import { separableDataset } from "../../../../shared/separable_data.ts";
import { denseEngine } from "../../../../worker/engine/dense/dense.ts";
import type { Tfjs } from "../../../../worker/engine/dense/tfjs.ts";
import { openWasm } from "../../../../worker/engine/dense/wasm.ts";
import type { Engine } from "../../../../worker/engine/engine.ts";
import { gramEngine } from "../../../../worker/engine/gram.ts";
import { traceCell } from "../../../../worker/engine/reference_cell.ts";
import { expectRelative } from "../golden_fixture.ts";
import { EXAMPLE4, shapeOf, train } from "./dense_fixture.ts";

let tf: Tfjs;
let engine: Engine;

beforeAll(async () => {
  tf = await openWasm();
  engine = denseEngine(tf, "wasm");
});

describe("equals the reference", () => {
  for (const loss of LOSSES) {
    for (const hidden_layers of [0, 1, 2, 3]) {
      for (const bias of [{}, { bias_variance: 0.3 }]) {
        const biased = "bias_variance" in bias;
        test(`${loss}, ${hidden_layers} hidden layers${biased ? ", biases" : ""}`, async () => {
          const width = hidden_layers === 0 ? null : 6;
          const scale = hidden_layers === 0 ? {} : { input_scale: 0.7 };
          const shape = shapeOf({ loss, hidden_layers, width, ...bias, ...scale, engine: "dense" });
          const columns = await train(engine, shape, [1, 2], [0.02, 0.1]);
          for (const [cell, [seed, rate]] of [
            [1, 0.02],
            [1, 0.1],
            [2, 0.02],
            [2, 0.1],
          ].entries()) {
            const expected = traceCell(shape, seed!, rate!);
            const [start, end] = expected.snapshots;
            expect(PHASES[columns.phase[cell]!]).toBe(expected.phase);
            expect(columns.horizon_steps[cell]).toBe(expected.horizon_steps);
            if (expected.phase === "divergent") continue;
            expectRelative(columns.loss_initial[cell]!, expected.losses[0]!, 2e-6);
            expectRelative(columns.loss_final[cell]!, expected.losses[shape.steps]!, 1e-4);
            expectRelative(columns.ntk_initial[cell]!, start!.ntk, 1e-5);
            expectRelative(columns.hessian_initial[cell]!, start!.hessian, 1e-5);
            expectRelative(columns.ntk_final[cell]!, end!.ntk, 1e-4);
            expectRelative(columns.hessian_final[cell]!, end!.hessian, 1e-3);
          }
        });
      }
    }
  }
});

test("equals the reference where matrices are large, and lanes few", async () => {
  const dataset = separableDataset({ samples: 90, features: 140, margin: 0.5, seed: 1 });
  const shape = shapeOf({ dataset, width: 130, bias_variance: 0.1, steps: 150, measure: [] });
  const together = await train(engine, shape, [1, 2], [0.002, 0.01]);
  const alone = await train(engine, shape, [2], [0.01]);
  const expected = traceCell({ ...shape, steps: 150 }, 2, 0.01);
  for (const loss of [together.loss_final[3]!, alone.loss_final[0]!]) {
    expectRelative(loss, expected.losses[150]!, 1e-4);
  }
});

test("equals the gram engine on data of rank one", async () => {
  for (const name of ["example1", "example3"]) {
    for (const hidden_layers of [0, 1]) {
      const width = hidden_layers === 0 ? null : 1;
      const dataset = BUILTIN_DATASETS.find((candidate) => candidate.name === name)!;
      const shape = shapeOf({ dataset, hidden_layers, width, steps: 50, loss: "squared" });
      for (const rates of [[0.4], [0.1, 0.2]]) {
        const expected = await train(gramEngine, shape, [1, 2], rates);
        const actual = await train(engine, { ...shape, engine: "dense" }, [1, 2], rates);
        for (const cell of expected.phase.keys()) {
          expect(actual.phase[cell]).toBe(expected.phase[cell]);
          for (const column of ["loss_final", "weight_norm", "hessian_final"] as const) {
            expectRelative(actual[column][cell]!, expected[column][cell]!, 1e-4, 1e-2);
          }
        }
      }
    }
  }
});

test("equals the gram engine, column by column, over all phases", async () => {
  for (const hidden_layers of [0, 1]) {
    const width = hidden_layers === 0 ? null : 30;
    const shape = shapeOf({ dataset: EXAMPLE4, hidden_layers, width, steps: 60 });
    const rates = [0.5, 2, 5, 12, 20, 200];
    const expected = await train(gramEngine, shape, [1, 2, 3], rates);
    const actual = await train(engine, { ...shape, engine: "dense" }, [1, 2, 3], rates);
    expect(new Set(expected.phase).size).toBeGreaterThan(hidden_layers === 0 ? 1 : 2);
    expect([...actual.phase]).toEqual([...expected.phase]);
    for (const [cell, diverged] of expected.diverged_at.entries()) {
      for (const name of ["loss_initial", "ntk_initial", "hessian_initial"] as const) {
        expectRelative(actual[name][cell]!, expected[name][cell]!, 1e-5);
      }
      if (diverged >= 0) {
        expect(Math.abs(actual.diverged_at[cell]! - diverged)).toBeLessThanOrEqual(1);
        continue;
      }
      // Between the edges trajectories are not chaotic; a catapult magnifies rounding a little.
      for (const name of ["loss_max", "weight_norm", "ntk_final"] as const) {
        expectRelative(actual[name][cell]!, expected[name][cell]!, 1e-3);
      }
    }
  }
});
