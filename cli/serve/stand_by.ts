import { hostname } from "node:os";
import { Candidate } from "../../coordinator/journal/candidate.ts";
import { Leadership } from "../../coordinator/journal/leadership.ts";
import type { JournalPlace } from "../../coordinator/journal/postgres_client.ts";
import type { ServerSecurity } from "../../coordinator/rpc/grpc_server.ts";
import { serveStandby } from "../../coordinator/rpc/standby.ts";
import { type Clock, sleep } from "../../shared/clock.ts";
import { messageOf } from "../../shared/errors.ts";

/** A standby asks so often whether nobody leads. */
const LOOK_MS = 500;

export interface StandByOptions {
  readonly place: JournalPlace;
  readonly lease_ms: number;
  readonly listen: { readonly host: string; readonly port: number };
  /** The address under which others reach this coordinator, given its port. */
  readonly address: (port: number) => string;
  readonly security: () => ServerSecurity;
  readonly clock: Clock;
  readonly isStopped: () => boolean;
  readonly note: (line: string) => void;
  /** Hears who leads, in words, each time that it is another one. */
  readonly leaderIs: (text: string) => void;
  /** Hears at which address it stands by, if it does not lead at once. */
  readonly standsBy: (address: string) => void;
}

/** The lead, and the port at which this process was answering until then. */
export interface Elected {
  readonly leadership: Leadership;
  readonly port: number;
  /** Ends the standby's server, which answers until the coordinator is ready. */
  readonly stopStandingBy: () => void;
}

/**
 * Waits until this process leads, and meanwhile tells whoever calls that it does not. A database
 * that cannot be reached is waited for. Resolves with undefined when somebody wants an end.
 * @throws FailureError if it cannot listen
 */
export async function standBy(options: StandByOptions): Promise<Elected | undefined> {
  const { place, lease_ms, listen, security, clock, isStopped, note } = options;
  let leader = "nobody leads yet";
  const server = await serveStandby(listen.host, listen.port, () => leader, security());
  const candidate = new Candidate({
    ...{ place, clock, lease_ms },
    holder: `${hostname()}, process ${process.pid}`,
    address: options.address(server.port),
  });
  for (let said = ""; !isStopped(); await sleep(clock, LOOK_MS)) {
    try {
      const taken = await candidate.ask();
      if (taken instanceof Leadership) {
        return { leadership: taken, port: server.port, stopStandingBy: () => server.close() };
      }
      leader = `the active one is at ${taken.address} (${taken.holder})`;
    } catch (error) {
      leader = messageOf(error);
    }
    if (leader !== said) {
      note(`standing by at port ${server.port}: ${leader}`);
      options.leaderIs(leader);
      if (said === "") options.standsBy(`${listen.host}:${server.port}`);
    }
    said = leader;
  }
  candidate.close();
  server.close();
  return undefined;
}
