import { journalPlace } from "../../coordinator/journal/postgres_client.ts";
import { PostgresJournal } from "../../coordinator/journal/postgres_journal.ts";
import { prepareJournal } from "../../coordinator/journal/postgres_tables.ts";
import { FolderStorage } from "../../coordinator/storage.ts";
import { systemClock } from "../../shared/clock.ts";
import { EXIT_FAILURE, messageOf, UsageError } from "../../shared/errors.ts";
import { isLoopback } from "../../shared/security/loopback.ts";
import { openLog, withFailuresLogged } from "../open_log.ts";
import { CoordinatorMonitor } from "../serve/coordinator_monitor.ts";
import { advertised } from "../serve/endpoint_file.ts";
import type { ServeOptions } from "../serve/serve_options.ts";
import { replacedText, securityOf, serveTerm } from "../serve/serve_term.ts";
import { holdSharedFolder } from "../serve/shared_folder.ts";
import { standBy } from "../serve/stand_by.ts";
import { onSignals } from "../signals.ts";

/** A coordinator for workers elsewhere; runs until a signal ends it. Resolves with the exit code. */
export function serveCommand(options: ServeOptions): Promise<number> {
  const log = openLog(options);
  return withFailuresLogged(options, log, async () => {
    checkAccess(options);
    const monitor = await CoordinatorMonitor.open(options, log);
    try {
      return await serve(options, monitor);
    } finally {
      await monitor.close();
    }
  });
}

function serve(options: ServeOptions, monitor: CoordinatorMonitor): Promise<number> {
  let stopped = false;
  const stop = new Promise<string>((resolve) => {
    onSignals(["SIGINT", "SIGTERM"], () => {
      stopped = true;
      resolve("stopping; everything committed is in the journal");
    });
  });
  return options.journal === undefined
    ? serveFolder(options, monitor, stop, () => stopped)
    : serveFleet(options, monitor, options.journal, stop, () => stopped);
}

/** With the journal in the results folder: there is no other coordinator, or one after another. */
async function serveFolder(
  options: ServeOptions,
  monitor: CoordinatorMonitor,
  stop: Promise<string>,
  isStopped: () => boolean,
): Promise<number> {
  const { results, listen } = options;
  const { log } = monitor;
  const note = (line: string) => log.info(line);
  const waiting = (line: string) => {
    note(line);
    monitor.leaderIs(line);
  };
  const hold = options.sharedResults
    ? await holdSharedFolder(results, waiting, isStopped)
    : undefined;
  if (isStopped()) {
    await hold?.release();
    return 0;
  }
  const isHeld = hold && (() => hold.isHeld());
  const nobody = new Promise<string>(() => {});
  const lost = hold?.lost.then((by) => `it was silent for too long, and ${by} has the folder`);
  try {
    const storage = await FolderStorage.open(results, false, { isHeld });
    const term = { options, storage, listen, stop, lost: lost ?? nobody, ready() {}, monitor };
    const end = await serveTerm(term);
    if (end.kind === "replaced") {
      log.error(replacedText(results, end.why));
      // Nothing is closed, as whatever there is in the folder is the other one's.
      process.exit(EXIT_FAILURE);
    }
    note(end.why);
    return 0;
  } finally {
    await hold?.release();
  }
}

/** With the journal in a database: one coordinator leads, and others stand by. */
async function serveFleet(
  options: ServeOptions,
  monitor: CoordinatorMonitor,
  url: string,
  stop: Promise<string>,
  isStopped: () => boolean,
): Promise<number> {
  const { results, listen, takeoverSeconds } = options;
  const { log } = monitor;
  const note = (line: string) => log.info(line);
  const place = journalPlace(url);
  const lease_ms = 1000 * takeoverSeconds;
  await prepareJournal(place);
  let { port } = listen;
  for (;;) {
    const elected = await standBy({
      ...{ place, lease_ms, clock: systemClock, isStopped, note },
      security: () => securityOf(options, monitor),
      leaderIs: (text) => monitor.leaderIs(text),
      listen: { host: listen.host, port },
      address: (bound) => advertised({ host: listen.host, port: bound }, options.advertise),
    });
    if (elected === undefined) return 0;
    const { leadership, stopStandingBy } = elected;
    port = elected.port;
    note(`leading from now on (start ${leadership.epoch} of ${place.name})`);
    try {
      const journal = await PostgresJournal.open(place, leadership, lease_ms);
      const end = await serveTerm({
        ...{ options, stop, lost: leadership.lost, ready: stopStandingBy, monitor },
        storage: await FolderStorage.open(results, false, { journal }),
        listen: { host: listen.host, port },
      });
      if (end.kind === "over") {
        note(end.why);
        return 0;
      }
      log.warn(replacedText(results, end.why));
    } catch (error) {
      stopStandingBy();
      const isLost = !leadership.isLeading;
      await leadership.end();
      if (!isLost) throw error;
      log.warn(messageOf(error));
    }
  }
}

/** Without credentials a coordinator is for this machine only, unless asked for. @throws UsageError */
function checkAccess({ listen, credentials, insecure }: ServeOptions): void {
  if (credentials !== undefined || insecure === true || isLoopback(listen.host)) return;
  throw new UsageError({
    place: `--listen ${listen.host}:${listen.port}`,
    problem: "other machines reach this address, and no credentials are given",
    fix: "give --credentials DIR/coordinator with what `phasesweep certs DIR` makes, or --insecure on a network where everybody may read and change everything",
  });
}
