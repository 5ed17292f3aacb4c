import { join } from "node:path";

/** The jobs that a fleet consists of. */
export const JOB_ROLES = ["coordinator", "cpu", "gpu"] as const;

export type JobRole = (typeof JOB_ROLES)[number];

/** A coordinator and arrays of workers on Slurm, as they are wanted. */
export interface Fleet {
  /** Hexadecimal, in the names of its jobs: by these they are found again. */
  readonly id: string;
  /** Absolute path of a folder on a file system that all nodes share. */
  readonly results: string;
  /** How phasesweep is started on a node, in the words of a shell. */
  readonly phasesweep: string;
  /** Lines that each job runs before that, such as `module load nodejs`. */
  readonly prologue: readonly string[];
  readonly cpuTasks: number;
  readonly gpuTasks: number;
  /** Cores, and shards computed at the same time, of each task. */
  readonly cpusPerTask: number;
  /** What each GPU task asks for, as `gpu:1`. */
  readonly gres: string;
  readonly partitions: Readonly<Partial<Record<JobRole, string>>>;
  /** Time limit of each job, in Slurm's words; without it the partition's. */
  readonly time?: string;
  readonly mem?: string;
  readonly account?: string;
  readonly qos?: string;
  /** Other options of sbatch, each as `--option=value`. */
  readonly sbatch: readonly string[];
  /** No TLS and no tokens. */
  readonly insecure: boolean;
  /** A PostgreSQL journal; without it, SQLite in the folder. Nothing secret is in it. */
  readonly journal?: string;
  /** Jobs stay when the sweep is done. */
  readonly keep: boolean;
}

/** The name of a fleet's jobs of one kind; logs have it too. */
export function jobName({ id }: Pick<Fleet, "id">, role: JobRole): string {
  return `phasesweep-${role}-${id}`;
}

/** Where a fleet keeps what is not results. */
export function fleetFiles(results: string) {
  const folder = join(results, "slurm");
  return {
    folder,
    logs: join(results, "logs"),
    credentials: join(results, "credentials"),
    /** The fleet's id. */
    id: join(folder, "fleet.json"),
    /** Where the active coordinator is. */
    endpoint: join(folder, "endpoint"),
    /** How the sweeps ended. */
    done: join(folder, "done.json"),
    script: (role: JobRole) => join(folder, `${role}.sbatch`),
  };
}
