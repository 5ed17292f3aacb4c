import { type ChildProcess, fork } from "node:child_process";
import { type Clock, sleep } from "../../shared/clock.ts";
import { type Death, deathOf } from "../../shared/death.ts";
import { FailureError } from "../../shared/errors.ts";
import type { Backend } from "../../shared/numeric_class.ts";
import {
  BUSY_MS,
  CELLS_DONE,
  CELLS_WANTED,
  type ShardResult,
  type ShardTask,
} from "../shard_task.ts";
import type { DeviceAbout, FromDevice, ToDevice } from "./messages.ts";

/** The process of a device ended, or was ended, with a shard in hand. */
export class DeviceGone extends Error {
  /** Whether the shard may well be computed elsewhere, or here once more. */
  readonly passing: boolean;

  constructor(message: string, passing: boolean) {
    super(message);
    this.name = "DeviceGone";
    this.passing = passing;
  }
}

export interface DeviceProcessOptions {
  readonly backend: Backend;
  /** Number of the device among those of the worker, for the provenance. */
  readonly slot: number;
  /** Set over the environment of this process: which device the other one sees. */
  readonly env: Readonly<Record<string, string>>;
  readonly clock: Clock;
  /** Script of the process: device_main.js, or a stand-in of a test. */
  readonly script: string;
  /** A device that shows no sign of life for so long hangs. */
  readonly hang_ms: number;
  readonly note: (line: string) => void;
  /** Its process died with a shard in hand. */
  readonly died?: (() => void) | undefined;
}

/** Deaths in a row after which a shard counts as failed, not as given back. */
const DEATHS_MAX = 3;
const BACKOFF_MS = 200;
/** Characters of what the process wrote to its standard error that are kept for its obituary. */
const LAST_WORDS_CHARS = 500;

interface ShardInHand {
  readonly id: number;
  readonly control: Int32Array;
  resolve(result: ShardResult): void;
  reject(error: Error): void;
}

/**
 * A device in a process of its own, started when it is needed and again after it died. One shard at
 * a time; a driver that crashes or hangs costs that shard, which others, or the next process, take.
 */
export class DeviceProcess {
  private readonly options: DeviceProcessOptions;
  private child: ChildProcess | undefined;
  private opening: Promise<DeviceAbout> | undefined;
  private inHand: ShardInHand | undefined;
  private tasks = 0;
  /** Deaths since a shard was last finished. */
  private deaths = 0;
  private closed = false;
  private stopWatching: () => void = () => {};

  constructor(options: DeviceProcessOptions) {
    this.options = options;
  }

  /** Starts the process unless it runs. @throws Error that says why its device cannot be used */
  open(): Promise<DeviceAbout> {
    this.opening ??= new Promise((resolve, reject) => this.start(resolve, reject));
    return this.opening;
  }

  /** Computes one shard. @throws DeviceGone, or what the engine threw */
  async run(task: ShardTask): Promise<ShardResult> {
    if (this.deaths > 0)
      await sleep(this.options.clock, BACKOFF_MS * Math.min(this.deaths, DEATHS_MAX));
    await this.open();
    return await new Promise((resolve, reject) => {
      const id = this.tasks++;
      this.inHand = { id, control: task.control, resolve, reject };
      // Memory is not shared with another process, so the control words stay here.
      const { control: _, ...rest } = task;
      this.send({ type: "compute", id, ...rest });
      this.sendWanted();
      this.watch();
    });
  }

  /** Ends the process at once. */
  close(): void {
    this.closed = true;
    this.stopWatching();
    this.child?.kill("SIGKILL");
  }

  private start(resolve: (about: DeviceAbout) => void, reject: (error: Error) => void): void {
    const { script, backend, env, note } = this.options;
    const child = fork(script, [backend], {
      env: { ...process.env, ...env },
      serialization: "advanced",
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    this.child = child;
    this.watch();
    let lastWords = "";
    child.stderr!.on("data", (text: Buffer) => {
      lastWords = (lastWords + text).slice(-LAST_WORDS_CHARS);
    });
    child.on("message", (message: FromDevice) => {
      if (this.child !== child) return;
      this.stopWatching();
      if (message.type === "ready") resolve(message.about);
      else if (message.type === "unusable") reject(new Error(message.reason));
      else this.receive(message);
    });
    child.on("exit", (code, signal) => {
      if (this.child !== child) return;
      this.child = undefined;
      this.opening = undefined;
      this.stopWatching();
      const death = deathOf(code, signal);
      reject(this.unusable(`its process died (${death.how}) before it was ready: ${lastWords}`));
      if (this.closed) return;
      const { inHand } = this;
      this.inHand = undefined;
      if (inHand === undefined) return;
      this.deaths++;
      this.options.died?.();
      note(`the ${backend} device's process died (${death.how}); another one is started`);
      inHand.reject(this.gone(death, lastWords));
    });
  }

  private receive(message: Exclude<FromDevice, { type: "ready" | "unusable" }>): void {
    const { inHand } = this;
    if (inHand?.id !== message.id) return;
    if (message.type === "progress") {
      Atomics.store(inHand.control, BUSY_MS, Math.ceil(message.busy_ms));
      Atomics.store(inHand.control, CELLS_DONE, message.cells);
      this.sendWanted();
      this.watch();
      return;
    }
    this.inHand = undefined;
    if (message.type === "done") {
      this.deaths = 0;
      inHand.resolve({ ...message.result, slot: this.options.slot });
    } else inHand.reject(new Error(message.error));
  }

  /** What was wanted when the shard began may have changed since. */
  private sendWanted(): void {
    const { id, control } = this.inHand!;
    this.send({ type: "wanted", id, cells: Atomics.load(control, CELLS_WANTED) });
  }

  private send(message: ToDevice): void {
    // A process that is gone says so by its exit.
    if (this.child?.connected) this.child.send(message, () => {});
  }

  /** Begins anew to wait for a sign of life. */
  private watch(): void {
    const { clock, hang_ms, note, backend } = this.options;
    this.stopWatching();
    this.stopWatching = clock.after(hang_ms, () => {
      note(
        `the ${backend} device shows no sign of life for ${hang_ms / 1000} s; ending its process`,
      );
      this.child?.kill("SIGKILL");
    });
  }

  private gone({ how }: Death, lastWords: string): DeviceGone {
    const words = lastWords.trim();
    return new DeviceGone(
      `the process of the ${this.options.backend} device died (${how})${words === "" ? "" : `: ${words}`}`,
      this.deaths < DEATHS_MAX,
    );
  }

  private unusable(reason: string): FailureError {
    return new FailureError({
      place: this.options.backend,
      problem: reason.trim(),
      fix: "`phasesweep doctor` shows what this machine can run",
    });
  }
}
