import * as grpc from "@grpc/grpc-js";
import { type Clock, sleep, systemClock } from "../shared/clock.ts";
import { type Connection, coordinatorAddresses, mayMove } from "../shared/connection.ts";
import { FailureError, UsageError } from "../shared/errors.ts";
import type { CoordinatorClient } from "../shared/generated/phasesweep/v1/Coordinator.ts";
import type { SweepStatus__Output } from "../shared/generated/phasesweep/v1/SweepStatus.ts";
import { call, connectCoordinator } from "../shared/rpc.ts";
import { credentialProblem } from "../shared/security/tls_problem.ts";

/** A coordinator that may move is looked for so long: a standby takes over within ten seconds. */
const MOVING_PATIENCE_MS = 30_000;
const LOOK_AGAIN_MS = 500;
/** An address whose host is gone is given up so soon, as another one may answer. */
const LOOK_MS = 6_000;

/**
 * Runs `use` with a client of the active coordinator, and puts its errors into the user's words.
 * @throws FailureError if none answers
 */
export async function withCoordinator<T>(
  connection: Connection,
  use: (client: CoordinatorClient) => Promise<T>,
): Promise<T> {
  const client = mayMove(connection)
    ? await findCoordinator(connection, systemClock)
    : connectCoordinator(coordinatorAddresses(connection)[0]!, connection);
  try {
    return await use(client);
  } catch (error) {
    throw await explained(error, connection);
  } finally {
    client.close();
  }
}

/** The client of the one that is active, of several or of those named in a file. */
async function findCoordinator(connection: Connection, clock: Clock): Promise<CoordinatorClient> {
  const began = clock.nowMs();
  for (;;) {
    let problem: unknown;
    try {
      for (const address of coordinatorAddresses(connection)) {
        const client = connectCoordinator(address, connection);
        const error = await whyNotActive(client, clock);
        if (error === undefined) return client;
        client.close();
        problem ??= error;
      }
    } catch (error) {
      // The file may come yet.
      if (error instanceof UsageError) throw error;
      problem = error;
    }
    if (clock.nowMs() - began > MOVING_PATIENCE_MS) throw await explained(problem, connection);
    await sleep(clock, LOOK_AGAIN_MS);
  }
}

/** Undefined if a coordinator answers there, whatever it says: a standby is not available. */
function whyNotActive(client: CoordinatorClient, clock: Clock): Promise<unknown> {
  const deadline = new Date(clock.wallMs() + LOOK_MS);
  return call((callback) => client.FindDatasets({ digests: [] }, { deadline }, callback)).then(
    () => undefined,
    (error: grpc.ServiceError) => (isAway(error) ? error : undefined),
  );
}

function isAway({ code }: grpc.ServiceError): boolean {
  return code === grpc.status.UNAVAILABLE || code === grpc.status.DEADLINE_EXCEEDED;
}

/**
 * Follows a sweep until it is done or has failed, from one coordinator to the next that takes over,
 * and returns its last status. @throws FailureError if none answers for half a minute
 */
export async function followSweep(
  connection: Connection,
  sweep: string,
  onStatus: (status: SweepStatus__Output) => void,
): Promise<SweepStatus__Output> {
  for (let began = systemClock.nowMs(); ; ) {
    try {
      return await withCoordinator(connection, (client) =>
        watchSweep(client, sweep, (status) => {
          began = systemClock.nowMs();
          onStatus(status);
        }),
      );
    } catch (error) {
      const patience_ms = mayMove(connection) ? MOVING_PATIENCE_MS : 0;
      const isLost = error instanceof CoordinatorAway;
      if (!isLost || systemClock.nowMs() - began > patience_ms) throw error;
      await sleep(systemClock, LOOK_AGAIN_MS);
    }
  }
}

/** Follows a sweep on one line. @throws grpc.ServiceError when that breaks */
export function watchSweep(
  client: CoordinatorClient,
  sweep: string,
  onStatus: (status: SweepStatus__Output) => void,
): Promise<SweepStatus__Output> {
  return new Promise((resolve, reject) => {
    const stream = client.Watch({ sweep });
    let last: SweepStatus__Output | undefined;
    stream.on("data", (status: SweepStatus__Output) => {
      last = status;
      onStatus(status);
    });
    stream.on("error", reject);
    stream.on("end", () => {
      if (last !== undefined) resolve(last);
    });
  });
}

/** No coordinator answers, for now. */
export class CoordinatorAway extends FailureError {}

async function explained(error: unknown, connection: Connection): Promise<unknown> {
  const { coordinator, credentials } = connection;
  const [address = ""] = isAway(error as grpc.ServiceError) ? coordinatorAddresses(connection) : [];
  const refusal = await credentialProblem(error, address, credentials);
  if (refusal !== undefined) {
    const fix = "`phasesweep certs` makes and renews credentials";
    return new FailureError({ place: coordinator, problem: `not allowed: ${refusal}`, fix });
  }
  if (isAway(error as grpc.ServiceError)) {
    return new CoordinatorAway({
      place: coordinator,
      problem: "no coordinator answers there",
      fix: "start one with `phasesweep serve`, or give its address with --coordinator HOST:PORT",
    });
  }
  const { details } = error as grpc.ServiceError;
  return typeof details === "string" && details !== ""
    ? new Error(details, { cause: error })
    : error;
}
