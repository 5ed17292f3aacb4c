import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { sleep, systemClock } from "../../shared/clock.ts";
import { cellCoordinates, type Plan } from "../../shared/plan.ts";
import { buildPlan } from "../../shared/spec/build_plan.ts";
import { loadSweepFile } from "../../shared/spec/load.ts";
import { CPU_ENGINES, engineFor } from "../../worker/engine/engines.ts";
import { trainableShape } from "../../worker/stored_datasets.ts";

/** A whole `phasesweep run` beside its training alone. Times in seconds, memory in MiB. */
export interface Row {
  readonly cells: number;
  /** From the start of the process to its end, everything written. */
  readonly wall: number;
  /** The engine alone for the same cells, one process a core, without their start. */
  readonly kernel_wall: number;
  readonly kernel_cpu: number;
  /** wall / kernel_wall. */
  readonly ratio: number;
  /** CPU time by process. */
  readonly worker_cpu: number;
  readonly coordinator_cpu: number;
  /** What the worker spends beside the engine: coordinates, encoding, hashing, sending. */
  readonly encode_and_send_cpu: number;
  /** The coordinator's CPU time until the merge: its start, receiving, committing. */
  readonly commit_cpu: number;
  readonly merge_cpu: number;
  readonly analysis_cpu: number;
  /** Wall time by stage. */
  readonly sweep_wall: number;
  readonly merge_wall: number;
  readonly analysis_wall: number;
  /** Largest proportional set size of all processes together, sampled. */
  readonly peak_mebibytes: number;
}

const SCRIPT = fileURLToPath(import.meta.url);
/** This file runs as dist/test/bench/end_to_end.js. */
export const CLI = fileURLToPath(new URL("../../cli/main.js", import.meta.url));
const POINTS = 500;
const SAMPLE_MS = 50;
/** Cells of one call of the engine when it is measured alone. */
const ENGINE_CELLS = 16_384;

/** Runs at least `cells` cells: Example 4, logistic loss, m = 100, T = 100, 500 learning rates. */
export async function endToEnd(cells: number): Promise<Row> {
  const folder = mkdtempSync(join(tmpdir(), "phasesweep-bench-"));
  try {
    const sweep = join(folder, "sweep.yaml");
    const write = (seeds: number): Plan => {
      writeFileSync(sweep, sweepText(seeds));
      return buildPlan(loadSweepFile(sweep));
    };
    // A log axis snaps to the lattice, so it has some other number of points.
    const plan = write(Math.ceil(cells / write(1).cells));
    const kernel = await kernelAlone(sweep, plan.cells);
    const run = await watchedRun(sweep, join(folder, "results"));
    return {
      cells: plan.cells,
      ...run,
      ...kernel,
      ratio: run.wall / kernel.kernel_wall,
      encode_and_send_cpu: run.worker_cpu - kernel.kernel_cpu,
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function sweepText(seeds: number): string {
  return `
name: end-to-end
dataset: example4
loss: logistic
model: { hidden_layers: 1, width: 100, weight_variance: 1 }
learning_rate: { from: 2, to: 20, points: ${POINTS} }
seeds: ${seeds}
training: { steps: 100 }
`;
}

/** Trains the cells in as many processes as there are cores, and nothing else. */
async function kernelAlone(
  sweep: string,
  cells: number,
): Promise<{ kernel_wall: number; kernel_cpu: number }> {
  const share = Math.ceil(cells / availableParallelism());
  const firsts = Array.from({ length: Math.ceil(cells / share) }, (_, i) => i * share);
  const shares = await Promise.all(
    firsts.map(async (first) => {
      const args = [SCRIPT, "kernel-share", sweep, `${first}`, `${Math.min(share, cells - first)}`];
      const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
      let text = "";
      child.stdout.on("data", (chunk) => {
        text += chunk;
      });
      await new Promise((resolve) => child.on("close", resolve));
      return JSON.parse(text) as { wall: number; cpu: number };
    }),
  );
  return {
    kernel_wall: Math.max(...shares.map(({ wall }) => wall)),
    kernel_cpu: shares.reduce((sum, { cpu }) => sum + cpu, 0),
  };
}

/** Trains cells first..first+count−1 of a sweep file in this process. */
async function kernelShare(
  sweep: string,
  first: number,
  count: number,
): Promise<{ wall: number; cpu: number }> {
  const { groups } = buildPlan(loadSweepFile(sweep));
  const group = groups[0]!;
  const { numeric_class } = group;
  const shape = trainableShape(group.shape);
  const engine = engineFor(CPU_ENGINES, shape, numeric_class);
  const train = async (at: number, cells: number) =>
    await engine.run({ shape, ...cellCoordinates(group, at, cells) });
  await train(first, Math.min(count, 2048)); // compiles the hot code
  const began = systemClock.nowMs();
  const before = process.cpuUsage();
  for (let at = 0; at < count; at += ENGINE_CELLS) {
    train(first + at, Math.min(ENGINE_CELLS, count - at));
  }
  const { user, system } = process.cpuUsage(before);
  return { wall: (systemClock.nowMs() - began) / 1000, cpu: (user + system) / 1e6 };
}

type Watched = Omit<Row, "cells" | "kernel_wall" | "kernel_cpu" | "ratio" | "encode_and_send_cpu">;

/** The same for a sweep file of any kind, without the engine alone; its results stay in `results`. */
export async function watchSweepFile(
  sweep: string,
  results: string,
): Promise<Watched & { readonly cells: number }> {
  const { cells } = buildPlan(loadSweepFile(sweep));
  return { cells, ...(await watchedRun(sweep, results)) };
}

/** Runs the command and samples its processes; the merge's own folder tells the stages apart. */
async function watchedRun(sweep: string, results: string): Promise<Watched> {
  const began = systemClock.nowMs();
  const args = [CLI, "run", sweep, "--results", results, "--workers", "1"];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "pipe"] });
  let problem = "";
  child.stderr.on("data", (text) => {
    problem += text;
  });
  let code: number | null | undefined;
  const ended = new Promise<void>((resolve) => {
    child.on("close", (status) => {
      code = status;
      resolve();
    });
  });
  const elapsed = () => (systemClock.nowMs() - began) / 1000;
  const merging = join(results, "merge-1.partial");
  let peak_mebibytes = 0;
  let worker_cpu = 0;
  let coordinator_cpu = 0;
  let mergeBegan: { wall: number; cpu: number } | undefined;
  let mergeEnded: { wall: number; cpu: number } | undefined;
  while (code === undefined) {
    const pids = [child.pid!, ...childrenOf(child.pid!)];
    const memory = pids.reduce((sum, pid) => sum + mebibytesOf(pid), 0);
    peak_mebibytes = Math.max(peak_mebibytes, memory);
    coordinator_cpu = Math.max(coordinator_cpu, cpuSecondsOf(pids[0]!));
    worker_cpu = Math.max(
      worker_cpu,
      pids.slice(1).reduce((sum, pid) => sum + cpuSecondsOf(pid), 0),
    );
    const now = { wall: elapsed(), cpu: coordinator_cpu };
    if (existsSync(merging)) mergeBegan ??= now;
    else if (mergeBegan !== undefined) mergeEnded ??= now;
    await sleep(systemClock, SAMPLE_MS);
  }
  await ended;
  const wall = elapsed();
  if (code !== 0) throw new Error(`phasesweep run ended with ${code}: ${problem}`);
  const start = mergeBegan ?? { wall, cpu: coordinator_cpu };
  const end = mergeEnded ?? start;
  return {
    wall,
    worker_cpu,
    coordinator_cpu,
    commit_cpu: start.cpu,
    merge_cpu: end.cpu - start.cpu,
    analysis_cpu: coordinator_cpu - end.cpu,
    sweep_wall: start.wall,
    merge_wall: end.wall - start.wall,
    analysis_wall: wall - end.wall,
    peak_mebibytes,
  };
}

function childrenOf(pid: number): number[] {
  const text = readProc(`${pid}/task/${pid}/children`).trim();
  return text === "" ? [] : text.split(" ").map(Number);
}

/** User and system time so far; clock ticks are hundredths of a second on Linux. */
function cpuSecondsOf(pid: number): number {
  const fields = readProc(`${pid}/stat`).split(") ").at(-1)!.split(" ");
  return fields.length < 13 ? 0 : (Number(fields[11]) + Number(fields[12])) / 100;
}

function mebibytesOf(pid: number): number {
  const kibibytes = /^Pss:\s+(\d+)/m.exec(readProc(`${pid}/smaps_rollup`))?.[1] ?? 0;
  return Number(kibibytes) / 1024;
}

/** A file of /proc, empty once its process is gone. */
function readProc(name: string): string {
  try {
    return readFileSync(`/proc/${name}`, "utf8");
  } catch {
    return "";
  }
}

if (process.argv[1] === SCRIPT) {
  const [command = "1000000", sweep = "", first = "0", count = "0"] = process.argv.slice(2);
  const row =
    command === "kernel-share"
      ? await kernelShare(sweep, Number(first), Number(count))
      : await endToEnd(Number(command));
  process.stdout.write(`${JSON.stringify(row, null, 1)}\n`);
}
