import type { Clock } from "../../shared/clock.ts";
import { FailureError, messageOf } from "../../shared/errors.ts";
import { type Submitted, submitTasks } from "./arrays.ts";
import { type Fleet, fleetFiles, type JobRole } from "./fleet.ts";
import { forgetEnd } from "./fleet_folder.ts";
import {
  type MissingJobs,
  missingAtFirst,
  missingLater,
  type QueuedTask,
  queueText,
} from "./queue.ts";
import type { Slurm } from "./slurm.ts";

const LOOK_MS = 10_000;
/** What the queue looks like is told at most so often. */
const TELL_MS = 30_000;
/** Starts in a row without a cell done in between, after which something is wrong with the jobs. */
const FRUITLESS_STARTS_MAX = 5;

export interface FleetKeeperOptions {
  readonly fleet: Fleet;
  readonly slurm: Pick<Slurm, "queue" | "submit" | "arraySizeMax">;
  readonly clock: Clock;
  readonly note: (line: string) => void;
  /** Workers wait for startWorkers, and only tasks of this kind come before. */
  readonly firstWorkers: JobRole | undefined;
}

/** Sees to it that a fleet's jobs are in the queue, as long as somebody follows its sweep. */
export class FleetKeeper {
  /** Rejects when it gives up, with why. */
  readonly failed: Promise<never>;
  private readonly options: FleetKeeperOptions;
  private stopped = false;
  private cancelTimer: () => void = () => {};
  /** One look at a time: two would start the same jobs. */
  private looking: Promise<void> = Promise.resolve();
  private isWorkWanted = true;
  private workersMayStart: boolean;
  /** Kinds that were completed once: later they are only kept from dying out. */
  private readonly begun = new Set<JobRole>();
  private fruitless = 0;
  private cellsDone = 0;
  private giveUp: (problem: FailureError) => void = () => {};
  private told = "";
  private told_ms = Number.NEGATIVE_INFINITY;

  constructor(options: FleetKeeperOptions) {
    this.options = options;
    this.workersMayStart = options.firstWorkers === undefined;
    this.failed = new Promise((_resolve, reject) => {
      this.giveUp = reject;
    });
    // Whoever follows hears of it; until then nobody has to.
    this.failed.catch(() => {});
  }

  /** Starts what is missing, and looks again from time to time. @throws FailureError at the first time */
  async start(): Promise<void> {
    this.looking = this.tend();
    await this.looking;
    this.later();
  }

  /** The sweep is with the coordinator: all workers may come. */
  startWorkers(): void {
    if (this.workersMayStart) return;
    this.workersMayStart = true;
    this.look();
  }

  progress({ cellsDone, state }: { readonly cellsDone: number; readonly state: string }): void {
    if (cellsDone > this.cellsDone) this.fruitless = 0;
    this.cellsDone = Math.max(this.cellsDone, cellsDone);
    this.isWorkWanted = state === "running";
  }

  /** Starts nothing any more; resolves when nothing is being started. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.cancelTimer();
    await this.looking.catch(() => {});
  }

  private later(): void {
    this.cancelTimer();
    if (!this.stopped) this.cancelTimer = this.options.clock.after(LOOK_MS, () => this.look());
  }

  private look(): void {
    this.cancelTimer();
    this.looking = this.looking
      .then(() => this.tend())
      .catch((error: unknown) => {
        // The controller may be restarting; jobs go on without it.
        this.options.note(messageOf(error));
      })
      .then(() => this.later());
  }

  private async tend(): Promise<void> {
    const { fleet, slurm } = this.options;
    if (this.stopped) return;
    const queue = await slurm.queue(fleet);
    if (this.stopped) return;
    const missing = this.missing(queue);
    const later = (Object.keys(missing) as JobRole[]).filter(
      (role) => missing[role] > 0 && this.begun.has(role),
    );
    if (later.length > 0 && ++this.fruitless > FRUITLESS_STARTS_MAX) {
      this.stopped = true;
      this.giveUp(
        new FailureError({
          place: fleetFiles(fleet.results).logs,
          problem: `jobs of this fleet ended ${FRUITLESS_STARTS_MAX} times without a cell done`,
          fix: "see there what they say, mend it, and run `phasesweep slurm` again",
        }),
      );
      return;
    }
    const coordinator = await this.startCoordinator(queue, missing.coordinator);
    for (const role of ["cpu", "gpu"] as const) {
      if (missing[role] > 0) await this.startTasks(role, missing[role], coordinator);
      if (this.mayStart(role)) this.begun.add(role);
    }
    if (missing.coordinator + missing.cpu + missing.gpu === 0) this.tell(queueText(queue));
  }

  private missing(queue: readonly QueuedTask[]): MissingJobs {
    const { fleet } = this.options;
    const first = missingAtFirst(queue, fleet);
    const later = missingLater(queue, fleet);
    const of = (role: JobRole) => {
      if (!this.mayStart(role)) return 0;
      if (!this.begun.has(role)) return first[role];
      return role === "coordinator" || this.isWorkWanted ? later[role] : 0;
    };
    return { coordinator: of("coordinator"), cpu: of("cpu"), gpu: of("gpu") };
  }

  private mayStart(role: JobRole): boolean {
    return role === "coordinator" || this.workersMayStart || role === this.options.firstWorkers;
  }

  /** The number of the coordinator's job, started if it has to be. */
  private async startCoordinator(queue: readonly QueuedTask[], missing: number): Promise<string> {
    const { fleet, slurm, note } = this.options;
    this.begun.add("coordinator");
    if (missing === 0) return queue.find(({ role }) => role === "coordinator")!.id;
    forgetEnd(fleet.results);
    const answer = await slurm.submit(fleetFiles(fleet.results).script("coordinator"), []);
    if ("tooMany" in answer) {
      throw new FailureError({
        place: "sbatch",
        problem: `the coordinator's job is not taken: ${answer.tooMany}`,
        fix: "end other jobs, or wait for them, and run this again",
      });
    }
    note(`submitted the coordinator as job ${answer.job}`);
    return answer.job;
  }

  private async startTasks(role: "cpu" | "gpu", tasks: number, coordinator: string): Promise<void> {
    const { fleet, slurm, note } = this.options;
    const script = fleetFiles(fleet.results).script(role);
    const {
      jobs,
      tasks: submitted,
      limit,
    }: Submitted = await submitTasks(
      tasks,
      await slurm.arraySizeMax(),
      // No node is to wait for a coordinator that waits for a node.
      (some) =>
        slurm.submit(script, [`--array=0-${some - 1}`, `--dependency=after:${coordinator}`]),
    );
    const kind = role === "cpu" ? "CPU" : "GPU";
    if (jobs.length > 0) {
      note(
        `submitted ${submitted} ${kind} tasks as ${jobs.length === 1 ? "array" : "arrays"} ${jobs.join(", ")}`,
      );
    }
    if (limit !== undefined) {
      note(`${tasks - submitted} ${kind} tasks are not there: Slurm says ${limit}`);
    }
  }

  private tell(text: string): void {
    const now_ms = this.options.clock.nowMs();
    if (text === this.told || now_ms - this.told_ms < TELL_MS) return;
    this.told = text;
    this.told_ms = now_ms;
    this.options.note(text);
  }
}
