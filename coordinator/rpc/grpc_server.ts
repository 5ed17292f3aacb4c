import * as grpc from "@grpc/grpc-js";
import { systemClock } from "../../shared/clock.ts";
import { coordinatorService, newServer } from "../../shared/rpc.ts";
import type { Access } from "../access/access.ts";
import { authorisation, type RefusedCall } from "../access/authorisation.ts";
import { callLimits } from "../access/call_limits.ts";
import { Connections } from "../access/connections.ts";
import { oneStatus } from "../access/one_status.ts";
import { withCheckedRequests } from "../access/requests.ts";
import { Health } from "./health.ts";
import { addReflection } from "./reflection.ts";

export interface ServerSecurity {
  /** Who may call what; without it everybody may call everything, without TLS. */
  readonly access?: Access;
  readonly log?: (line: string) => void;
  /** Hears of calls that their callers may not make. */
  readonly refused?: (call: RefusedCall) => void;
  /** What sees every call before it is authorised, the first the nearest to the wire. */
  readonly interceptors?: readonly grpc.ServerInterceptor[];
}

/** A gRPC server that listens, for a coordinator that is active or stands by. */
export interface ListeningServer {
  /** The port that was bound. */
  readonly port: number;
  readonly health: Health;
  /** Ends every stream and frees the port. */
  close(): void;
}

/**
 * The coordinator's service with what every server of gRPC has: health and reflection. Port 0 takes
 * a free one. @throws FailureError if it cannot listen
 */
export async function openServer(
  handlers: grpc.UntypedServiceImplementation,
  host: string,
  port: number,
  { access, log = () => {}, interceptors = [], refused }: ServerSecurity,
): Promise<ListeningServer> {
  const authorised = access === undefined ? [] : [authorisation(access, refused)];
  const server = newServer([oneStatus, ...interceptors, callLimits(systemClock), ...authorised]);
  server.addService(withCheckedRequests(coordinatorService), handlers);
  const health = new Health();
  health.addTo(server);
  addReflection(server);
  const credentials = access?.tls ?? grpc.ServerCredentials.createInsecure();
  const connections = await Connections.open(server, host, port, credentials, log);
  access?.start();
  return {
    port: connections.port,
    health,
    close() {
      access?.close();
      connections.close();
      server.forceShutdown();
    },
  };
}
