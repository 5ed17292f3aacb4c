import * as grpc from "@grpc/grpc-js";
import type { Identity } from "../../shared/security/credentials.ts";

/** A handshake takes three flights; one that has not ended after so long is held open on purpose. */
const HANDSHAKE_MS = 10_000;

/** TLS 1.3 in which both sides prove who they are, with certificates that can be replaced. */
export class MutualTls extends grpc.ServerCredentials {
  constructor({ ca, cert, key }: Identity) {
    super(
      {
        requestCert: true,
        rejectUnauthorized: true,
        minVersion: "TLSv1.3",
        handshakeTimeout: HANDSHAKE_MS,
      },
      { ca, cert, key, minVersion: "TLSv1.3" },
    );
  }

  /** New connections see the new certificate. */
  replace({ ca, cert, key }: Identity): void {
    this.updateSecureContextOptions({ ca, cert, key, minVersion: "TLSv1.3" });
  }

  override _equals(other: grpc.ServerCredentials): boolean {
    return this === other;
  }
}
