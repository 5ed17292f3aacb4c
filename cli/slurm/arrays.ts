/** What Slurm said to one array of tasks. */
export type Submission =
  | { readonly job: string }
  /** There may not be so many jobs at the same time. */
  | { readonly tooMany: string };

export interface Submitted {
  readonly tasks: number;
  readonly jobs: readonly string[];
  /** Why the others are not there: a limit of the site on a user's jobs. */
  readonly limit?: string;
}

/** The most tasks of one array, from `scontrol show config`. */
export function arraySizeMax(config: string): number {
  // Task numbers are below MaxArraySize; Slurm's own default is 1001.
  const size = Number(/^MaxArraySize\s*=\s*(\d+)/m.exec(config)?.[1] ?? 1_001);
  const most = Number(/\bmax_array_tasks=(\d+)/.exec(config)?.[1] ?? Number.POSITIVE_INFINITY);
  return Math.max(1, Math.min(size, most));
}

/**
 * Whether sbatch refuses a job since there would be too many of an account, a user or a QOS
 * (MaxSubmitJobs and the like). Its last line names several limits; the one before names the one it is.
 */
export function isTooMany(said: string): boolean {
  const limit = /\b(?:Assoc|QOS)\w+/.exec(said)?.[0];
  return limit === undefined ? /job submit limit/.test(said) : /Submit|MaxJobs/.test(limit);
}

/**
 * Starts tasks as arrays of at most `size`. An array that is refused since there would be too many
 * jobs is halved until it fits, or until not even one more task may be there.
 */
export async function submitTasks(
  tasks: number,
  size: number,
  submit: (tasks: number) => Promise<Submission>,
): Promise<Submitted> {
  const jobs: string[] = [];
  let left = tasks;
  for (let most = size; left > 0; ) {
    const some = Math.min(left, most);
    const answer = await submit(some);
    if ("job" in answer) {
      jobs.push(answer.job);
      left -= some;
    } else if (some > 1) most = Math.floor(some / 2);
    else return { tasks: tasks - left, jobs, limit: answer.tooMany };
  }
  return { tasks, jobs };
}
