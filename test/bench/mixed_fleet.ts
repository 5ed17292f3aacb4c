import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
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

const CPU_GRID = "{ precision: float64 }";
const DEVICE_GRID = "{ precision: float32 }";

const WAYS = [
  { who: "CPU, one thread", grids: [CPU_GRID], args: ["--slots", "1", "--backend", "wasm"] },
  { who: "device", grids: [DEVICE_GRID], args: ["--slots", "0", "--backend", "webgpu"] },
  {
    who: "both, each its own grid",
    grids: [DEVICE_GRID, CPU_GRID],
    args: ["--slots", "1", "--backend", "webgpu"],
  },
];

/**
 * Cells a second of `phasesweep run` on Example 4, logistic loss, m = 200, T = 100, 129 learning rates
 * and `seeds` seeds a grid: on one CPU thread, on the WebGPU device, and on both at once.
 */
export function benchMixedFleet(seeds: number): MixedReport {
  const doctor = JSON.parse(phasesweep(["doctor", "--json"])) as {
    backends: { backend: string; usable: boolean; detail: string; software: boolean | null }[];
  };
  const device = doctor.backends.find(({ backend }) => backend === "webgpu")!;
  if (!device.usable) throw new Error(`no WebGPU device: ${device.detail}`);
  const rows = WAYS.map(({ who, grids, args }) => {
    const folder = mkdtempSync(join(tmpdir(), "phasesweep-mixed-"));
    const sweep = join(folder, "sweep.yaml");
    writeFileSync(sweep, sweepText(grids, seeds));
    const results = join(folder, "results");
    const text = phasesweep(["run", sweep, "--results", results, "--json", ...args]);
    rmSync(folder, { recursive: true });
    const { cells, elapsed_ms } = JSON.parse(text) as { cells: number; elapsed_ms: number };
    return { who, cells, cells_per_s: (1000 * cells) / elapsed_ms };
  });
  return { device: device.detail, software: device.software === true, rows };
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

function sweepText(grids: readonly string[], seeds: number): string {
  return `name: mixed
dataset: example4
loss: logistic
model: { hidden_layers: 1, width: 200, weight_variance: 0.5 }
learning_rate: { from: 2, to: 80, points: 129 }
seeds: ${seeds}
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
