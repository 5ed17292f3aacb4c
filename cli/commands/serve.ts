import { Coordinator } from "../../coordinator/coordinator.ts";
import { serveCoordinator } from "../../coordinator/server.ts";
import { RULES_COMMON } from "../../coordinator/state/state.ts";
import { FolderStorage } from "../../coordinator/storage.ts";
import { systemClock } from "../../shared/clock.ts";
import { advertised, writeEndpoint } from "../endpoint_file.ts";
import { onSignals } from "../signals.ts";

export interface ServeOptions {
  readonly results: string;
  readonly listen: { readonly host: string; readonly port: number };
  /** A folder of `phasesweep certs`. */
  readonly credentials?: string;
  readonly insecure?: boolean;
  /** A file that says where this coordinator is. */
  readonly endpointFile?: string;
  /** What it says there, if not what follows from `listen`. */
  readonly advertise?: { readonly host: string; readonly port: number };
  /** How long a shard should compute. */
  readonly shardSeconds: number;
  /** How long a worker may be silent before its work is given to others. */
  readonly leaseSeconds: number;
}

/** A fleet's workers come within a minute of each other; until then none is taken for the only one. */
const COMPANY_MS = 60_000;
/** Somebody has an hour to make room on a full disk before the sweeps fail. */
const STORAGE_PATIENCE_MS = 3_600_000;

/** A coordinator for workers elsewhere; runs until a signal ends it. Resolves with the exit code. */
export async function serveCommand(options: ServeOptions): Promise<number> {
  const { results, listen, shardSeconds, leaseSeconds } = options;
  const lease = { lease_ms: 1000 * leaseSeconds, renew_ms: (1000 * leaseSeconds) / 6 };
  const coordinator = await Coordinator.open({
    storage: await FolderStorage.open(results, false),
    singleSweep: false,
    clock: systemClock,
    rules: {
      ...RULES_COMMON,
      lease_ms: lease.lease_ms,
      reconnect_ms: lease.lease_ms / 3,
      shard_ms: 1000 * shardSeconds,
      company_ms: COMPANY_MS,
      storage_patience_ms: STORAGE_PATIENCE_MS,
    },
  });
  let server: Awaited<ReturnType<typeof serveCoordinator>>;
  try {
    server = await serveCoordinator(coordinator, listen.host, listen.port, lease);
    if (options.endpointFile !== undefined) {
      const port = Number(server.address.slice(server.address.lastIndexOf(":") + 1));
      const address = advertised({ host: listen.host, port }, options.advertise);
      await writeEndpoint(options.endpointFile, address);
    }
  } catch (error) {
    await coordinator.close();
    throw error;
  }
  process.stderr.write(`coordinator listens on ${server.address}, results in ${results}\n`);
  await new Promise<void>((resolve) => onSignals(["SIGINT", "SIGTERM"], () => resolve()));
  process.stderr.write("stopping; everything committed is in the journal\n");
  await server.close();
  return 0;
}
