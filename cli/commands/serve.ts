import { Access } from "../../coordinator/access/access.ts";
import { Coordinator } from "../../coordinator/coordinator.ts";
import { serveCoordinator } from "../../coordinator/server.ts";
import { RULES_COMMON } from "../../coordinator/state/state.ts";
import { FolderStorage } from "../../coordinator/storage.ts";
import { systemClock } from "../../shared/clock.ts";
import { EXIT_FAILURE, FailureError, UsageError } from "../../shared/errors.ts";
import { isLoopback } from "../../shared/security/loopback.ts";
import { advertised, writeEndpoint } from "../endpoint_file.ts";
import { holdSharedFolder } from "../shared_folder.ts";
import { onSignals } from "../signals.ts";
import { sayGoodbye, sweepsOver } from "../until_done.ts";

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
  /** Other machines can write to the folder too, and may run a coordinator on it. */
  readonly sharedResults?: boolean;
  /** A file that says how all sweeps ended; the coordinator then leaves. */
  readonly untilDone?: string;
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
  const access = accessOf(options);
  const lease = { lease_ms: 1000 * leaseSeconds, renew_ms: (1000 * leaseSeconds) / 6 };
  const hold = options.sharedResults ? await holdSharedFolder(results, note) : undefined;
  const isHeld = hold && (() => hold.isHeld());
  const coordinator = await Coordinator.open({
    storage: await FolderStorage.open(results, false, { isHeld }),
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
    server = await serveCoordinator(coordinator, listen.host, listen.port, lease, {
      ...(access === undefined ? {} : { access }),
      log: note,
    });
    if (options.endpointFile !== undefined) {
      const port = Number(server.address.slice(server.address.lastIndexOf(":") + 1));
      const address = advertised({ host: listen.host, port }, options.advertise);
      await writeEndpoint(options.endpointFile, address);
    }
  } catch (error) {
    await coordinator.close();
    await hold?.release();
    throw error;
  }
  process.stderr.write(`coordinator listens on ${server.address}, results in ${results}\n`);
  const end = await Promise.race([
    new Promise<"signal">((resolve) => onSignals(["SIGINT", "SIGTERM"], () => resolve("signal"))),
    ...(hold === undefined ? [] : [hold.lost.then((by) => ({ by }))]),
    ...(options.untilDone === undefined ? [] : [sweepsOver(coordinator, systemClock)]),
  ]);
  if (typeof end === "object" && "by" in end) {
    const problem = `this coordinator was silent for too long, and ${end.by} has taken the folder over`;
    const fix = "nothing is lost: workers find the other one";
    note(new FailureError({ place: results, problem, fix }).message);
    // Nothing is closed, as whatever there is in the folder is the other one's.
    process.exit(EXIT_FAILURE);
  }
  if (end !== "signal") await sayGoodbye(coordinator, options.untilDone!, end, systemClock);
  note(
    end === "signal" ? "stopping; everything committed is in the journal" : "every sweep is done",
  );
  await server.close();
  await hold?.release();
  return 0;
}

function note(line: string): void {
  process.stderr.write(`${line}\n`);
}

/**
 * Who may call, from the credentials; undefined: everybody. That is for this machine only, where it
 * is not asked for. @throws UsageError
 */
function accessOf({ listen, credentials, insecure }: ServeOptions): Access | undefined {
  if (credentials !== undefined) return new Access(credentials, systemClock, note);
  if (insecure === true || isLoopback(listen.host)) return undefined;
  throw new UsageError({
    place: `--listen ${listen.host}:${listen.port}`,
    problem: "other machines reach this address, and no credentials are given",
    fix: "give --credentials DIR/coordinator with what `phasesweep certs DIR` makes, or --insecure on a network where everybody may read and change everything",
  });
}
