import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { noDeviceBecause, SOFTWARE_GPU } from "../software_gpu.ts";
import { CLI } from "./end_to_end.ts";
import { formatNumber, formatTable } from "./table.ts";

/** One way to run the grid. */
interface Row {
  readonly who: string;
  readonly cells: number;
  readonly cells_per_s: number;
}

export interface MixedReport {
  readonly device: string;
  readonly software: boolean;
  readonly rows: readonly Row[];
}

const CPU_ARGS = ["--slots", "1", "--backend", "wasm"];
const DEVICE_ARGS = ["--slots", "0", "--backend", "webgpu"];
const BOTH_ARGS = ["--slots", "1", "--backend", "webgpu"];

/**
 * Cells a second of `phasesweep run` on Example 4, logistic loss, m = 200, T = 100, 129 learning rates
 * and `seeds` seeds: on one CPU thread (float64), on the WebGPU device (float32), and on both at once,
 * each with a grid of its own that is as large as its speed.
 */
export function benchMixedFleet(seeds: number): MixedReport {
  let device = webGpu();
  if (!device.usable && noDeviceBecause === undefined) {
    Object.assign(process.env, SOFTWARE_GPU);
    device = webGpu();
  }
  if (!device.usable) throw new Error(`no WebGPU device: ${device.detail}`);
  const cpu = measure("CPU, one thread", { float64: seeds }, CPU_ARGS);
  const alone = measure("device", { float32: seeds }, DEVICE_ARGS);
  const share = Math.round((2 * seeds * alone.cells_per_s) / (alone.cells_per_s + cpu.cells_per_s));
  const both = measure("both", { float32: share, float64: 2 * seeds - share }, BOTH_ARGS);
  const rows = [cpu, alone, both];
  return { device: device.detail, software: device.software === true, rows };
}

/** What `phasesweep doctor` says of WebGPU. */
function webGpu() {
  const { backends } = JSON.parse(phasesweep(["doctor", "--json"])) as {
    backends: { backend: string; usable: boolean; detail: string; software: boolean | null }[];
  };
  return backends.find(({ backend }) => backend === "webgpu")!;
}

function measure(who: string, seeds: Record<string, number>, args: readonly string[]): Row {
  const folder = mkdtempSync(join(tmpdir(), "phasesweep-mixed-"));
  try {
    const sweep = join(folder, "sweep.yaml");
    writeFileSync(sweep, sweepText(seeds));
    const results = join(folder, "results");
    const text = phasesweep(["run", sweep, "--results", results, "--json", ...args]);
    const { cells, elapsed_ms } = JSON.parse(text) as { cells: number; elapsed_ms: number };
    return { who, cells, cells_per_s: (1000 * cells) / elapsed_ms };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export function formatMixedReport({ device, software, rows }: MixedReport): string {
  const note = software
    ? "\n\nThe device is software on the same cores: this shows that the mix works, not what a GPU adds."
    : "";
  return `device: ${device}\n\n${formatTable(
    [
      ["who", "cells", "cells/s"],
      ...rows.map(({ who, cells, cells_per_s }) => [
        who,
        cells.toLocaleString("en-US"),
        formatNumber(cells_per_s),
      ]),
    ],
    [0],
  )}${note}`;
}

function sweepText(seeds: Record<string, number>): string {
  const grids = Object.entries(seeds).map(
    ([precision, count]) => `{ precision: ${precision}, seeds: ${count} }`,
  );
  return `name: mixed
dataset: example4
loss: logistic
model: { hidden_layers: 1, width: 200, weight_variance: 0.5 }
learning_rate: { from: 2, to: 80, points: 129 }
grids: [${grids.join(", ")}]
`;
}

function phasesweep(args: readonly string[]): string {
  const { stdout, stderr, status } = spawnSync(process.execPath, [CLI, ...args], {
    encoding: "utf8",
    maxBuffer: 2 ** 28,
  });
  if (status !== 0) throw new Error(stderr);
  return stdout;
}
