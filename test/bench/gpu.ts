import { systemClock } from "../../shared/clock.ts";
import { messageOf } from "../../shared/errors.ts";
import { ADAPTER_VARIABLE } from "../../worker/device/backends.ts";
import { openTfjsWebGpu } from "../../worker/device/tfjs_webgpu.ts";
import { openWebGpu, type WebGpuDevice } from "../../worker/device/webgpu.ts";
import { openWasm } from "../../worker/engine/dense/wasm.ts";
import type { Batch, Engine } from "../../worker/engine/engine.ts";
import { fusedGramEngine } from "../../worker/engine/fused/fused_gram.ts";
import { gramEngine } from "../../worker/engine/gram.ts";
import { gramTensorEngine } from "../../worker/engine/gram_tensors/gram_tensors.ts";
import { formatNumber, formatTable } from "./table.ts";
import { LEARNING_RATES, makeBatch, SHAPE } from "./workload.ts";

const SEEDS = 64;
const RATES_PER_SEED = 256;
/** Beyond the first all phases occur, and some runs are carried on to 64 T. */
const GRIDS = [LEARNING_RATES, [1, 60]] as const;
/** Of tensors on a software device, where an operation takes milliseconds however few runs it is for. */
const SOFTWARE_SEEDS = 1;
/** Shaders compile before the clock runs. */
const WARM_STEPS = 5;

interface Row {
  readonly name: string;
  readonly seeds: number;
  /** On each of the grids. */
  readonly runs_per_second: readonly number[];
  /** Share of the runs with the phase that float64 gives them, likewise. */
  readonly same_phase: readonly number[];
}

export interface GpuReport {
  /** The device of WebGPU in words, or why there is none. */
  readonly device: string;
  readonly rows: readonly Row[];
}

/** The recurrence on WebGPU and as tensors beside the CPU kernel, on the same grids. */
export async function benchGpu(now_ms: () => number): Promise<GpuReport> {
  const grids = GRIDS.map((rates) => makeBatch(SHAPE, 0, SEEDS, RATES_PER_SEED, rates));
  const exact = grids.map((grid) => gramEngine.run(grid).phase);
  const rows: Row[] = [];
  const measure = async (name: string, engine: Engine, seeds = SEEDS) => {
    const runs_per_second: number[] = [];
    const same_phase: number[] = [];
    for (const [i, whole] of grids.entries()) {
      const runs = seeds * RATES_PER_SEED;
      const grid = slice(whole, 0, runs);
      await phasesOf(engine, { ...grid, shape: { ...grid.shape, steps: WARM_STEPS } });
      const began = now_ms();
      const phases = await phasesOf(engine, grid);
      runs_per_second.push((1000 * runs) / (now_ms() - began));
      same_phase.push(phases.filter((phase, cell) => phase === exact[i]![cell]).length / runs);
    }
    rows.push({ name, seeds, runs_per_second, same_phase });
  };
  await measure("CPU kernel, float64", gramEngine);
  await measure("gram tensors, wasm", gramTensorEngine(openWasm, "wasm"));
  const opened = await openDevice();
  if (typeof opened === "string") return { device: `none: ${opened}`, rows };
  await measure("fused shader, webgpu", fusedGramEngine(opened.device, systemClock));
  const open = () => openTfjsWebGpu(opened);
  const few = opened.isSoftware ? SOFTWARE_SEEDS : SEEDS;
  await measure("gram tensors, webgpu", gramTensorEngine(open, "webgpu"), few);
  opened.device.destroy();
  const software = opened.isSoftware ? ", a software device: no measure of a GPU" : "";
  return { device: `${opened.name}${software}`, rows };
}

export function formatGpuReport({ device, rows }: GpuReport): string {
  const spans = GRIDS.map(([low, high]) => `η ${low} to ${high}`);
  const header = ["", "seeds", ...spans.flatMap((span) => [`runs/s, ${span}`, "same phase"])];
  const table = rows.map(({ name, seeds, runs_per_second, same_phase }) => [
    name,
    String(seeds),
    ...runs_per_second.flatMap((speed, i) => [
      formatNumber(speed),
      `${(100 * same_phase[i]!).toFixed(2)} %`,
    ]),
  ]);
  return [
    `Example 4, logistic, m = ${SHAPE.width}, T = ${SHAPE.steps}, ${SEEDS} seeds × ${RATES_PER_SEED} η`,
    `device of WebGPU: ${device}`,
    "",
    formatTable([header, ...table], [0]),
  ].join("\n");
}

async function openDevice(): Promise<WebGpuDevice | string> {
  try {
    return await openWebGpu(process.env[ADAPTER_VARIABLE]);
  } catch (error) {
    return messageOf(error);
  }
}

/** The phases of a batch's cells, trained in batches of the size that the engine wants. */
async function phasesOf(engine: Engine, batch: Batch): Promise<number[]> {
  const phases: number[] = [];
  while (phases.length < batch.seeds.length) {
    const cells = engine.batchCells?.(batch.shape) ?? batch.seeds.length;
    const { phase } = await engine.run(slice(batch, phases.length, phases.length + cells));
    phases.push(...phase);
  }
  return phases;
}

function slice({ shape, seeds, learning_rates }: Batch, first: number, end: number): Batch {
  return {
    shape,
    seeds: seeds.slice(first, end),
    learning_rates: learning_rates.slice(first, end),
  };
}
