import { spawn } from "node:child_process";
import { userInfo } from "node:os";
import { FailureError, messageOf } from "../../shared/errors.ts";
import { arraySizeMax, isTooMany, type Submission } from "./arrays.ts";
import { type Fleet, JOB_ROLES, jobName } from "./fleet.ts";
import { parseQueue, QUEUE_FORMAT, type QueuedTask } from "./queue.ts";

interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The commands of Slurm, as this user runs them. */
export class Slurm {
  /** @throws FailureError if they are not here */
  async check(): Promise<void> {
    for (const program of ["sbatch", "squeue", "scancel", "scontrol"]) {
      await run(program, ["--version"]).catch((error: unknown) => {
        throw new FailureError({
          place: program,
          problem: `it cannot be run here: ${messageOf(error)}`,
          fix: "run `phasesweep slurm` on a login node of a Slurm cluster; elsewhere `phasesweep run`, or `serve` and `worker`",
        });
      });
    }
  }

  async arraySizeMax(): Promise<number> {
    return arraySizeMax((await this.succeed("scontrol", ["show", "config"])).stdout);
  }

  /** Submits a batch script. @throws FailureError if Slurm does not take it for another reason */
  async submit(script: string, args: readonly string[]): Promise<Submission> {
    const ran = await run("sbatch", ["--parsable", ...args, script]);
    if (ran.code === 0) return { job: ran.stdout.trim().split(";")[0]! };
    const said = ran.stderr.trim();
    if (isTooMany(said)) return { tooMany: said };
    throw new FailureError({
      place: script,
      problem: `sbatch does not take it: ${said}`,
      fix: "change the options of `phasesweep slurm` by what it says; --dry-run shows the scripts",
    });
  }

  /** The jobs of a fleet that are not over. @throws FailureError if Slurm does not answer */
  async queue(fleet: Pick<Fleet, "id">): Promise<QueuedTask[]> {
    const { stdout } = await this.succeed("squeue", [
      ...["--noheader", "--array", `--format=${QUEUE_FORMAT}`],
      ...[`--user=${userInfo().username}`, `--name=${names(fleet)}`],
    ]);
    return parseQueue(stdout, fleet);
  }

  /** Takes the workers of a fleet that have not begun out of the queue. */
  async cancelWaiting(fleet: Pick<Fleet, "id">): Promise<void> {
    for (const role of ["cpu", "gpu"] as const) {
      const which = [`--name=${jobName(fleet, role)}`, `--user=${userInfo().username}`];
      await this.succeed("scancel", ["--quiet", "--state=PENDING", ...which]);
    }
  }

  /** Ends these jobs, with all tasks of their arrays. */
  async cancel(tasks: readonly QueuedTask[]): Promise<void> {
    // "12_3" and the like; all of an array go with its number.
    const jobs = [...new Set(tasks.map(({ id }) => id.split("_")[0]!))];
    if (jobs.length > 0) await this.succeed("scancel", ["--quiet", ...jobs]);
  }

  private async succeed(program: string, args: readonly string[]): Promise<Ran> {
    const ran = await run(program, args);
    if (ran.code === 0) return ran;
    throw new FailureError({
      place: program,
      problem: ran.stderr.trim() || `it ended with ${ran.code}`,
      fix: "see what it says; `sinfo` shows whether Slurm answers",
    });
  }
}

function names(fleet: Pick<Fleet, "id">): string {
  return JOB_ROLES.map((role) => jobName(fleet, role)).join(",");
}

/** Nothing of this process's own settings goes along: jobs get theirs by their scripts. */
function environment(): NodeJS.ProcessEnv {
  const kept = Object.entries(process.env).filter(
    ([name]) => !/^(PHASESWEEP_|PGPASSWORD$)/.test(name),
  );
  return Object.fromEntries(kept);
}

function run(program: string, args: readonly string[]): Promise<Ran> {
  return new Promise((resolve, reject) => {
    // In a group of its own: Ctrl-C is for this process, and no job is half submitted by it.
    const stdio = ["ignore", "pipe", "pipe"] as const;
    const child = spawn(program, args, { env: environment(), stdio: [...stdio], detached: true });
    let stdout = "";
    let stderr = "";
    child.stdout!.on("data", (text) => {
      stdout += text;
    });
    child.stderr!.on("data", (text) => {
      stderr += text;
    });
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
}
