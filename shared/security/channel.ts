import { createSecureContext } from "node:tls";
import * as grpc from "@grpc/grpc-js";
import { systemClock } from "../clock.ts";
import type { Connection } from "../connection.ts";
import { UsageError } from "../errors.ts";
import { COORDINATOR_NAME, readClientCredentials } from "./credentials.ts";
import { isLoopback } from "./loopback.ts";

/** How a client secures its channel to one address. */
export interface ChannelSecurity {
  readonly credentials: grpc.ChannelCredentials;
  readonly options: grpc.ChannelOptions;
}

/**
 * TLS with a role folder's certificate and token; without a folder nothing, which is for this machine
 * only unless it is asked for. @throws UsageError if the folder cannot be used, or is needed
 */
export function channelSecurity(
  address: string,
  { credentials: folder, insecure }: Pick<Connection, "credentials" | "insecure">,
): ChannelSecurity {
  if (folder === undefined) {
    if (insecure !== true && !isLoopback(address.slice(0, address.lastIndexOf(":")))) {
      throw new UsageError({
        place: address,
        problem: "the coordinator is on another machine, and no credentials are given",
        fix: "give a folder of `phasesweep certs` with --credentials DIR, or --insecure on a network where everybody may read and change everything",
      });
    }
    return { credentials: grpc.credentials.createInsecure(), options: {} };
  }
  const { ca, cert, key, token } = readClientCredentials(folder, systemClock.wallMs());
  const context = createSecureContext({ ca, cert, key, minVersion: "TLSv1.3" });
  const metadata = new grpc.Metadata();
  metadata.set("authorization", `Bearer ${token}`);
  const withToken = grpc.credentials.createFromMetadataGenerator((_call, give) =>
    give(null, metadata),
  );
  return {
    credentials: grpc.credentials.combineChannelCredentials(
      grpc.ChannelCredentials.createFromSecureContext(context),
      withToken,
    ),
    // The certificate has this name, whatever the address is.
    options: {
      "grpc.ssl_target_name_override": COORDINATOR_NAME,
      "grpc.default_authority": COORDINATOR_NAME,
    },
  };
}
