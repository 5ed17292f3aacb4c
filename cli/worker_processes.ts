import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Clock } from "../shared/clock.ts";
import { EXIT_FAILURE, EXIT_USAGE } from "../shared/errors.ts";

/** How a process ended. */
export interface Death {
  /** Its signal or exit code, in words. */
  readonly how: string;
  /** It died of what it did, such as a fault of its own memory; killed from outside it did not. */
  readonly crashed: boolean;
}

/** Why no other process is started. */
export interface GivenUp {
  readonly problem: string;
  /** The process has printed the reason itself. */
  readonly isTold: boolean;
}

export interface WorkerProcessesOptions {
  readonly count: number;
  /** Workers are called by this and a number. */
  readonly name: string;
  /** What follows `worker --supervised --name NAME` on their command line. */
  readonly args: readonly string[];
  /** The process behind a worker name is gone. */
  readonly onDeath: (worker: string, death: Death) => void;
  readonly note: (line: string) => void;
  readonly clock: Clock;
}

/** What a worker process tells its parent, and is told. */
export type FromWorker = "handed in";
export interface ToWorker {
  /** Leave; the reason is for the log. */
  readonly drain: string;
}

/** Deaths in a row without a shard handed in, after which no other process is started. */
const FRUITLESS_DEATHS_MAX = 5;
/** Crashes are given more, as they narrow down to the cell that brings them about. */
const FRUITLESS_CRASHES_MAX = 30;
const BACKOFF_MS_MAX = 1_000;

/** Signals of a process that went wrong by itself. */
const CRASH_SIGNALS = ["SIGSEGV", "SIGABRT", "SIGBUS", "SIGILL", "SIGFPE", "SIGTRAP", "SIGSYS"];
/** How shells, and wrappers like them, tell SIGKILL and SIGTERM. */
const KILLED_CODES = [128 + 9, 128 + 15];

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
  private fruitless = 0;
  private stopping = false;
  private waiting = 0;
  private end: (givenUp: GivenUp | undefined) => void = () => {};

  constructor(options: WorkerProcessesOptions) {
    this.options = options;
    this.ended = new Promise((resolve) => {
      this.end = resolve;
    });
    for (let i = 0; i < options.count; i++) this.start();
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

  private start(): void {
    const name = `${this.options.name}-${this.starts++}`;
    const entry = fileURLToPath(new URL("./main.js", import.meta.url));
    const child = fork(entry, ["worker", "--supervised", "--name", name, ...this.options.args], {
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    this.running.set(name, child);
    child.on("message", (message: FromWorker) => {
      if (message === "handed in") this.fruitless = 0;
    });
    child.on("exit", (code, signal) => this.gone(name, code, signal));
  }

  private gone(name: string, code: number | null, signal: NodeJS.Signals | null): void {
    this.running.delete(name);
    const death = deathOf(code, signal);
    this.options.onDeath(name, death);
    if (this.stopping || code === 0) {
      if (this.running.size + this.waiting === 0) this.end(undefined);
      return;
    }
    this.fruitless++;
    const most = death.crashed ? FRUITLESS_CRASHES_MAX : FRUITLESS_DEATHS_MAX;
    const isTold = code === EXIT_FAILURE;
    if (isTold || this.fruitless >= most) {
      const problem = isTold
        ? "the worker process ended with the failure above"
        : `the worker process died ${this.fruitless} times (${death.how}) without finishing anything`;
      this.kill();
      this.end({ problem, isTold });
      return;
    }
    this.options.note(`worker ${name} died (${death.how}); starting another`);
    const backoff_ms = Math.min(BACKOFF_MS_MAX, 50 * (this.fruitless - 1));
    this.waiting++;
    this.options.clock.after(backoff_ms, () => {
      this.waiting--;
      if (!this.stopping) this.start();
      else if (this.running.size === 0) this.end(undefined);
    });
  }
}

function deathOf(code: number | null, signal: NodeJS.Signals | null): Death {
  if (signal !== null) return { how: signal, crashed: CRASH_SIGNALS.includes(signal) };
  const crashed = code !== null && code > EXIT_USAGE && !KILLED_CODES.includes(code);
  return { how: `exit code ${code}`, crashed };
}
