import { Access } from "../../coordinator/access/access.ts";
import { Coordinator } from "../../coordinator/coordinator.ts";
import type { ServerSecurity } from "../../coordinator/rpc/grpc_server.ts";
import { serveCoordinator } from "../../coordinator/rpc/server.ts";
import { RULES_COMMON } from "../../coordinator/state/state.ts";
import type { Storage } from "../../coordinator/storage.ts";
import { systemClock } from "../../shared/clock.ts";
import { FailureError, messageOf } from "../../shared/errors.ts";
import type { ServeEvent } from "../documents/fleet_documents.ts";
import type { CoordinatorMonitor } from "./coordinator_monitor.ts";
import { advertised, writeEndpoint } from "./endpoint_file.ts";
import type { ServeOptions } from "./serve_options.ts";
import { sayGoodbye, sweepsOver } from "./until_done.ts";

/** A fleet's workers come within a minute of each other; until then none is taken for the only one. */
const COMPANY_MS = 60_000;
/** Somebody has an hour to make room on a full disk before the sweeps fail. */
const STORAGE_PATIENCE_MS = 3_600_000;

export type EndOfTerm =
  /** A signal, or every sweep is done. */
  | { readonly kind: "over"; readonly why: string }
  /** Another coordinator has, or may have, the journal and the folder. */
  | { readonly kind: "replaced"; readonly why: string };

export interface TermOptions {
  readonly options: ServeOptions;
  readonly storage: Storage;
  readonly listen: { readonly host: string; readonly port: number };
  /** Resolves when somebody wants an end. */
  readonly stop: Promise<string>;
  /** Resolves when the folder belongs to another coordinator. */
  readonly lost: Promise<string>;
  /** Called when the journal has been read, before anybody is served. */
  readonly ready: () => void;
  readonly monitor: CoordinatorMonitor;
  readonly announce: (event: ServeEvent) => void;
}

/** What the active coordinator does, from the reading of its journal to its end. */
export async function serveTerm(term: TermOptions): Promise<EndOfTerm> {
  const { options, storage, listen, stop, lost, ready, monitor, announce } = term;
  const { results, shardSeconds, leaseSeconds } = options;
  const lease = { lease_ms: 1000 * leaseSeconds, renew_ms: (1000 * leaseSeconds) / 6 };
  const coordinator = await Coordinator.open({
    storage,
    singleSweep: false,
    clock: systemClock,
    observer: monitor.prepare(storage),
    rules: {
      ...RULES_COMMON,
      lease_ms: lease.lease_ms,
      reconnect_ms: lease.lease_ms / 3,
      shard_ms: 1000 * shardSeconds,
      company_ms: COMPANY_MS,
      storage_patience_ms: STORAGE_PATIENCE_MS,
    },
  });
  ready();
  monitor.leads(coordinator, storage.journal.epoch);
  let server: Awaited<ReturnType<typeof serveCoordinator>>;
  try {
    const security = securityOf(options, monitor);
    const { httpPlace } = monitor;
    server = await serveCoordinator(
      coordinator,
      listen.host,
      listen.port,
      lease,
      security,
      httpPlace,
    );
    if (options.endpointFile !== undefined) {
      const port = Number(server.address.slice(server.address.lastIndexOf(":") + 1));
      const address = advertised({ host: listen.host, port }, options.advertise);
      await writeEndpoint(options.endpointFile, address);
    }
  } catch (error) {
    await monitor.standsBy(messageOf(error));
    await coordinator.close();
    throw error;
  }
  monitor.log.info(`coordinator listens on ${server.address}, results in ${results}`);
  announce({
    listening: { address: server.address, http: monitor.url ?? null, leads: true, results },
  });
  const replaced = (why: string) => ({ kind: "replaced", why }) as const;
  const end = await Promise.race([
    stop.then((why) => ({ kind: "over", why }) as const),
    lost.then(replaced),
    storage.journal.lost.then(replaced),
    ...(options.untilDone === undefined ? [] : [sweepsOver(coordinator, systemClock)]),
  ]);
  const ended = monitor.standsBy("kind" in end ? end.why : "every sweep is done");
  if ("kind" in end && end.kind === "replaced") {
    server.abandon();
    ended.catch(() => {});
    return end;
  }
  await ended;
  if (!("kind" in end)) await sayGoodbye(coordinator, options.untilDone!, end, systemClock);
  await server.close();
  return "kind" in end ? end : { kind: "over", why: "every sweep is done" };
}

/** Who may call, from the credentials; without them everybody may. @throws UsageError */
export function securityOf(
  { credentials }: ServeOptions,
  monitor: CoordinatorMonitor,
): ServerSecurity {
  const log = (line: string) => monitor.log.info(line);
  const { interceptors } = monitor;
  return credentials === undefined
    ? { log, interceptors }
    : {
        ...{ log, interceptors, access: new Access(credentials, systemClock, log) },
        refused: ({ path, peer, reason }) =>
          monitor.log.warn("call refused", { method: path, peer, error: reason }),
      };
}

/** What people are told when a coordinator is replaced. */
export function replacedError(results: string, why: string): FailureError {
  return new FailureError({
    place: results,
    problem: `this coordinator leads no more: ${why}`,
    fix: "nothing is lost: workers and clients find the one that does",
  });
}
