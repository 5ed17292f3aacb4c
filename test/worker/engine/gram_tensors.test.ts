import { beforeAll, describe, expect, test } from "vitest";
import { BUILTIN_DATASETS, type Dataset } from "../../../shared/datasets.ts";
import { LOSSES } from "../../../shared/losses.ts";
import { float32Class } from "../../../shared/numeric_class.ts";
import { DIVERGENT, LAZY, UNSETTLED } from "../../../shared/phases.ts";
import { allocateTrajectories } from "../../../shared/result_columns.ts";
import { separableDataset } from "../../../shared/separable_data.ts";
import type { Shape } from "../../../shared/shape_group.ts";
import type { Tfjs } from "../../../worker/engine/dense/tfjs.ts";
import { CPU_ENGINES, engineFor } from "../../../worker/engine/engines.ts";
import { gramEngine } from "../../../worker/engine/gram.ts";
import { gramTensorEngine } from "../../../worker/engine/gram_tensors/gram_tensors.ts";
import { EXAMPLE4, shapeOf, TESTED } from "./dense/dense_fixture.ts";
import { expectRelative } from "./golden_fixture.ts";

const SHAPE: Shape = shapeOf({ dataset: EXAMPLE4, hidden_layers: 1, width: 100, steps: 100 });

const ofRank = (features: number): Dataset =>
  separableDataset({ samples: 12, features, margin: 0.4, seed: 5 });
/** More samples than are added up at once. */
const MANY = separableDataset({ samples: 150, features: 3, margin: 0.2, seed: 9 });
/** Rank 40. */
const WIDE = separableDataset({ samples: 50, features: 40, margin: 0.5, seed: 4 });
const TEST = {
  X: [
    [1, 2],
    [-1, 0.5],
  ],
  y: [1, -1],
};

/** Runs at the horizon of which rounding was not amplified: the loss has fallen at every step. */
async function expectAgreement(
  tf: Tfjs,
  backend: (typeof TESTED)[number]["backend"],
  changes: Partial<Shape>,
  cells = grid(6, 40, 0.05, 100),
): Promise<void> {
  const shape: Shape = { ...SHAPE, ...changes };
  const before = tf.memory().numTensors;
  const actual = await gramTensorEngine(tf, backend).run({ shape, ...cells });
  expect(tf.memory().numTensors).toBe(before);
  const exact = gramEngine.run({ shape, ...cells });
  const count = cells.seeds.length;
  let same = 0;
  for (let i = 0; i < count; i++) {
    expectRelative(actual.loss_initial[i]!, exact.loss_initial[i]!, 1e-5);
    expect(actual.ntk_initial[i]).toBe(exact.ntk_initial[i]);
    expect(actual.hessian_initial[i]).toBe(exact.hessian_initial[i]);
    if (actual.phase[i] !== exact.phase[i]) continue;
    same++;
    if (exact.phase[i] === DIVERGENT) {
      // The step of an overflow follows the range of float32; those of a state too large do not.
      expect(actual.diverged_at[i]!).toBeLessThanOrEqual(exact.diverged_at[i]! + 3);
    }
    if (exact.phase[i] !== LAZY) continue;
    expect(actual.horizon_steps[i]).toBe(exact.horizon_steps[i]);
    expect(actual.loss_max_step[i]).toBe(exact.loss_max_step[i]);
    for (const name of ["ntk_final", "weight_norm", "hessian_final", "loss_max"] as const) {
      expectRelative(actual[name][i]!, exact[name][i]!, 1e-3);
    }
    // A squared loss is no better than the square of what f is rounded by.
    expectRelative(actual.loss_final[i]!, exact.loss_final[i]!, 1e-3, 1e-4);
    if (shape.dataset.test !== undefined) {
      expect(actual.test_accuracy[i]).toBe(exact.test_accuracy[i]);
    }
  }
  expect(same / count).toBeGreaterThan(0.95);
}

describe("gram as tensor operations in WebAssembly", () => {
  let tf: Tfjs;
  beforeAll(async () => {
    tf = await TESTED[0].open();
  });

  const cases: Partial<Shape>[] = [
    ...LOSSES.map((loss) => ({ loss })),
    ...LOSSES.map((loss) => ({ loss, hidden_layers: 0, width: null }) as const),
    ...[1, 3, 4, 5].flatMap((rank) =>
      LOSSES.map((loss) => ({ loss, dataset: rank === 1 ? BUILTIN_DATASETS[0]! : ofRank(rank) })),
    ),
    { dataset: MANY },
    { width: "infinite" },
    { width: 1_000_000 },
    { width: "infinite", loss: "squared" },
    { output_learning_rate: { ratio: 0.25 } },
    { output_learning_rate: { fixed: 0.1 } },
    { drop: { at: 30, factor: 0.1 } },
    { drop: { at: 99, to: 0.01 } },
    { drop: { at: 32, to: 0.01 } },
    { input_scale: 0.5 },
    { steps: 1 },
    { steps: 7 },
    { dataset: { ...EXAMPLE4, test: TEST } },
  ];
  test.each(cases)("agrees with float64, case %#", (changes) =>
    expectAgreement(tf, "wasm", changes),
  );

  test("takes data of high rank", () =>
    expectAgreement(tf, "wasm", { dataset: WIDE, steps: 30 }, grid(2, 8, 0.05, 20)));

  test("holds schedules of each cell's own", () =>
    expectAgreement(
      tf,
      "wasm",
      {
        steps: { physical_time: 12, extra_steps: 9 },
        drop: { at: "physical_time", factor: 0.1 },
      },
      grid(3, 12, 0.1, 4),
    ));

  test("carries unsettled runs on to 64 times their horizon", async () => {
    // A linear predictor on opposite labels ends on an orbit ±w* above its start (Theorem 1).
    const dataset = BUILTIN_DATASETS[0]!;
    const shape: Shape = { ...SHAPE, dataset, hidden_layers: 0, width: null };
    const cells = grid(4, 16, 1, 60);
    const actual = await gramTensorEngine(tf, "wasm").run({ shape, ...cells });
    const exact = gramEngine.run({ shape, ...cells });
    expect(exact.phase).toContain(UNSETTLED);
    const same = exact.horizon_steps.filter((steps, i) => steps === actual.horizon_steps[i]);
    expect(same.length).toBeGreaterThan(60);
    for (const [i, increases] of exact.increases.entries()) {
      if (exact.phase[i] === UNSETTLED) continue;
      expect(actual.increases[i]! > 0).toBe(increases > 0);
    }
  });

  test.each([{ trajectory_every: 1 }, { trajectory_every: 4 }, { trajectory_every: 25 }])(
    "records trajectories: $trajectory_every",
    async (changes) => {
      const shape: Shape = { ...SHAPE, ...changes, steps: 50 };
      const cells = grid(2, 10, 0.5, 90);
      const count = cells.seeds.length;
      const [ours, theirs] = [0, 1].map(() => allocateTrajectories(shape, count)!);
      const actual = await gramTensorEngine(tf, "wasm", { chunk_steps: 8 }).run({
        ...{ shape, ...cells, trajectories: ours! },
      });
      const exact = gramEngine.run({ shape, ...cells, trajectories: theirs! });
      expect(exact.phase).toContain(DIVERGENT);
      for (let i = 0; i < count; i++) {
        if (actual.diverged_at[i] === exact.diverged_at[i]) {
          expect(ours!.counts[i]).toBe(theirs!.counts[i]);
        }
        if (exact.phase[i] !== LAZY) continue;
        for (let k = i * ours!.points; k < i * ours!.points + ours!.counts[i]!; k++) {
          for (const name of ["loss", "ntk", "hessian"] as const) {
            expectRelative(ours![name]![k]!, theirs![name]![k]!, 1e-3);
          }
        }
      }
    },
  );

  test("a cell's numbers do not depend on the batch or the length of a chunk", async () => {
    const cells = grid(3, 40, 1, 60);
    const whole = await gramTensorEngine(tf, "wasm").run({ shape: SHAPE, ...cells });
    const chunked = gramTensorEngine(tf, "wasm", { chunk_steps: 7 });
    const other = await chunked.run({ shape: SHAPE, ...cells });
    let differ = 0;
    for (const [name, column] of Object.entries(whole)) {
      const again = other[name as keyof typeof other];
      differ += [...column].filter((value, i) => !Object.is(value, again[i])).length;
    }
    expect(differ / (whole.phase.length * Object.keys(whole).length)).toBeLessThan(0.05);
  });

  test("has what gram holds in the class of the backend, and dense the rest", () => {
    const float32 = float32Class("wasm");
    expect(engineFor(CPU_ENGINES, SHAPE, float32).name).toBe("gram-tensors");
    const asked: Shape = { ...SHAPE, engine: "dense" };
    expect(engineFor(CPU_ENGINES, asked, float32).name).toBe("dense");
    expect(engineFor(CPU_ENGINES, { ...SHAPE, hidden_layers: 2 }, float32).name).toBe("dense");
  });
});

const { missing, open } = TESTED[1];

describe.skipIf(missing !== undefined)("gram as tensor operations on WebGPU", () => {
  let tf: Tfjs;
  beforeAll(async () => {
    tf = await open();
  });

  const cases: Partial<Shape>[] = [
    ...LOSSES.map((loss) => ({ loss, steps: 60 })),
    { width: "infinite", loss: "exponential", dataset: ofRank(3), steps: 40 },
  ];
  test.each(cases)("agrees with float64, case %#", (changes) =>
    expectAgreement(tf, "webgpu", changes, grid(3, 24, 0.05, 100)),
  );
});

function grid(seeds: number, rates: number, from: number, to: number) {
  const cells = seeds * rates;
  return {
    seeds: Float64Array.from({ length: cells }, (_, i) => Math.floor(i / rates)),
    learning_rates: Float64Array.from(
      { length: cells },
      (_, i) => from * (to / from) ** ((i % rates) / (rates - 1)),
    ),
  };
}
