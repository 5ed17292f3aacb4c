import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { systemClock } from "../../shared/clock.ts";
import { type Connection, connectionArgs, coordinatorAddresses } from "../../shared/connection.ts";
import { EXIT_FAILURE, FailureError } from "../../shared/errors.ts";
import type { DeathReport } from "../../shared/generated/phasesweep/v1/DeathReport.ts";
import { type Log, NO_LOG } from "../../shared/log.ts";
import type { Backend } from "../../shared/numeric_class.ts";
import { connectCoordinator } from "../../shared/rpc.ts";
import { channelSecurity } from "../../shared/security/channel.ts";
import { cacheFolder, DatasetCache } from "../../worker/dataset_cache.ts";
import { GrpcLink } from "../../worker/link.ts";
import { Worker } from "../../worker/worker.ts";
import { noWorkerNumbers } from "../../worker/worker_tally.ts";
import type { BackendChoice } from "../backend_choice.ts";
import { openComputer } from "../computer.ts";
import { usableBackends } from "../devices.ts";
import type { WorkerEvent } from "../documents/fleet_documents.ts";
import { eventLines } from "../event_lines.ts";
import { printFailure } from "../failure/explain_failure.ts";
import type { HostAndPort } from "../http_options.ts";
import { deviceArgs, localProcesses } from "../local_processes.ts";
import { type LogOptions, logArgs, openLog, withFailuresLogged } from "../open_log.ts";
import { onSignals } from "../signals.ts";
import { openWorkerMonitor } from "../worker_monitor.ts";
import { type FromWorker, type ToWorker, WorkerProcesses } from "../worker_processes.ts";

export interface WorkerCommandOptions extends Connection, LogOptions {
  readonly slots?: number;
  readonly backend: BackendChoice;
  /** The devices to use of the backend; without it all of them. */
  readonly devices?: readonly string[];
  /** With --supervised: this process is the one for the devices of a backend, not for the CPU. */
  readonly device?: Backend;
  readonly name?: string;
  readonly connectTimeout: number;
  /** Leaves when there was nothing to do for so many seconds. */
  readonly idleExit?: number;
  /** Drains after so many minutes, before a batch system ends the job. */
  readonly walltime?: number;
  /** Started by another phasesweep process: obeys it and does not outlive it. */
  readonly supervised?: boolean;
  /** Says nothing of its connection. */
  readonly quiet?: boolean;
  /** Where it serves metrics and probes over HTTP. */
  readonly http?: HostAndPort;
  /** Prints a JSON object a line. */
  readonly json?: boolean;
}

/** How often a process tells its parent what it has done. */
const REPORT_MS = 1_000;

function reportEvery(report: () => void): () => void {
  let cancel = () => {};
  const next = () => {
    cancel = systemClock.after(REPORT_MS, () => {
      report();
      next();
    });
  };
  next();
  return () => cancel();
}

/** A coordinator that does not answer hears of no death. */
const REPORT_MS_MAX = 2_000;

/** A worker node; runs until drained. Resolves with the exit code. */
export function workerCommand(options: WorkerCommandOptions): Promise<number> {
  const log = options.quiet ? NO_LOG : openLog(options);
  const announce = eventLines<WorkerEvent>(options.json);
  return withFailuresLogged(options, log, () =>
    options.supervised ? work(options, log) : supervise(options, log, announce),
  );
}

/** The process that a user starts: it runs the worker in a child and sees how that one ends. */
async function supervise(
  options: WorkerCommandOptions,
  log: Log,
  announce: (event: WorkerEvent) => void,
): Promise<number> {
  const { connectTimeout, walltime } = options;
  if (!options.coordinator.startsWith("file:")) {
    for (const address of coordinatorAddresses(options)) channelSecurity(address, options);
  }
  const { idleExit } = options;
  const link = [
    ...[...connectionArgs(options), "--connect-timeout", String(connectTimeout)],
    ...(idleExit === undefined ? [] : ["--idle-exit", String(idleExit)]),
    ...logArgs(options),
  ];
  // Looking for GPUs takes a while, and the CPU need not wait for it, unless it is to do nothing.
  const later = options.backend === "auto" && options.slots !== 0;
  const backends = later ? [] : await usableBackends(options.backend);
  const local = localProcesses({ ...options, workers: 1, backends });
  const monitor = await openWorkerMonitor(options, log);
  const name = options.name ?? `${hostname()}-${process.pid}-${randomBytes(3).toString("hex")}`;
  const processes = new WorkerProcesses({
    processes: local.map((args) => [...link, ...args]),
    goesOn: true,
    name,
    onDeath: (worker, death) => {
      const { how, crashed } = death;
      monitor?.ended(worker, death);
      // If it cannot be told, the lease runs out.
      void reportDeath(options, { worker, how, crashed });
    },
    onNumbers: (worker, numbers) => monitor?.report(worker, numbers),
    note: (line) => log.warn(line),
    clock: systemClock,
  });
  if (later) {
    void usableBackends(options.backend, log.warn).then((found) => {
      for (const args of deviceArgs(found, options.devices)) processes.add([...link, ...args]);
    });
  }
  let reason = "idle, or sent home by the coordinator";
  const drain = (why: string) => {
    reason = why;
    void processes.drain(why);
  };
  // A batch system sends its signals to a script that hands them on and to this process too.
  onSignals(["SIGTERM", "SIGUSR1"], drain);
  onSignals(["SIGINT"], (signal, times) => {
    if (times > 1) {
      processes.kill();
      process.exit(EXIT_FAILURE);
    }
    drain(signal);
  });
  const cancel =
    walltime === undefined
      ? () => {}
      : systemClock.after(60_000 * walltime, () => drain(`walltime of ${walltime} minutes`));
  announce({
    started: { worker: name, coordinator: options.coordinator, http: monitor?.url ?? null },
  });
  const givenUp = await processes.ended;
  cancel();
  await monitor?.close();
  if (givenUp === undefined) {
    announce({ ended: { reason } });
    return 0;
  }
  const { problem, isTold } = givenUp;
  if (!isTold) log.error(problem);
  if (options.json) {
    const told = isTold ? "a process of this worker ended with a failure" : problem;
    const fix = "the last lines of the log, on standard error, say why";
    printFailure(new FailureError({ place: name, problem: told, fix }));
  }
  return EXIT_FAILURE;
}

/** To whichever coordinator is active: of several, all but that one refuse. */
async function reportDeath(connection: Connection, report: DeathReport): Promise<void> {
  try {
    for (const address of coordinatorAddresses(connection)) {
      const client = connectCoordinator(address, connection);
      const deadline = new Date(systemClock.wallMs() + REPORT_MS_MAX);
      client.ReportDeath(report, { deadline }, () => client.close());
    }
  } catch {
    // Neither the file with the address nor the credentials need be there any more.
  }
}

async function work(options: WorkerCommandOptions, log: Log): Promise<number> {
  const numbers = noWorkerNumbers(0);
  const { computer, slots, numeric_classes } = await openComputer(
    options,
    (line) => log.warn(line),
    () => numbers.device_deaths++,
  );
  numbers.slots = slots;
  const tell = (message: FromWorker) => process.send?.(message);
  const link = new GrpcLink(options);
  const worker = new Worker({
    link,
    datasets: new DatasetCache({
      folder: cacheFolder(process.env),
      fetch: (digest) => link.getDataset(digest),
      clock: systemClock,
      log,
    }),
    computer,
    name: options.name!,
    host: hostname(),
    slots,
    numeric_classes,
    connect_ms: 1000 * options.connectTimeout,
    ...(options.idleExit === undefined ? {} : { idle_ms: 1000 * options.idleExit }),
    clock: systemClock,
    log,
    numbers,
    onHandedIn: () => tell("handed in"),
  });
  const stopReporting = options.quiet ? () => {} : reportEvery(() => tell({ numbers }));
  // A terminal sends Ctrl-C to the whole group; the parent says when to stop.
  onSignals(["SIGINT", "SIGTERM", "SIGUSR1"], () => {});
  process.on("message", ({ drain }: ToWorker) => worker.drain(drain));
  const orphaned = () => process.exit(EXIT_FAILURE);
  process.on("disconnect", orphaned);
  // It may have died before anybody listened.
  if (!process.connected) orphaned();
  try {
    await worker.run();
  } finally {
    // The channel would keep this process alive.
    stopReporting();
    if (!options.quiet) tell({ numbers });
    process.off("disconnect", orphaned);
    process.disconnect();
  }
  return 0;
}
