import { X509Certificate } from "node:crypto";
import { type Metadata, type ServiceError, status as STATUS } from "@grpc/grpc-js";
import type { Clock } from "../../shared/clock.ts";
import type { Connection } from "../../shared/connection.ts";
import { coordinatorAddresses } from "../../shared/connection.ts";
import type { GetStatusResponse__Output } from "../../shared/generated/phasesweep/v1/GetStatusResponse.ts";
import { KERNEL_VERSIONS } from "../../shared/kernel_version.ts";
import { packageVersion } from "../../shared/package_info.ts";
import { protocolProblem, statedVersion } from "../../shared/protocol.ts";
import { connectCoordinator } from "../../shared/rpc.ts";
import { readClientCredentials, readIdentity } from "../../shared/security/credentials.ts";
import { explained } from "../coordinator_client.ts";
import { type Check, failedCheck, ok, problem, warning } from "./check.ts";

const ANSWER_MS = 5_000;
const DAY_MS = 86_400_000;
/** A certificate that ends sooner is to be renewed. */
const CERTIFICATE_DAYS_MIN = 14;
/** Tokens and certificates have ends, so clocks should agree to this. */
const CLOCK_DIFFERENCE_MS_MAX = 30_000;

/** Whether the certificates and the token of a folder can be used, and how long. */
export function credentialsCheck(folder: string, clock: Clock): Check {
  const check = "credentials";
  try {
    const now_ms = clock.wallMs();
    readClientCredentials(folder, now_ms);
    const { cert } = readIdentity(folder, now_ms);
    const { validTo } = new X509Certificate(cert);
    const days = Math.floor((Date.parse(validTo) - now_ms) / DAY_MS);
    const found = `${folder}: valid until ${validTo}`;
    return days < CERTIFICATE_DAYS_MIN
      ? warning(check, found, "renew them with `phasesweep certs DIR --renew`", true)
      : ok(check, found, true);
  } catch (error) {
    return failedCheck(check, error, true);
  }
}

/** Whether a coordinator answers, what these credentials may do there, and who computes for it. */
export async function coordinatorChecks(connection: Connection, clock: Clock): Promise<Check[]> {
  const check = "coordinator";
  const checks: Check[] = [];
  try {
    for (const address of coordinatorAddresses(connection)) {
      try {
        const answer = await askStatus(address, connection, clock);
        checks.push(...answerChecks(address, answer));
      } catch (error) {
        checks.push(await refusedCheck(error, { ...connection, coordinator: address }));
      }
    }
  } catch (error) {
    return [failedCheck(check, error, true)];
  }
  // Of several, standbys refuse: one that leads is enough.
  const isLed = checks.some((each) => each.check === check && each.state !== "problem");
  return isLed
    ? checks.map((each) =>
        each.check === check && each.state === "problem" ? { ...each, state: "warning" } : each,
      )
    : checks;
}

/** Whoever computes may not look, which is as it should be. */
async function refusedCheck(error: unknown, connection: Connection): Promise<Check> {
  const { code, details } = error as Partial<ServiceError>;
  const role = code === STATUS.PERMISSION_DENIED && / has (\w+)/.exec(details ?? "")?.[1];
  return role === "work"
    ? ok("coordinator", `${connection.coordinator} leads; these credentials may work`, true)
    : failedCheck("coordinator", await explained(error, connection), true);
}

interface Answer {
  readonly status: GetStatusResponse__Output;
  /** What the coordinator's clock is ahead of ours, milliseconds; undefined if it did not say. */
  readonly ahead_ms: number | undefined;
}

function askStatus(address: string, connection: Connection, clock: Clock): Promise<Answer> {
  const client = connectCoordinator(address, connection);
  const deadline = new Date(clock.wallMs() + ANSWER_MS);
  return new Promise<Answer>((resolve, reject) => {
    let ahead_ms: number | undefined;
    const call = client.GetStatus({}, { deadline }, (error, status) => {
      if (error !== null || status === undefined) reject(error ?? new Error("empty response"));
      else resolve({ status, ahead_ms });
    });
    call.on("metadata", (metadata: Metadata) => {
      const [date] = metadata.get("date");
      if (date === undefined) return;
      // A date is of whole seconds, so the middle of one is the best guess.
      ahead_ms = Date.parse(String(date)) + 500 - clock.wallMs();
    });
  }).finally(() => client.close());
}

/** What an answer shows. */
export function answerChecks(address: string, { status, ahead_ms }: Answer): Check[] {
  const { version, protocol, sweeps, workers } = status;
  const theirs = { role: "coordinator", version, protocol };
  const conflict = protocolProblem(theirs, { role: "this side", version: packageVersion });
  const found = `${address} leads: version ${statedVersion(version)}, ${sweeps.length} sweeps; these credentials may read`;
  const checks: Check[] = [
    conflict === undefined
      ? ok("coordinator", found, true)
      : problem("coordinator", conflict, "install the same release on both sides", true),
  ];
  if (ahead_ms !== undefined) {
    const seconds = Math.round(Math.abs(ahead_ms) / 1000);
    checks.push(
      Math.abs(ahead_ms) > CLOCK_DIFFERENCE_MS_MAX
        ? warning("clock", `${seconds} s from the coordinator's`, "set the clocks, by NTP", true)
        : ok("clock", `as the coordinator's, to ${Math.max(1, seconds)} s`, true),
    );
  }
  const connected = workers.filter((worker) => worker.connected);
  const strangers = connected.filter(
    ({ kernelVersions }) =>
      kernelVersions.length > 0 && !kernelVersions.some((each) => KERNEL_VERSIONS.includes(each)),
  );
  if (connected.length === 0) {
    const fix = `\`phasesweep worker --coordinator ${address}\` on machines that are to compute`;
    checks.push(warning("workers", "none is connected", fix, true));
  } else if (strangers.length > 0) {
    const versions = [...new Set(strangers.flatMap(({ kernelVersions }) => kernelVersions))];
    checks.push(
      warning(
        "workers",
        `${strangers.length} of ${connected.length} have kernels ${versions.join(", ")}, this release ${KERNEL_VERSIONS.join(", ")}`,
        "upgrade them: cells of a sweep go only to workers that have its kernels",
        true,
      ),
    );
  } else {
    const slots = connected.reduce((sum, worker) => sum + worker.slots, 0);
    checks.push(
      ok(
        "workers",
        `${connected.length} with ${slots} slots, kernels ${KERNEL_VERSIONS.join(", ")}`,
        true,
      ),
    );
  }
  return checks;
}
