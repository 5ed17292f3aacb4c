import { type Fleet, JOB_ROLES, type JobRole, jobName } from "./fleet.ts";

/** What squeue prints of each task, and how it is asked for that. */
export const QUEUE_FORMAT = "%i|%j|%T|%r|%N";

/** A job, or a task of an array, that is in the queue or runs. */
export interface QueuedTask {
  /** "12", or "12_3" for a task. */
  readonly id: string;
  readonly role: JobRole;
  /** Slurm's word: PENDING, RUNNING, COMPLETING, ... */
  readonly state: string;
  /** Why it waits. */
  readonly reason: string;
  readonly node: string;
}

/** The jobs of a fleet among the lines of squeue. */
export function parseQueue(lines: string, fleet: Pick<Fleet, "id">): QueuedTask[] {
  const roles = new Map(JOB_ROLES.map((role) => [jobName(fleet, role), role]));
  return lines.split("\n").flatMap((line) => {
    const [id = "", name = "", state = "", reason = "", node = ""] = line.trim().split("|");
    const role = roles.get(name);
    return role === undefined ? [] : [{ id, role, state, reason, node }];
  });
}

/** How many jobs of each kind are to be started. */
export type MissingJobs = Readonly<Record<JobRole, number>>;

/**
 * What a fleet lacks when somebody begins to follow it: everything that is not there. Jobs that are
 * ending count as there: Slurm puts those that it requeues back only then.
 */
export function missingAtFirst(queue: readonly QueuedTask[], fleet: Fleet): MissingJobs {
  const wanted = { coordinator: 1, cpu: fleet.cpuTasks, gpu: fleet.gpuTasks };
  const lacks = (role: JobRole) =>
    Math.max(0, wanted[role] - queue.filter((task) => task.role === role).length);
  return { coordinator: lacks("coordinator"), cpu: lacks("cpu"), gpu: lacks("gpu") };
}

/**
 * What is started later on, while it is followed: the coordinator, and workers if there are none at
 * all. Tasks that left had nothing to do, or somebody took them away.
 */
export function missingLater(queue: readonly QueuedTask[], fleet: Fleet): MissingJobs {
  const missing = missingAtFirst(queue, fleet);
  const hasWorkers = queue.some(({ role }) => role !== "coordinator");
  return hasWorkers ? { ...missing, cpu: 0, gpu: 0 } : missing;
}

/** "coordinator running on node1; CPU tasks: 3 running, 97 waiting (Priority)" */
export function queueText(queue: readonly QueuedTask[]): string {
  return JOB_ROLES.flatMap((role) => {
    const tasks = queue.filter((task) => task.role === role);
    if (tasks.length === 0) return role === "coordinator" ? ["no coordinator"] : [];
    const running = tasks.filter(({ state }) => state === "RUNNING");
    const waiting = tasks.filter(({ state }) => state === "PENDING");
    const other = tasks.length - running.length - waiting.length;
    const [first] = waiting;
    const why = first === undefined ? "" : ` (${first.reason})`;
    if (role === "coordinator") {
      const [job] = tasks as [QueuedTask];
      if (running.length > 0) return [`coordinator ${job.id} running on ${running[0]!.node}`];
      return [`coordinator ${job.id} ${waiting.length > 0 ? `waiting${why}` : job.state}`];
    }
    const counts = [
      ...(running.length > 0 ? [`${running.length} running`] : []),
      ...(waiting.length > 0 ? [`${waiting.length} waiting${why}`] : []),
      ...(other > 0 ? [`${other} ending`] : []),
    ];
    return [`${role === "cpu" ? "CPU" : "GPU"} tasks: ${counts.join(", ")}`];
  }).join("; ");
}
