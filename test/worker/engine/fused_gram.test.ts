import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { systemClock } from "../../../shared/clock.ts";
import { BUILTIN_DATASETS } from "../../../shared/datasets.ts";
import { LOSSES } from "../../../shared/losses.ts";
import { DIVERGENT, UNSETTLED } from "../../../shared/phases.ts";
import { separableDataset } from "../../../shared/separable_data.ts";
import type { Shape } from "../../../shared/shape_group.ts";
import { openWebGpu, type WebGpuDevice } from "../../../worker/device/webgpu.ts";
import { fusedGramEngine } from "../../../worker/engine/fused/fused_gram.ts";
import { gramEngine } from "../../../worker/engine/gram.ts";
import { noDeviceBecause, SOFTWARE_GPU } from "../../software_gpu.ts";

const SHAPE: Shape = {
  dataset: BUILTIN_DATASETS.find(({ name }) => name === "example4")!,
  hidden_layers: 1,
  width: 100,
  weight_variance: 0.5,
  initial_weights: null,
  loss: "logistic",
  output_learning_rate: { ratio: 1 },
  steps: 100,
  drop: null,
  measure: ["ntk", "hessian"],
  trajectory_every: null,
};

const RANK_THREE = separableDataset({ samples: 12, features: 3, margin: 0.4, seed: 5 });

let opened: WebGpuDevice;

describe.skipIf(noDeviceBecause !== undefined)("the fused shader", () => {
  beforeAll(async () => {
    Object.assign(process.env, SOFTWARE_GPU);
    opened = await openWebGpu(undefined);
  });
  afterAll(() => opened?.device.destroy());

  const cases: Partial<Shape>[] = [
    ...LOSSES.map((loss) => ({ loss })),
    ...LOSSES.map((loss) => ({ loss, hidden_layers: 0, width: null }) as const),
    ...LOSSES.map((loss) => ({ loss, dataset: BUILTIN_DATASETS[3]! })),
    { dataset: RANK_THREE },
    { dataset: RANK_THREE, loss: "exponential" },
    { width: "infinite" },
    { width: 1_000_000 },
    { output_learning_rate: { ratio: 0.25 } },
    { drop: { at: 30, factor: 0.1 } },
    { drop: { at: 99, to: 0.01 } },
    { input_scale: 0.5 },
    { steps: 1 },
    { steps: 7 },
    { dataset: { ...SHAPE.dataset, test: { X: [[1, 2]], y: [1] } } },
  ];
  test.each(cases)("agrees with float64, case %#", async (changes) => {
    const shape: Shape = { ...SHAPE, ...changes };
    const { seeds, learning_rates } = grid(8, 64, 0.05, 100);
    const fused = await fusedGramEngine(opened.device, systemClock).run({
      shape,
      seeds,
      learning_rates,
    });
    const exact = gramEngine.run({ shape, seeds, learning_rates });

    let same = 0;
    let worst = 0;
    for (let i = 0; i < seeds.length; i++) {
      expect(fused.loss_initial[i]).toBeCloseTo(exact.loss_initial[i]!, 4);
      expect(fused.ntk_initial[i]).toBe(exact.ntk_initial[i]);
      if (fused.phase[i] !== exact.phase[i]) continue;
      same++;
      expect(fused.horizon_steps[i]! % (shape.steps as number)).toBe(0);
      if (exact.phase[i] === DIVERGENT || exact.phase[i] === UNSETTLED) continue;
      // Runs that oscillate at the horizon amplify the rounding of every step.
      if (exact.last_increase_step[i]! >= 0) continue;
      worst = Math.max(worst, Math.abs(fused.ntk_final[i]! / exact.ntk_final[i]! - 1));
    }
    expect(same / seeds.length).toBeGreaterThan(0.96);
    expect(worst).toBeLessThan(1e-3);
  });

  test("a cell has the same bits in any batch", async () => {
    const engine = fusedGramEngine(opened.device, systemClock);
    const { seeds, learning_rates } = grid(3, 40, 1, 60);
    const whole = await engine.run({ shape: SHAPE, seeds, learning_rates });
    for (const cell of [0, 17, 79, 119]) {
      const alone = await engine.run({
        shape: SHAPE,
        seeds: seeds.slice(cell, cell + 1),
        learning_rates: learning_rates.slice(cell, cell + 1),
      });
      for (const [name, column] of Object.entries(alone)) {
        expect(column[0], name).toBe(whole[name as keyof typeof whole][cell]);
      }
    }
  });

  test("an unsettled run is carried on to 64 times its horizon", async () => {
    // A linear predictor on opposite labels ends on an orbit ±w* above its start (Theorem 1).
    const dataset = BUILTIN_DATASETS[0]!;
    const shape: Shape = { ...SHAPE, dataset, hidden_layers: 0, width: null };
    const { seeds, learning_rates } = grid(4, 16, 1, 60);
    const fused = await fusedGramEngine(opened.device, systemClock).run({
      shape,
      seeds,
      learning_rates,
    });
    const exact = gramEngine.run({ shape, seeds, learning_rates });
    expect([...new Set(exact.horizon_steps)].length).toBeGreaterThan(1);
    const same = exact.horizon_steps.filter((steps, i) => steps === fused.horizon_steps[i]);
    expect(same.length).toBeGreaterThan(60);
  });

  test("a batch that the device has no memory for is trained in halves", async () => {
    const { seeds, learning_rates } = grid(2, 20, 1, 60);
    const sizes: number[] = [];
    const small = withLittleMemory(opened.device, 16, sizes);
    const halved = await fusedGramEngine(small, systemClock).run({
      shape: SHAPE,
      seeds,
      learning_rates,
    });
    expect(sizes).toEqual([40, 20, 10, 10, 20, 10, 10]);
    const whole = await fusedGramEngine(opened.device, systemClock).run({
      shape: SHAPE,
      seeds,
      learning_rates,
    });
    expect(halved).toEqual(whole);
  });

  test("takes no trajectories and no data of high rank", () => {
    const engine = fusedGramEngine(opened.device, systemClock);
    expect(engine.supports(SHAPE)).toBe(true);
    expect(engine.supports({ ...SHAPE, trajectory_every: 5 })).toBe(false);
    const wide = separableDataset({ samples: 30, features: 20, margin: 1, seed: 1 });
    expect(engine.supports({ ...SHAPE, dataset: wide })).toBe(false);
  });
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

/** A device that tells of an error when buffers for more lanes than `most` are made. */
function withLittleMemory(device: GPUDevice, most: number, sizes: number[]): GPUDevice {
  let exceeded = false;
  let made = 0;
  return new Proxy(device, {
    get(target, name) {
      if (name === "createBuffer") {
        return (descriptor: GPUBufferDescriptor) => {
          const isLanes = descriptor.usage === (GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST);
          // Of the two buffers of that kind the list of lanes is the second.
          if (isLanes && ++made % 2 === 0) {
            sizes.push(descriptor.size / 4);
            if (descriptor.size / 4 > most) exceeded = true;
          }
          return target.createBuffer(descriptor);
        };
      }
      if (name === "popErrorScope") {
        return async () => {
          const error = await target.popErrorScope();
          const told = exceeded ? ({ message: "out of memory" } as GPUError) : error;
          exceeded = false;
          return told;
        };
      }
      const value = Reflect.get(target, name, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
