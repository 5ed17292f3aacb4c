import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { messageOf, UsageError } from "../errors.ts";

/** The files of a role folder, as `phasesweep certs` makes it. */
export const CREDENTIAL_FILES = {
  authority: "ca.pem",
  certificate: "cert.pem",
  key: "key.pem",
  token: "token",
  tokens: "tokens.json",
} as const;

/** The name that the coordinator's certificate proves, whatever address it has. */
export const COORDINATOR_NAME = "coordinator.phasesweep.internal";

/** Whom this process can prove to be, and whom it believes. All PEM. */
export interface Identity {
  readonly ca: Buffer;
  readonly cert: Buffer;
  readonly key: Buffer;
}

/** Of a client: a secret besides, which the coordinator knows by its hash. */
export interface ClientCredentials extends Identity {
  readonly token: string;
}

/** @throws UsageError unless the folder has a certificate that is valid now, with its key */
export function readIdentity(folder: string, now_ms: number): Identity {
  const { authority, certificate, key } = CREDENTIAL_FILES;
  const identity = {
    ca: readCredential(folder, authority),
    cert: readCredential(folder, certificate),
    key: readCredential(folder, key),
  };
  const cert = part(folder, certificate, () => new X509Certificate(identity.cert));
  part(folder, authority, () => new X509Certificate(identity.ca));
  const isPair = part(folder, key, () => cert.checkPrivateKey(createPrivateKey(identity.key)));
  if (!isPair) throw unusable(folder, `${key} is not the key of ${certificate}`);
  if (now_ms > Date.parse(cert.validTo)) {
    throw new UsageError({
      place: join(folder, certificate),
      problem: `the certificate expired on ${cert.validTo}`,
      fix: "renew it with `phasesweep certs DIR --renew` and copy the folder here again",
    });
  }
  if (now_ms < Date.parse(cert.validFrom)) {
    throw new UsageError({
      place: join(folder, certificate),
      problem: `the certificate is not valid before ${cert.validFrom}`,
      fix: "set the clock of this machine",
    });
  }
  return identity;
}

/** @throws UsageError as readIdentity does, and without a token */
export function readClientCredentials(folder: string, now_ms: number): ClientCredentials {
  const identity = readIdentity(folder, now_ms);
  const token = readCredential(folder, CREDENTIAL_FILES.token).toString("utf8").trim();
  // What is wrong is said without what stands there.
  if (!/^[A-Za-z0-9_-]+$/.test(token)) throw unusable(folder, "its token is none");
  return { ...identity, token };
}

/** The bytes of a file of a role folder. @throws UsageError if it cannot be read */
export function readCredential(folder: string, file: string): Buffer {
  try {
    return readFileSync(join(folder, file));
  } catch (error) {
    throw unusable(folder, messageOf(error));
  }
}

function part<T>(folder: string, file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw unusable(folder, `${file} cannot be read: ${messageOf(error)}`);
  }
}

function unusable(folder: string, problem: string): UsageError {
  return new UsageError({
    place: `--credentials ${folder}`,
    problem,
    fix: "give a role folder that `phasesweep certs` made, such as DIR/work",
  });
}
