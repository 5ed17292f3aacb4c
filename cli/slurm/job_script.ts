import { shellWord } from "../../shared/shell_word.ts";
import { type Fleet, fleetFiles, type JobRole, jobName } from "./fleet.ts";

/** Slurm signals a job so long before its time limit. It looks once a minute, so it may be earlier. */
const DRAIN_SECONDS = 120;
/** A worker drains by itself so long before the end of its job, should no signal come. Short jobs: a quarter. */
const LAST_SECONDS = 60;
/** A worker for which there is nothing to do leaves its cores to others. */
const IDLE_SECONDS = 300;
/** A coordinator that is requeued comes back within this, or its workers leave. */
const CONNECT_SECONDS = 1_800;

/** The batch script of the coordinator or of an array of workers. */
export function jobScript(role: JobRole, fleet: Fleet): string {
  return [
    "#!/bin/bash",
    ...ABOUT[role].map((line) => `# ${line}`),
    ...sbatchOptions(role, fleet).map((option) => `#SBATCH ${option}`),
    "",
    `results=${shellWord(fleet.results)}`,
    // The last task of an array has the array's number for SLURM_JOB_ID, which means all of them.
    `job=\${SLURM_ARRAY_JOB_ID:-$SLURM_JOB_ID}\${SLURM_ARRAY_TASK_ID:+_$SLURM_ARRAY_TASK_ID}`,
    'if [ -e "$results/slurm/done.json" ]; then exit 0; fi',
    ...fleet.prologue,
    "",
    ...(role === "coordinator" ? coordinator(fleet) : worker(role, fleet)),
    ...WAIT,
    "",
  ].join("\n");
}

const ABOUT: Readonly<Record<JobRole, readonly string[]>> = {
  coordinator: [
    "The coordinator of a fleet. When its node dies it is requeued on another one, and says in",
    "slurm/endpoint where it is.",
  ],
  cpu: ["Workers of a fleet: sbatch --array=0-99 cpu-array.sbatch starts a hundred of them."],
  gpu: [
    "Workers with GPUs: sbatch --array=0-3 gpu-array.sbatch starts four of them. Where no GPU works",
    "they say so, and compute on their cores.",
  ],
};

function sbatchOptions(role: JobRole, fleet: Fleet): string[] {
  const { partitions, time, mem, account, qos } = fleet;
  const isCoordinator = role === "coordinator";
  const log = `${fleetFiles(fleet.results).logs.replaceAll("%", "%%")}/%x-${isCoordinator ? "%j" : "%A_%a"}.out`;
  const partition = partitions[role];
  return [
    `--job-name=${jobName(fleet, role)}`,
    `--output=${sbatchWord(log)}`,
    "--open-mode=append",
    "--requeue",
    `--signal=B:USR1@${DRAIN_SECONDS}`,
    "--ntasks=1",
    `--cpus-per-task=${isCoordinator ? 2 : fleet.cpusPerTask}`,
    ...(role === "gpu" ? [`--gres=${fleet.gres}`] : []),
    ...(partition === undefined ? [] : [`--partition=${sbatchWord(partition)}`]),
    ...(time === undefined ? [] : [`--time=${time}`]),
    ...(mem === undefined ? [] : [`--mem=${mem}`]),
    ...(account === undefined ? [] : [`--account=${sbatchWord(account)}`]),
    ...(qos === undefined ? [] : [`--qos=${sbatchWord(qos)}`]),
    ...fleet.sbatch.map(sbatchWord),
  ];
}

function coordinator({ phasesweep, insecure, journal, keep }: Fleet): string[] {
  return command(phasesweep, [
    "serve",
    "--listen 0.0.0.0:0",
    // The dashboard and /metrics, with the same roles; clients are told the port.
    "--http 0.0.0.0:0",
    '--results "$results"',
    // With PostgreSQL the lease of the leadership is in the database.
    journal === undefined ? "--shared-results" : `--journal ${shellWord(journal)}`,
    insecure ? "--insecure" : '--credentials "$results/credentials/coordinator"',
    '--endpoint-file "$results/slurm/endpoint"',
    ...(keep ? [] : ['--until-done "$results/slurm/done.json"']),
  ]);
}

function worker(role: JobRole, { phasesweep, insecure, keep }: Fleet): string[] {
  return [
    "# When the job's time is over. Not every Slurm says so here, and there may be no limit.",
    `end=\${SLURM_JOB_END_TIME:-}`,
    'if [ -z "$end" ]; then',
    '  at=$(squeue --noheader --jobs="$job" --format=%e)',
    '  case "$at" in 2*) end=$(date --date="$at" +%s) ;; esac',
    "fi",
    "walltime=",
    'if [ -n "$end" ]; then',
    "  left=$((end - $(date +%s)))",
    `  left=$((left > ${4 * LAST_SECONDS} ? left - ${LAST_SECONDS} : left > 4 ? left * 3 / 4 : 1))`,
    "  drain_at=$(($(date +%s) + left))",
    `  walltime="--walltime $(printf '%d.%02d' $((left / 60)) $((left % 60 * 100 / 60)))"`,
    "fi",
    ...command(phasesweep, [
      "worker",
      '--coordinator "file:$results/slurm/endpoint"',
      insecure ? "--insecure" : '--credentials "$results/credentials/work"',
      `--name "$SLURM_JOB_NAME-$job-\${SLURM_RESTART_COUNT:-0}"`,
      `--slots "$SLURM_CPUS_PER_TASK" --backend ${role === "gpu" ? "auto" : "wasm"}`,
      `--connect-timeout ${CONNECT_SECONDS}${keep ? "" : ` --idle-exit ${IDLE_SECONDS}`}`,
      "$walltime",
    ]),
  ];
}

/** A command in the background, a line for each of its options. */
function command(program: string, args: readonly string[]): string[] {
  const [subcommand = "", ...others] = args;
  const lines = [`${program} ${subcommand}`, ...others];
  return lines.map((line, i) =>
    i === 0 ? `${line} \\` : `  ${line} ${i === lines.length - 1 ? "&" : "\\"}`,
  );
}

/** A shell is signalled alone, or with all that it started; a worker and a coordinator bear both. */
const WAIT = [
  "# Slurm ends a job with SIGTERM, and sends SIGUSR1 before, to this shell only: both are handed on.",
  "child=$!",
  "again=no",
  `trap 'kill -TERM "$child" 2>/dev/null' TERM INT`,
  `trap 'again=yes; kill -TERM "$child" 2>/dev/null' USR1`,
  'while kill -0 "$child" 2>/dev/null; do wait "$child"; done',
  'wait "$child"',
  "code=$?",
  `if [ -n "\${drain_at:-}" ] && [ "$(date +%s)" -ge "$drain_at" ]; then again=yes; fi`,
  "# The time is over, and the sweep is not: the job goes back into the queue.",
  'if [ "$again" = yes ] && [ ! -e "$results/slurm/done.json" ]; then',
  '  scontrol requeue "$job" && sleep 60',
  "fi",
  'exit "$code"',
];

/** A word of an #SBATCH line; it has no newline (slurm_options.ts). */
function sbatchWord(text: string): string {
  return /^[\w@%+=:,./[\]-]+$/.test(text) ? text : `"${text.replace(/["\\]/g, "\\$&")}"`;
}
