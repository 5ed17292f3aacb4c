import { type Command, Option } from "commander";
import { SLOTS_MAX, WORKERS_MAX } from "../shared/limits.ts";
import { wholeNumber } from "./arguments.ts";
import { insecure, json } from "./options.ts";
import { progress, quiet } from "./progress/progress_options.ts";

/** A whole fleet in one command, on a Slurm cluster. */
export function addSlurmCommand(program: Command): void {
  const several = (value: string, before: readonly string[]) => [...before, value];
  program
    .command("slurm")
    .description("compute a sweep on a Slurm cluster: start its jobs, follow it, and end them")
    .argument("<sweep>", "sweep file (YAML)")
    .option(
      "--results <dir>",
      "folder on a file system that all nodes share (default: results/NAME)",
    )
    .addOption(
      new Option("--cpu-tasks <n>", "workers that compute on cores")
        .argParser(wholeNumber(0, WORKERS_MAX))
        .default(4),
    )
    .addOption(
      new Option("--gpu-tasks <n>", "workers that have GPUs, too")
        .argParser(wholeNumber(0, WORKERS_MAX))
        .default(0),
    )
    .addOption(
      new Option("--cpus-per-task <n>", "cores of each worker")
        .argParser(wholeNumber(1, SLOTS_MAX))
        .default(4),
    )
    .option("--gres <list>", "what each GPU task asks for", "gpu:1")
    .option("--partition <name>", "partition of all jobs, unless they have one of their own")
    .option("--coordinator-partition <name>", "partition of the coordinator")
    .option("--gpu-partition <name>", "partition of the GPU tasks")
    .option("--time <limit>", "time limit of each job, as sbatch takes it; jobs go on in the next")
    .option("--mem <size>", "memory of each job, as sbatch takes it")
    .option("--account <name>", "account of all jobs")
    .option("--qos <name>", "quality of service of all jobs")
    .addOption(
      new Option("--sbatch <option>", "one more option of sbatch, as --sbatch=--constraint=avx512")
        .argParser(several)
        .default([], "none"),
    )
    .addOption(
      new Option("--modules <name>", "a module to load in each job, such as nodejs")
        .argParser(several)
        .default([], "none"),
    )
    .addOption(
      new Option("--prologue <line>", "a line of shell that each job runs first")
        .argParser(several)
        .default([], "none"),
    )
    .option(
      "--phasesweep <command>",
      "how phasesweep is started on nodes (default: this Node.js and this installation)",
    )
    .option("--journal <url>", "a journal in PostgreSQL in place of SQLite in the folder")
    .addOption(insecure())
    .option("--keep", "leave the jobs running when the sweep is done")
    .option("--cancel", "end the jobs of this folder")
    .option("--dry-run", "print scripts and commands; run and write nothing")
    .addOption(json())
    .addOption(progress())
    .addOption(quiet())
    .addHelpText(
      "after",
      `
The folder has the jobs' logs and scripts, and credentials that only its owner can read. Started
again for the same folder, it follows the jobs that are there and starts those that are missing.
Examples:
  phasesweep slurm SWEEP.yaml --results /shared/me/sweep --cpu-tasks 100 --time 4:00:00
  phasesweep slurm SWEEP.yaml --gpu-tasks 4 --gpu-partition gpu --modules nodejs
  phasesweep slurm SWEEP.yaml --cancel`,
    )
    .action(async (sweep, options) => {
      const { slurmCommand } = await import("./commands/slurm.ts");
      process.exitCode = await slurmCommand(sweep, options);
    });
}
