import { BUILTIN_DATASETS, type Dataset } from "../../../../shared/datasets.ts";
import { allocateTrajectories, type ResultColumns } from "../../../../shared/result_columns.ts";
import { separableDataset } from "../../../../shared/separable_data.ts";
import type { Shape } from "../../../../shared/shape_group.ts";
import { openTfjsWebGpu } from "../../../../worker/device/tfjs_webgpu.ts";
import { openWebGpu } from "../../../../worker/device/webgpu.ts";
import type { Tfjs } from "../../../../worker/engine/dense/tfjs.ts";
import { openWasm } from "../../../../worker/engine/dense/wasm.ts";
import type { Engine } from "../../../../worker/engine/engine.ts";
import { noDeviceBecause, SOFTWARE_GPU } from "../../../software_gpu.ts";

/** The backends of tfjs that the dense engine is tested on. */
export const TESTED = [
  { backend: "wasm", missing: undefined, open: openWasm },
  { backend: "webgpu", missing: noDeviceBecause, open: openSoftwareGpu },
] as const;

async function openSoftwareGpu(): Promise<Tfjs> {
  Object.assign(process.env, SOFTWARE_GPU);
  return openTfjsWebGpu(await openWebGpu(undefined));
}

export const EXAMPLE4 = BUILTIN_DATASETS.find(({ name }) => name === "example4")!;

/** More samples than one row of the two-stage sum, features of rank d. */
export const SEPARABLE: Dataset = separableDataset({
  samples: 11,
  features: 5,
  margin: 0.1,
  seed: 3,
});

export function shapeOf(changes: Partial<Shape>): Shape & { readonly steps: number } {
  return {
    dataset: SEPARABLE,
    hidden_layers: 2,
    width: 6,
    weight_variance: 0.8,
    initial_weights: null,
    loss: "logistic",
    output_learning_rate: { ratio: 1 },
    steps: 40,
    drop: null,
    measure: ["ntk", "hessian"],
    trajectory_every: null,
    ...changes,
  } as Shape & { readonly steps: number };
}

export function train(
  engine: Engine,
  shape: Shape,
  seeds: readonly number[],
  rates: readonly number[],
): Promise<ResultColumns> | ResultColumns {
  const cells = seeds.flatMap((seed) => rates.map((rate) => ({ seed, rate })));
  const trajectories = allocateTrajectories(shape, cells.length);
  return engine.run({
    shape,
    seeds: Float64Array.from(cells, ({ seed }) => seed),
    learning_rates: Float64Array.from(cells, ({ rate }) => rate),
    ...(trajectories === undefined ? {} : { trajectories }),
  });
}
