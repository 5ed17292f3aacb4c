import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Clock } from "../shared/clock.ts";
import { type Death, deathOf } from "../shared/death.ts";
import { EXIT_FAILURE } from "../shared/errors.ts";
import type { WorkerNumbers } from "../worker/worker_tally.ts";

/** Why no other process is started. */
export interface GivenUp {
  readonly problem: string;
  /** The process has printed the reason itself. */
  readonly isTold: boolean;
}

export interface WorkerProcessesOptions {
  /** For each process, what follows `worker --supervised --name NAME` on its command line. */
  readonly processes: readonly (readonly string[])[];
  /** Workers are called by this and a number. */
  readonly name: string;
  /** Whether the others go on when one of the processes is given up. */
  readonly goesOn: boolean;
  /** The process behind a worker name is gone. */
  readonly onDeath: (worker: string, death: Death) => void;
  /** What a worker process has done so far. */
  readonly onNumbers?: (worker: string, numbers: WorkerNumbers) => void;
  readonly note: (line: string) => void;
  readonly clock: Clock;
}

/** What a worker process tells its parent, and is told. */
export type FromWorker = "handed in" | { readonly numbers: WorkerNumbers };
export interface ToWorker {
  /** Leave; the reason is for the log. */
  readonly drain: string;
}

/** Deaths in a row without a shard handed in, after which no other process is started. */
const FRUITLESS_DEATHS_MAX = 5;
/** Crashes are given more, as they narrow down to the cell that brings them about. */
const FRUITLESS_CRASHES_MAX = 30;
const BACKOFF_MS_MAX = 1_000;

/**
 * Worker processes on this machine, each started again when it dies: whatever an engine does to its
 * process, this one lives to tell the coordinator how it died.
 */
export class WorkerProcesses {
  /** Resolves when all processes are gone for good: with what went wrong, or undefined. */
  readonly ended: Promise<GivenUp | undefined>;
  private readonly options: WorkerProcessesOptions;
  private readonly running = new Map<string, ChildProcess>();
  private starts = 0;
  /** Of each process, deaths since it last handed in a shard. */
  private readonly fruitless: number[] = [];
  private readonly processes: (readonly string[])[] = [];
  private firstGivenUp: GivenUp | undefined;
  private stopping = false;
  private waiting = 0;
  private end: (givenUp: GivenUp | undefined) => void = () => {};

  constructor(options: WorkerProcessesOptions) {
    this.options = options;
    this.ended = new Promise((resolve) => {
      this.end = resolve;
    });
    for (const args of options.processes) this.add(args);
  }

  /** Starts one more process. */
  add(args: readonly string[]): void {
    if (this.stopping) return;
    this.processes.push(args);
    this.fruitless.push(0);
    this.start(this.processes.length - 1);
  }

  /** Asks every worker to hand in what it has, and resolves when all processes are gone. */
  async drain(reason: string): Promise<void> {
    this.stopping = true;
    const message: ToWorker = { drain: reason };
    for (const child of this.running.values()) if (child.connected) child.send(message);
    if (this.running.size === 0) this.end(undefined);
    await this.ended;
  }

  /** Ends every worker at once. */
  kill(): void {
    this.stopping = true;
    for (const child of this.running.values()) child.kill("SIGKILL");
  }

  /** Starts the process at a place of `processes`. */
  private start(place: number): void {
    const name = `${this.options.name}-${this.starts++}`;
    const entry = fileURLToPath(new URL("./main.js", import.meta.url));
    const args = ["worker", "--supervised", "--name", name, ...this.processes[place]!];
    const child = fork(entry, args, { stdio: ["ignore", "ignore", "inherit", "ipc"] });
    this.running.set(name, child);
    child.on("message", (message: FromWorker) => {
      if (message === "handed in") this.fruitless[place] = 0;
      else this.options.onNumbers?.(name, message.numbers);
    });
    child.on("exit", (code, signal) => this.gone(place, name, code, signal));
  }

  private gone(
    place: number,
    name: string,
    code: number | null,
    signal: NodeJS.Signals | null,
  ): void {
    this.running.delete(name);
    const death = deathOf(code, signal);
    this.options.onDeath(name, death);
    if (this.stopping || code === 0) {
      if (this.running.size + this.waiting === 0) this.end(this.firstGivenUp);
      return;
    }
    const fruitless = ++this.fruitless[place]!;
    const most = death.crashed ? FRUITLESS_CRASHES_MAX : FRUITLESS_DEATHS_MAX;
    const isTold = code === EXIT_FAILURE;
    if (isTold || fruitless >= most) {
      const problem = isTold
        ? "the worker process ended with the failure above"
        : `the worker process died ${fruitless} times (${death.how}) without finishing anything`;
      this.firstGivenUp ??= { problem, isTold };
      if (this.options.goesOn && this.running.size + this.waiting > 0) {
        this.options.note(`${problem}; the other processes of this worker go on`);
        return;
      }
      this.kill();
      this.end(this.firstGivenUp);
      return;
    }
    this.options.note(`worker ${name} died (${death.how}); starting another`);
    const backoff_ms = Math.min(BACKOFF_MS_MAX, 50 * (fruitless - 1));
    this.waiting++;
    this.options.clock.after(backoff_ms, () => {
      this.waiting--;
      if (!this.stopping) this.start(place);
      else if (this.running.size === 0) this.end(undefined);
    });
  }
}
