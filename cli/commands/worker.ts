import { randomBytes } from "node:crypto";
import { availableParallelism, hostname } from "node:os";
import { systemClock } from "../../shared/clock.ts";
import { EXIT_FAILURE } from "../../shared/errors.ts";
import { GrpcLink } from "../../worker/link.ts";
import { ShardPool } from "../../worker/pool.ts";
import { Worker } from "../../worker/worker.ts";
import { onSignals } from "../signals.ts";

export interface WorkerCommandOptions {
  readonly coordinator: string;
  readonly slots?: number;
  readonly name?: string;
  readonly connectTimeout: number;
  /** Drains after so many minutes, before a batch system ends the job. */
  readonly walltime?: number;
  /** Started by `run`: obeys its parent and does not outlive it. */
  readonly embedded?: boolean;
}

/** A worker node; runs until drained. Resolves with the exit code. */
export async function workerCommand(options: WorkerCommandOptions): Promise<number> {
  const host = hostname();
  const slots = options.slots ?? availableParallelism();
  const worker = new Worker({
    link: new GrpcLink(options.coordinator),
    computer: new ShardPool(slots),
    name: options.name ?? `${host}-${process.pid}-${randomBytes(3).toString("hex")}`,
    host,
    slots,
    connect_ms: 1000 * options.connectTimeout,
    clock: systemClock,
    log: (line) => {
      if (!options.embedded) process.stderr.write(`${line}\n`);
    },
  });
  if (options.embedded) {
    // A terminal sends Ctrl-C to the whole group; the parent says when to stop.
    onSignals(["SIGINT"], () => {});
    process.on("message", () => worker.drain("the run is stopping"));
    process.on("disconnect", () => process.exit(EXIT_FAILURE));
  } else {
    onSignals(["SIGINT", "SIGTERM", "SIGUSR1"], (signal, times) => {
      if (times > 1) process.exit(EXIT_FAILURE);
      worker.drain(signal);
    });
  }
  const { walltime } = options;
  if (walltime !== undefined) {
    const cancel = systemClock.after(60_000 * walltime, () =>
      worker.drain(`walltime of ${walltime} minutes`),
    );
    await worker.run().finally(cancel);
  } else await worker.run();
  if (options.embedded) process.disconnect();
  return 0;
}
