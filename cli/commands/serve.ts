import { journalPlace } from "../../coordinator/journal/postgres_client.ts";
import { PostgresJournal } from "../../coordinator/journal/postgres_journal.ts";
import { prepareJournal } from "../../coordinator/journal/postgres_tables.ts";
import { FolderStorage } from "../../coordinator/storage.ts";
import { systemClock } from "../../shared/clock.ts";
import { EXIT_FAILURE, messageOf, UsageError } from "../../shared/errors.ts";
import { isLoopback } from "../../shared/security/loopback.ts";
import type { ServeEvent } from "../documents/fleet_documents.ts";
import { eventLines } from "../event_lines.ts";
import { printFailure } from "../failure/explain_failure.ts";
import { openLog, withFailuresLogged } from "../open_log.ts";
import { CoordinatorMonitor } from "../serve/coordinator_monitor.ts";
import { advertised } from "../serve/endpoint_file.ts";
import type { ServeOptions } from "../serve/serve_options.ts";
import { replacedError, securityOf, serveTerm } from "../serve/serve_term.ts";
import { holdSharedFolder } from "../serve/shared_folder.ts";
import { standBy } from "../serve/stand_by.ts";
import { onSignals } from "../signals.ts";

/** A coordinator as long as it is up. */
interface Serving {
  readonly options: ServeOptions;
  readonly monitor: CoordinatorMonitor;
  readonly announce: (event: ServeEvent) => void;
  /** Resolves when a signal wants an end. */
  readonly stop: Promise<string>;
  readonly isStopped: () => boolean;
}

const STOPPING = "stopping; everything committed is in the journal";

/** A coordinator for workers elsewhere; runs until a signal ends it. Resolves with the exit code. */
export function serveCommand(options: ServeOptions): Promise<number> {
  const log = openLog(options);
  const announce = eventLines<ServeEvent>(options.json);
  return withFailuresLogged(options, log, async () => {
    checkAccess(options);
    const monitor = await CoordinatorMonitor.open(options, log);
    try {
      announce({ ended: { reason: await serve(options, monitor, announce) } });
      return 0;
    } finally {
      await monitor.close();
    }
  });
}

/** Resolves with why it ended. */
function serve(
  options: ServeOptions,
  monitor: CoordinatorMonitor,
  announce: Serving["announce"],
): Promise<string> {
  let stopped = false;
  const stop = new Promise<string>((resolve) => {
    onSignals(["SIGINT", "SIGTERM"], () => {
      stopped = true;
      resolve(STOPPING);
    });
  });
  const serving = { options, monitor, announce, stop, isStopped: () => stopped };
  const { journal } = options;
  return journal === undefined ? serveFolder(serving) : serveFleet(serving, journal);
}

/** With the journal in the results folder: there is no other coordinator, or one after another. */
async function serveFolder(serving: Serving): Promise<string> {
  const { options, monitor, isStopped } = serving;
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
    return STOPPING;
  }
  const isHeld = hold && (() => hold.isHeld());
  const nobody = new Promise<string>(() => {});
  const lost = hold?.lost.then((by) => `it was silent for too long, and ${by} has the folder`);
  try {
    const storage = await FolderStorage.open(results, false, { isHeld });
    const found = { storage, listen, lost: lost ?? nobody };
    const end = await serveTerm({ ...serving, ...found, ready() {} });
    if (end.kind === "replaced") {
      const error = replacedError(results, end.why);
      log.error(error.message);
      if (options.json) printFailure(error);
      // Nothing is closed, as whatever there is in the folder is the other one's.
      process.exit(EXIT_FAILURE);
    }
    note(end.why);
    return end.why;
  } finally {
    await hold?.release();
  }
}

/** With the journal in a database: one coordinator leads, and others stand by. */
async function serveFleet(serving: Serving, url: string): Promise<string> {
  const { options, monitor, announce, isStopped } = serving;
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
      standsBy: (address) =>
        announce({ listening: { address, http: monitor.url ?? null, leads: false, results } }),
      listen: { host: listen.host, port },
      address: (bound) => advertised({ host: listen.host, port: bound }, options.advertise),
    });
    if (elected === undefined) return STOPPING;
    const { leadership, stopStandingBy } = elected;
    port = elected.port;
    note(`leading from now on (start ${leadership.epoch} of ${place.name})`);
    try {
      const journal = await PostgresJournal.open(place, leadership, lease_ms);
      const end = await serveTerm({
        ...serving,
        ...{ lost: leadership.lost, ready: stopStandingBy },
        storage: await FolderStorage.open(results, false, { journal }),
        listen: { host: listen.host, port },
      });
      if (end.kind === "over") {
        note(end.why);
        return end.why;
      }
      log.warn(replacedError(results, end.why).message);
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
