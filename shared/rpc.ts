import type { EventEmitter } from "node:events";
import { join } from "node:path";
import * as grpc from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { limitConnecting } from "./connect_timeout.ts";
import type { Connection } from "./connection.ts";
import type { ProtoGrpcType } from "./generated/coordinator.ts";
import type { CoordinatorClient } from "./generated/phasesweep/v1/Coordinator.ts";
import { CALLS_PER_CONNECTION_MAX, CONNECTION_MEMORY_MB_MAX, MESSAGE_BYTES_MAX } from "./limits.ts";
import { packageRoot } from "./package_info.ts";
import { channelSecurity } from "./security/channel.ts";

/**
 * A peer that fell silent is noticed within keepalive time + timeout: soon, as a worker that does
 * not notice a cut sits on its parts; but not at once, as a process may be starved for a moment.
 */
const CHANNEL_OPTIONS: grpc.ChannelOptions = {
  "grpc.max_receive_message_length": MESSAGE_BYTES_MAX,
  "grpc.max_send_message_length": MESSAGE_BYTES_MAX,
  "grpc.keepalive_time_ms": 3_000,
  "grpc.keepalive_timeout_ms": 2_000,
  "grpc.keepalive_permit_without_calls": 1,
  "grpc.initial_reconnect_backoff_ms": 200,
  "grpc.max_reconnect_backoff_ms": 5_000,
};

// The options of `npm run generate`, so that the generated types tell the truth.
/** The services of a coordinator, and what their messages look like. */
export const protoDefinition = loadSync(
  ["phasesweep/v1/coordinator.proto", "grpc/health/v1/health.proto"],
  {
    includeDirs: [join(packageRoot, "proto")],
    longs: Number,
    enums: String,
    defaults: true,
    oneofs: true,
  },
);

limitConnecting();

const proto = grpc.loadPackageDefinition(protoDefinition) as unknown as ProtoGrpcType;

/** The service definition, for a server. */
export const coordinatorService = proto.phasesweep.v1.Coordinator.service;

/** Its full name. */
export const COORDINATOR_SERVICE = "phasesweep.v1.Coordinator";

/** The health service of gRPC, for a server. */
export const healthService = protoDefinition["grpc.health.v1.Health"] as grpc.ServiceDefinition;

/** `interceptors`: the first is the nearest to the wire. */
export function newServer(interceptors: grpc.ServerInterceptor[] = []): grpc.Server {
  return new grpc.Server({
    ...CHANNEL_OPTIONS,
    "grpc.max_concurrent_streams": CALLS_PER_CONNECTION_MAX,
    "grpc-node.max_session_memory": CONNECTION_MEMORY_MB_MAX,
    interceptors,
  });
}

/**
 * A client of the coordinator at `HOST:PORT`; it connects when first used. @throws UsageError if the
 * credentials cannot be used, or are needed and missing
 */
export function connectCoordinator(
  address: string,
  security: Pick<Connection, "credentials" | "insecure"> = {},
): CoordinatorClient {
  const { credentials, options } = channelSecurity(address, security);
  return new proto.phasesweep.v1.Coordinator(address, credentials, {
    ...CHANNEL_OPTIONS,
    ...options,
  });
}

interface HealthClient extends grpc.Client {
  Check(
    request: { readonly service: string },
    options: grpc.CallOptions,
    callback: (error: grpc.ServiceError | null, answer?: { readonly status: string }) => void,
  ): void;
}

const Health = grpc.makeClientConstructor(
  healthService,
  "grpc.health.v1.Health",
) as unknown as new (
  ...args: ConstructorParameters<typeof grpc.Client>
) => HealthClient;

/**
 * What the health service at `HOST:PORT` says of a service: "SERVING" or "NOT_SERVING"; "" is the
 * process itself. @throws grpc.ServiceError, UsageError as connectCoordinator does
 */
export async function checkHealth(
  address: string,
  security: Pick<Connection, "credentials" | "insecure">,
  service: string,
  deadline: Date,
): Promise<string> {
  const { credentials, options } = channelSecurity(address, security);
  const client = new Health(address, credentials, { ...CHANNEL_OPTIONS, ...options });
  try {
    const { status } = await call<{ readonly status: string }>((callback) =>
      client.Check({ service }, { deadline }, callback),
    );
    return status;
  } finally {
    client.close();
  }
}

/** A unary call as a promise. @throws grpc.ServiceError */
export function call<Response>(
  invoke: (callback: (error: grpc.ServiceError | null, response?: Response) => void) => void,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    invoke((error, response) => {
      if (error !== null || response === undefined) reject(error ?? new Error("empty response"));
      else resolve(response);
    });
  });
}

/** What ends the wait for room in a stream: room, or that nobody reads it any more. */
const ROOM_EVENTS = ["drain", "error", "close", "cancelled"] as const;

/** Resolves when a stream takes more, or is over. */
export function roomIn(stream: EventEmitter): Promise<void> {
  return new Promise((resolve) => {
    const settle = () => {
      for (const event of ROOM_EVENTS) stream.off(event, settle);
      resolve();
    };
    for (const event of ROOM_EVENTS) stream.on(event, settle);
  });
}
