import { type ClientRequest, Agent as HttpAgent, request as httpRequest } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import * as grpc from "@grpc/grpc-js";
import type { Clock } from "../../shared/clock.ts";
import { type Connection, coordinatorAddresses } from "../../shared/connection.ts";
import { FailureError, messageOf, UsageError } from "../../shared/errors.ts";
import type { GetStatusResponse__Output } from "../../shared/generated/phasesweep/v1/GetStatusResponse.ts";
import type { HttpPlace__Output } from "../../shared/generated/phasesweep/v1/HttpPlace.ts";
import { call, connectCoordinator } from "../../shared/rpc.ts";
import { COORDINATOR_NAME, readClientCredentials } from "../../shared/security/credentials.ts";

/** A coordinator that leads answers within so long. */
const LOOK_MS = 3_000;

/** The HTTP port of a coordinator, and what it is shown there. */
export interface Upstream {
  readonly address: string;
  /** Begins a request; its headers are those given and our own. */
  send(method: string, path: string, headers: Readonly<Record<string, string>>): ClientRequest;
  close(): void;
}

/** The credentials are none, or a coordinator that leads takes no calls from them, or no more. */
export class NotAllowed extends Error {}

const NOT_ALLOWED: readonly unknown[] = [
  grpc.status.UNAUTHENTICATED,
  grpc.status.PERMISSION_DENIED,
];

/**
 * Finds the coordinator that leads: the one that answers GetStatus. Its certificate is held against
 * the one name that all coordinators have, wherever they are. @throws FailureError, UsageError,
 * NotAllowed
 */
export async function findUpstream(connection: Connection, clock: Clock): Promise<Upstream> {
  const problems: string[] = [];
  let refused: string | undefined;
  const asked = coordinatorAddresses(connection).map(async (address) => {
    try {
      return { address, status: await statusOf(address, connection, clock) };
    } catch (error) {
      const { code, details } = error as Partial<grpc.ServiceError>;
      problems.push(`${address}: ${details ?? messageOf(error)}`);
      if (NOT_ALLOWED.includes(code) || error instanceof UsageError) {
        refused ??= details ?? messageOf(error);
      }
      throw error;
    }
  });
  const { address, status } = await Promise.any(asked).catch(() => {
    if (refused !== undefined) throw new NotAllowed(refused);
    throw new FailureError({
      place: connection.coordinator,
      problem: `no coordinator leads there now (${problems.join("; ")})`,
      fix: "it is looked for again with every request; `phasesweep health` says what answers",
    });
  });
  if (status.http === null) {
    throw new FailureError({
      place: address,
      problem: "this coordinator has no HTTP port",
      fix: "start it with `phasesweep serve --http HOST:PORT`",
    });
  }
  return upstreamOf(address, status.http, connection, clock);
}

async function statusOf(
  address: string,
  connection: Connection,
  clock: Clock,
): Promise<GetStatusResponse__Output> {
  const client = connectCoordinator(address, connection);
  try {
    const deadline = new Date(clock.wallMs() + LOOK_MS);
    return await call<GetStatusResponse__Output>((callback) =>
      client.GetStatus({}, { deadline }, callback),
    );
  } finally {
    client.close();
  }
}

function upstreamOf(
  address: string,
  { scheme, host: stated, port }: HttpPlace__Output,
  { credentials }: Connection,
  clock: Clock,
): Upstream {
  const grpcHost = address.slice(0, address.lastIndexOf(":"));
  const host = (stated === "" ? grpcHost : stated).replace(/^\[(.*)\]$/, "$1");
  const place = { host, port };
  if (scheme !== "https" || credentials === undefined) {
    const agent = new HttpAgent({ keepAlive: true });
    return {
      address: `${host}:${port}`,
      send: (method, path, headers) =>
        // No browser asks here, and a coordinator on loopback answers to no other name.
        httpRequest({ ...place, agent, method, path, headers: { ...headers, host: "localhost" } }),
      close: () => agent.destroy(),
    };
  }
  const { ca, cert, key, token } = readClientCredentials(credentials, clock.wallMs());
  const agent = new HttpsAgent({
    ...{ keepAlive: true, ca, cert, key, servername: COORDINATOR_NAME, minVersion: "TLSv1.3" },
  });
  return {
    address: `${host}:${port}`,
    send: (method, path, headers) =>
      httpsRequest({
        ...{ ...place, agent, method, path, servername: COORDINATOR_NAME },
        headers: { ...headers, authorization: `Bearer ${token}` },
      }),
    close: () => agent.destroy(),
  };
}
