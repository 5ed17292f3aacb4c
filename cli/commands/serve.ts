import { Coordinator } from "../../coordinator/coordinator.ts";
import { serveCoordinator } from "../../coordinator/server.ts";
import { FolderStorage } from "../../coordinator/storage.ts";
import { systemClock } from "../../shared/clock.ts";
import { onSignals } from "../signals.ts";

export interface ServeOptions {
  readonly results: string;
  readonly listen: { readonly host: string; readonly port: number };
}

const LEASE = { lease_ms: 30_000, renew_ms: 5_000 };
const RULES = {
  lease_ms: LEASE.lease_ms,
  reconnect_ms: 10_000,
  shard_ms: 20_000,
  leases_per_slot: 2,
  losses_max: 10,
};

/** A coordinator for workers elsewhere; runs until a signal ends it. Resolves with the exit code. */
export async function serveCommand({ results, listen }: ServeOptions): Promise<number> {
  const coordinator = await Coordinator.open({
    storage: await FolderStorage.open(results, false),
    singleSweep: false,
    clock: systemClock,
    rules: RULES,
  });
  let server: Awaited<ReturnType<typeof serveCoordinator>>;
  try {
    server = await serveCoordinator(coordinator, listen.host, listen.port, LEASE);
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
