import { beforeAll, describe, expect, test } from "vitest";
import { allocateTrajectories } from "../../../../shared/result_columns.ts";
import { scheduleOf } from "../../../../shared/schedule.ts";
import { denseEngine } from "../../../../worker/engine/dense/dense.ts";
import type { Tfjs } from "../../../../worker/engine/dense/tfjs.ts";
import { openWasm } from "../../../../worker/engine/dense/wasm.ts";
import { gramEngine } from "../../../../worker/engine/gram.ts";
import { traceCell } from "../../../../worker/engine/reference_cell.ts";
import { expectRelative } from "../golden_fixture.ts";
import { EXAMPLE4, SEPARABLE, shapeOf, train } from "./dense_fixture.ts";

let tf: Tfjs;

beforeAll(async () => {
  tf = await openWasm();
});

const RATES = [0.05, 0.2, 2, 4, 40, 0.1];
const TEST = { X: SEPARABLE.X.map((row) => row.map((value) => value + 0.4)), y: SEPARABLE.y };
const SHAPE = shapeOf({ dataset: { ...SEPARABLE, test: TEST }, bias_variance: 0.1, steps: 50 });

function expectSame(
  actual: Awaited<ReturnType<typeof train>>,
  expected: Awaited<ReturnType<typeof train>>,
  cells: readonly (readonly [number, number])[],
) {
  for (const [mine, other] of cells) {
    expect(actual.phase[mine]).toBe(expected.phase[other]);
    expect(actual.diverged_at[mine]).toBe(expected.diverged_at[other]);
    for (const name of ["loss_initial", "ntk_initial", "hessian_initial"] as const) {
      expectRelative(actual[name][mine]!, expected[name][other]!, 1e-5);
    }
    const settled = expected.diverged_at[other]! < 0;
    for (const name of ["loss_final", "weight_norm", "ntk_final", "hessian_final"] as const) {
      const [a, b] = [actual[name][mine]!, expected[name][other]!];
      expect(Number.isFinite(a)).toBe(Number.isFinite(b));
      if (settled) expectRelative(a, b, 1e-3);
    }
    expect(Math.abs(actual.test_accuracy[mine]! - expected.test_accuracy[other]!)).toBeLessThan(
      settled ? 0.1 : 1.1,
    );
  }
}

describe("a cell's numbers", () => {
  test("do not depend on the batch, its order or the length of a chunk", async () => {
    const whole = await train(denseEngine(tf, "wasm"), SHAPE, [1, 2], RATES);
    expect(new Set(whole.phase).size).toBeGreaterThan(2);
    const alone = denseEngine(tf, "wasm", { chunk_steps: 1 });
    for (const [i, rate] of RATES.entries()) {
      expectSame(await train(alone, SHAPE, [2], [rate]), whole, [[0, RATES.length + i]]);
    }
    const chunk = denseEngine(tf, "wasm", { chunk_steps: 7, memory_bytes: 1 });
    const rates = [...RATES].reverse();
    const cells = rates.map((_, i) => [i, RATES.length - 1 - i] as const);
    expectSame(await train(chunk, SHAPE, [1], rates), whole, cells);
  });

  test("are those of the horizon T where the phase takes longer to tell", async () => {
    const shape = shapeOf({ dataset: EXAMPLE4, hidden_layers: 1, width: 8, steps: 20 });
    const rates = Array.from({ length: 12 }, (_, i) => 6 + 3 * i);
    const expected = await train(gramEngine, shape, [1, 2], rates);
    expect(Math.max(...expected.horizon_steps)).toBeGreaterThan(20);
    const actual = await train(
      denseEngine(tf, "wasm"),
      { ...shape, engine: "dense" },
      [1, 2],
      rates,
    );
    let extended = 0;
    for (const [cell, horizon] of expected.horizon_steps.entries()) {
      // Where runs are chaotic float32 may end elsewhere; those that agree must agree in all.
      if (actual.horizon_steps[cell] !== horizon) continue;
      if (horizon > 20) extended++;
      if (expected.diverged_at[cell]! < 0 || expected.diverged_at[cell]! > 20) {
        expectRelative(actual.loss_max[cell]!, expected.loss_max[cell]!, 5e-3);
      }
    }
    expect(extended).toBeGreaterThan(0);
  });

  test("are recorded along the way", async () => {
    const shape = shapeOf({ trajectory_every: 4, steps: 22 });
    const trajectories = allocateTrajectories(shape, 2)!;
    const batch = { shape, seeds: Float64Array.of(3, 3), learning_rates: Float64Array.of(0.1, 90) };
    const columns = await denseEngine(tf, "wasm").run({ ...batch, trajectories });
    const expected = traceCell(shape, 3, 0.1);
    expect(trajectories.counts[0]).toBe(6);
    for (let i = 0; i < 6; i++) {
      expectRelative(trajectories.loss[i]!, expected.losses[4 * i]!, 1e-4);
    }
    expectRelative(trajectories.ntk![0]!, expected.snapshots[0]!.ntk, 1e-4);
    expectRelative(trajectories.hessian![0]!, expected.snapshots[0]!.hessian, 1e-4);
    expect(columns.diverged_at[1]).toBeGreaterThan(0);
    expect(trajectories.counts[1]).toBe(Math.floor(columns.diverged_at[1]! / 4) + 1);
  });

  test("follow schedules of their own, and a rate of their own for the output", async () => {
    const shape = shapeOf({
      dataset: EXAMPLE4,
      hidden_layers: 1,
      width: 10,
      input_scale: 0.8,
      steps: { physical_time: 12, extra_steps: 9 },
      drop: { at: "physical_time", factor: 0.1 },
      output_learning_rate: { ratio: 0.5 },
    });
    const rates = [0.3, 1.1, 2.6];
    const expected = await train(gramEngine, shape, [4, 5], rates);
    const actual = await train(
      denseEngine(tf, "wasm"),
      { ...shape, engine: "dense" },
      [4, 5],
      rates,
    );
    for (const [cell, rate] of [...rates, ...rates].entries()) {
      expect(actual.horizon_steps[cell]).toBe(scheduleOf(shape, rate).steps);
      expect(actual.phase[cell]).toBe(expected.phase[cell]);
      for (const name of ["loss_final", "gradient_norm", "weight_norm", "ntk_final"] as const) {
        expectRelative(actual[name][cell]!, expected[name][cell]!, 1e-3);
      }
    }
  });
});

test("deep nets with schedules, output rates and test data are as in the reference", async () => {
  const shape = shapeOf({
    dataset: { ...SEPARABLE, test: TEST },
    hidden_layers: 3,
    bias_variance: 0.2,
    steps: { physical_time: 2, extra_steps: 6 },
    drop: { at: "physical_time", to: 0.02 },
    output_learning_rate: { ratio: 3 },
  });
  const rates = [0.05, 0.11, 0.2];
  const actual = await train(denseEngine(tf, "wasm"), shape, [8], rates);
  for (const [cell, rate] of rates.entries()) {
    const expected = traceCell(shape, 8, rate);
    const { steps } = scheduleOf(shape, rate);
    const end = expected.snapshots[1]!;
    expect(end.step).toBe(steps);
    expect(actual.horizon_steps[cell]).toBe(steps);
    expectRelative(actual.loss_final[cell]!, end.loss, 1e-4);
    expectRelative(actual.ntk_final[cell]!, end.ntk, 1e-4);
    expectRelative(actual.hessian_final[cell]!, end.hessian, 1e-3);
    expect(actual.test_accuracy[cell]).toBeCloseTo(end.testAccuracy, 6);
  }
});

describe("the device's memory", () => {
  test("is free after a batch", async () => {
    const engine = denseEngine(tf, "wasm");
    await train(engine, SHAPE, [1], [0.1]);
    const before = tf.memory().numTensors;
    await train(engine, { ...SHAPE, trajectory_every: 5 }, [1, 2, 3], RATES);
    expect(tf.memory().numTensors).toBe(before);
  });

  test("may hold fewer runs than was thought", async () => {
    const expected = await train(denseEngine(tf, "wasm"), SHAPE, [1, 2], RATES);
    const before = tf.memory().numTensors;
    let refused = 0;
    const small = {
      ...tf,
      matMul(...[a, b, ...rest]: Parameters<Tfjs["matMul"]>) {
        if (
          typeof a === "object" &&
          "shape" in a &&
          a.shape[0]! > 4 &&
          a.shape.length === 2 &&
          a.shape[1] === 6
        ) {
          refused++;
          throw new Error("OOM when allocating tensor");
        }
        return tf.matMul(a, b, ...rest);
      },
    } as Tfjs;
    const actual = await train(denseEngine(small, "wasm"), SHAPE, [1, 2], RATES);
    expect(refused).toBe(2); // 12 lanes, then 6; 3 fit
    expectSame(
      actual,
      expected,
      [...expected.phase.keys()].map((i) => [i, i] as const),
    );
    expect(tf.memory().numTensors).toBe(before);
    const broken = {
      ...tf,
      sum: () => {
        throw new Error("broken");
      },
    } as unknown as Tfjs;
    await expect(async () => train(denseEngine(broken, "wasm"), SHAPE, [1], [1])).rejects.toThrow(
      "broken",
    );
    expect(tf.memory().numTensors).toBe(before);
  });
});
