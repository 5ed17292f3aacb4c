import { type ChildProcess, fork } from "node:child_process";
import { fileURLToPath } from "node:url";

/** A worker that dies this often in a row without a shard handed in is not started again. */
const FRUITLESS_STARTS_MAX = 5;

export interface EmbeddedWorkersOptions {
  readonly coordinator: string;
  readonly count: number;
  readonly slotsEach: number;
  /** Tells a start from every other one. */
  readonly runId: string;
  /** The process behind a worker name is gone. */
  readonly onDeath: (worker: string) => void;
  /** Shards committed so far, to see whether a worker that died had been of use. */
  readonly committed: () => number;
  /** Workers keep dying without handing in anything. */
  readonly onGivingUp: (reason: string) => void;
  readonly note: (line: string) => void;
}

/** Worker processes of `run`: started on this machine, started again when they die. */
export class EmbeddedWorkers {
  private readonly options: EmbeddedWorkersOptions;
  private readonly running = new Map<string, ChildProcess>();
  private starts = 0;
  private fruitless = 0;
  private committedAtLastDeath = 0;
  private stopping = false;
  private allGone: (() => void) | undefined;

  constructor(options: EmbeddedWorkersOptions) {
    this.options = options;
    for (let i = 0; i < options.count; i++) this.start();
  }

  /** Asks every worker to hand in what it has, and resolves when all processes are gone. */
  async drain(): Promise<void> {
    this.stopping = true;
    for (const child of this.running.values()) if (child.connected) child.send("drain");
    if (this.running.size === 0) return;
    await new Promise<void>((resolve) => {
      this.allGone = resolve;
    });
  }

  /** Ends every worker at once. */
  kill(): void {
    this.stopping = true;
    for (const child of this.running.values()) child.kill("SIGKILL");
  }

  private start(): void {
    const { coordinator, slotsEach, runId } = this.options;
    const name = `local-${runId}-${this.starts++}`;
    const entry = fileURLToPath(new URL("./main.js", import.meta.url));
    const child = fork(
      entry,
      [
        ...["worker", "--embedded", "--coordinator", coordinator],
        ...["--name", name, "--slots", String(slotsEach)],
      ],
      { stdio: ["ignore", "ignore", "inherit", "ipc"] },
    );
    this.running.set(name, child);
    child.on("exit", (code, signal) => this.gone(name, signal ?? `exit code ${code}`));
  }

  private gone(name: string, how: string): void {
    this.running.delete(name);
    this.options.onDeath(name);
    if (this.running.size === 0) this.allGone?.();
    if (this.stopping) return;
    const committed = this.options.committed();
    this.fruitless = committed > this.committedAtLastDeath ? 1 : this.fruitless + 1;
    this.committedAtLastDeath = committed;
    if (this.fruitless >= FRUITLESS_STARTS_MAX) {
      this.options.onGivingUp(
        `the worker process died ${this.fruitless} times (${how}) without finishing anything`,
      );
      return;
    }
    this.options.note(`worker ${name} died (${how}); starting another`);
    this.start();
  }
}
