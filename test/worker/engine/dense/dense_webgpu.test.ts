import { beforeAll, describe, expect, test } from "vitest";
import { LOSSES } from "../../../../shared/losses.ts";
import { PHASES } from "../../../../shared/phases.ts";
import { denseEngine } from "../../../../worker/engine/dense/dense.ts";
import type { Engine } from "../../../../worker/engine/engine.ts";
import { gramEngine } from "../../../../worker/engine/gram.ts";
import { traceCell } from "../../../../worker/engine/reference_cell.ts";
import { expectRelative } from "../golden_fixture.ts";
import { EXAMPLE4, shapeOf, TESTED, train } from "./dense_fixture.ts";

// Fewer cases than in WebAssembly: compiling the shaders of one takes seconds in software.

const { backend, missing, open } = TESTED[1];

describe.skipIf(missing !== undefined)("the dense engine on WebGPU", () => {
  let engine: Engine;

  beforeAll(async () => {
    engine = denseEngine(await open(), backend);
  });

  test.each(LOSSES)(
    "equals the reference: two hidden layers with biases, %s loss",
    async (loss) => {
      const shape = shapeOf({ loss, bias_variance: 0.3, input_scale: 0.7, measure: ["ntk"] });
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
        if (expected.phase === "divergent") continue;
        expectRelative(columns.loss_initial[cell]!, expected.losses[0]!, 2e-6);
        expectRelative(columns.loss_final[cell]!, expected.losses[shape.steps]!, 1e-4);
        expectRelative(columns.ntk_initial[cell]!, start!.ntk, 1e-5);
        expectRelative(columns.ntk_final[cell]!, end!.ntk, 1e-4);
      }
    },
  );

  test("a run that diverges takes no other with it", async () => {
    const shape = shapeOf({
      ...{ dataset: EXAMPLE4, hidden_layers: 1, width: 30, steps: 60, measure: ["ntk"] },
    });
    const rates = [0.5, 2, 5, 12, 20, 200];
    const expected = await train(gramEngine, shape, [1, 2, 3], rates);
    const actual = await train(engine, { ...shape, engine: "dense" }, [1, 2, 3], rates);
    expect(new Set(expected.phase).size).toBeGreaterThan(2);
    expect([...actual.phase]).toEqual([...expected.phase]);
    for (const [cell, diverged] of expected.diverged_at.entries()) {
      if (diverged >= 0) {
        expect(Math.abs(actual.diverged_at[cell]! - diverged)).toBeLessThanOrEqual(1);
        continue;
      }
      for (const name of ["loss_max", "weight_norm", "ntk_final"] as const) {
        expectRelative(actual[name][cell]!, expected[name][cell]!, 1e-3);
      }
    }
  });
});
