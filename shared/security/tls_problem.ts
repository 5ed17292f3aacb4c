import { connect, type TLSSocket } from "node:tls";
import * as grpc from "@grpc/grpc-js";
import { afterUnheld, sleep, systemClock } from "../clock.ts";
import { messageOf } from "../errors.ts";
import { COORDINATOR_NAME, type Identity, readIdentity } from "./credentials.ts";

/** Where nothing comes for so long, credentials are not what is wrong. */
const ANSWER_MS = 3_000;

/** A coordinator that dies during a handshake does not answer the next one, which comes after so long. */
const AGAIN_MS = 300;

/** What OpenSSL says, and what it means here. */
const MEANINGS: readonly (readonly [RegExp, string])[] = [
  [
    /ALERT_UNKNOWN_CA|ALERT_BAD_CERTIFICATE|ALERT_CERTIFICATE_UNKNOWN|DECRYPT_ERROR/,
    "the coordinator does not believe the certificate of this side: another CA made it",
  ],
  [/ALERT_CERTIFICATE_EXPIRED/, "the coordinator finds the certificate of this side expired"],
  [/ALERT_CERTIFICATE_REQUIRED/, "the coordinator asks for a certificate"],
  [
    /SELF_SIGNED|UNABLE_TO_VERIFY|UNABLE_TO_GET|CERT_SIGNATURE_FAILURE|CERT_UNTRUSTED|INVALID_CA/,
    "the coordinator's certificate is not of the CA in ca.pem",
  ],
  [/^CERT_HAS_EXPIRED/, "the coordinator's certificate has expired"],
  [/^CERT_NOT_YET_VALID/, "the coordinator's certificate is not valid yet: see the clocks"],
  [/ALTNAME_INVALID|INVALID_PURPOSE/, "the certificate that answers there is no coordinator's"],
  [/WRONG_VERSION_NUMBER|PACKET_LENGTH/, "what answers there does not speak TLS"],
];

/**
 * Why a call was not taken, where that is for the caller's credentials; undefined if it is for
 * anything else. gRPC says of a failed handshake only that there is no connection, so it is made once
 * more to hear the reason.
 */
export async function credentialProblem(
  error: unknown,
  address: string,
  folder: string | undefined,
): Promise<string | undefined> {
  const { code, details } = error as grpc.ServiceError;
  if (code === grpc.status.UNAUTHENTICATED || code === grpc.status.PERMISSION_DENIED) {
    return details;
  }
  if (code !== grpc.status.UNAVAILABLE || folder === undefined) return undefined;
  let identity: Identity;
  try {
    identity = readIdentity(folder, systemClock.wallMs());
  } catch (problem) {
    return messageOf(problem);
  }
  const problem = await handshakeProblem(address, identity);
  if (problem !== HUNG_UP) return problem;
  await sleep(systemClock, AGAIN_MS);
  return handshakeProblem(address, identity);
}

/** A server in Node ends such connections without saying why. */
const HUNG_UP =
  "the coordinator hung up on the certificate of this side: another CA made it, or it is not valid by the coordinator's clock";

function handshakeProblem(
  address: string,
  { ca, cert, key }: Identity,
): Promise<string | undefined> {
  const at = address.lastIndexOf(":");
  const host = address.slice(0, at).replace(/^\[(.*)\]$/, "$1");
  return new Promise((resolve) => {
    let socket: TLSSocket | undefined;
    const end = (problem: string | undefined) => {
      cancel();
      socket?.destroy();
      resolve(problem);
    };
    const cancel = afterUnheld(ANSWER_MS, () => end(undefined));
    socket = connect({
      ...{ host, port: Number(address.slice(at + 1)), ca, cert, key },
      ...{ servername: COORDINATOR_NAME, ALPNProtocols: ["h2"], minVersion: "TLSv1.3" },
    });
    let isSecure = false;
    socket.on("secureConnect", () => {
      isSecure = true;
    });
    // The coordinator speaks first, once it believes this side.
    socket.on("data", () => end(undefined));
    socket.on("end", () => end(isSecure ? HUNG_UP : undefined));
    socket.on("close", () => end(undefined));
    socket.on("error", (error: NodeJS.ErrnoException) => {
      const found = MEANINGS.find(([code]) => code.test(error.code ?? ""));
      end(found?.[1]);
    });
  });
}
