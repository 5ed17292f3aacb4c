import { fileURLToPath } from "node:url";
import { refusePassword } from "../../coordinator/journal/postgres_client.ts";
import { type Problem, UsageError } from "../../shared/errors.ts";
import { shellWord } from "../../shared/shell_word.ts";
import type { ProgressOptions } from "../progress/progress_display.ts";
import type { Fleet } from "./fleet.ts";

/** The options of `phasesweep slurm`, as commander gives them. */
export interface SlurmOptions extends ProgressOptions {
  readonly results?: string;
  readonly cpuTasks: number;
  readonly gpuTasks: number;
  readonly cpusPerTask: number;
  readonly gres: string;
  readonly partition?: string;
  readonly coordinatorPartition?: string;
  readonly gpuPartition?: string;
  readonly time?: string;
  readonly mem?: string;
  readonly account?: string;
  readonly qos?: string;
  readonly sbatch: readonly string[];
  readonly modules: readonly string[];
  readonly prologue: readonly string[];
  readonly phasesweep?: string;
  readonly journal?: string;
  readonly insecure?: boolean;
  readonly keep?: boolean;
  readonly cancel?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/** The fleet that the options ask for. @throws UsageError */
export function fleetOf(options: SlurmOptions, results: string, id: string): Fleet {
  const problems = problemsOf(options, results);
  // It would stand in a batch script.
  if (options.journal !== undefined) refusePassword(options.journal);
  if (problems.length > 0) throw new UsageError(...problems);
  const { partition, coordinatorPartition, gpuPartition, modules, journal } = options;
  const { time, mem, account, qos } = options;
  return {
    ...{ id, results },
    phasesweep: options.phasesweep ?? installedHere(),
    prologue: [
      ...(modules.length === 0 ? [] : [`module load ${modules.map(shellWord).join(" ")}`]),
      ...options.prologue,
    ],
    cpuTasks: options.cpuTasks,
    gpuTasks: options.gpuTasks,
    cpusPerTask: options.cpusPerTask,
    gres: options.gres,
    partitions: defined({
      coordinator: coordinatorPartition ?? partition,
      cpu: partition,
      gpu: gpuPartition ?? partition,
    }),
    ...defined({ time, mem, account, qos, journal }),
    sbatch: options.sbatch,
    insecure: options.insecure === true,
    keep: options.keep === true,
  };
}

/** This Node.js and this installation, which nodes see where they share the file system. */
function installedHere(): string {
  const main = fileURLToPath(new URL("../main.js", import.meta.url));
  return `${shellWord(process.execPath)} ${shellWord(main)}`;
}

function defined<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]?: Exclude<T[K], undefined> };
}

function problemsOf(options: SlurmOptions, results: string): Problem[] {
  const problems: Problem[] = [];
  const { partition, coordinatorPartition, gpuPartition, account, qos, time, mem, gres } = options;
  const words = Object.entries({
    ...{ "--partition": partition, "--coordinator-partition": coordinatorPartition },
    ...{ "--gpu-partition": gpuPartition, "--account": account, "--qos": qos },
    ...{ "--time": time, "--mem": mem, "--gres": gres },
  });
  for (const [place, value] of words) {
    if (value === undefined || /^[\w.,:/@+-]+$/.test(value)) continue;
    const problem = `'${value}' cannot stand in an #SBATCH line`;
    problems.push({ place, problem, fix: "give it as sbatch takes it" });
  }
  for (const option of options.sbatch) {
    if (/^--[a-z][a-z0-9-]*(=[^\n\r]+)?$/.test(option)) continue;
    problems.push({
      place: `--sbatch ${option}`,
      problem: "it is not an option of sbatch",
      fix: "give each one as --sbatch=--OPTION=VALUE, for example --sbatch=--constraint=avx512",
    });
  }
  for (const line of [...options.prologue, ...options.modules]) {
    if (!/[\n\r]/.test(line)) continue;
    const problem = "there is a line break in it";
    problems.push({ place: "--prologue", problem, fix: "give the option once for each line" });
  }
  if (/["\\\n\r]/.test(results)) {
    problems.push({
      place: `--results ${results}`,
      problem: "Slurm cannot be given a path with quotes, backslashes or line breaks",
      fix: "give another folder",
    });
  }
  if (options.cpuTasks + options.gpuTasks === 0) {
    const problem = "without tasks nothing would be computed";
    problems.push({ place: "--cpu-tasks 0", problem, fix: "give --cpu-tasks or --gpu-tasks" });
  }
  return problems;
}
