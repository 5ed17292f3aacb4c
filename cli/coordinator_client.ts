import * as grpc from "@grpc/grpc-js";
import { type Clock, sleep, systemClock } from "../shared/clock.ts";
import { type Connection, coordinatorAddresses, mayMove } from "../shared/connection.ts";
import { FailureError, formatProblem, type Problem, UsageError } from "../shared/errors.ts";
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
 * Where another coordinator may take over, `use` begins again with that one, so it must be such that
 * doing it twice is doing it once; it calls `answered` when it gets on, as patience ends at some time.
 * @throws FailureError if none answers
 */
export async function withCoordinator<T>(
  connection: Connection,
  use: (client: CoordinatorClient, answered: () => void) => Promise<T>,
): Promise<T> {
  for (let since = systemClock.nowMs(); ; await sleep(systemClock, LOOK_AGAIN_MS)) {
    const client = mayMove(connection)
      ? await findCoordinator(connection, systemClock)
      : connectCoordinator(coordinatorAddresses(connection)[0]!, connection);
    try {
      return await use(client, () => {
        since = systemClock.nowMs();
      });
    } catch (error) {
      const told = await explained(error, connection);
      const isOver = !mayMove(connection) || systemClock.nowMs() - since > MOVING_PATIENCE_MS;
      if (isOver || !(told instanceof CoordinatorAway)) throw told;
    } finally {
      client.close();
    }
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

/** What calls end with when their coordinator dies, leaves, or only stands by. */
const AWAY: readonly grpc.status[] = [
  grpc.status.UNAVAILABLE,
  grpc.status.DEADLINE_EXCEEDED,
  grpc.status.CANCELLED,
];

function isAway({ code }: grpc.ServiceError): boolean {
  return AWAY.includes(code);
}

/**
 * Follows a sweep until it is done or has failed, from one coordinator to the next that takes over,
 * and returns its last status. @throws FailureError if none answers for half a minute
 */
export function followSweep(
  connection: Connection,
  sweep: string,
  onStatus: (status: SweepStatus__Output) => void,
): Promise<SweepStatus__Output> {
  return withCoordinator(connection, (client, answered) =>
    watchSweep(client, sweep, (status) => {
      answered();
      onStatus(status);
    }),
  );
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

/** In the words of users: what a call to a coordinator ended with. */
export async function explained(error: unknown, connection: Connection): Promise<unknown> {
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
      fix: "start one with `phasesweep serve`, or give its address with --coordinator HOST:PORT, and --credentials DIR where it asks for TLS",
    });
  }
  const { details } = error as grpc.ServiceError;
  return typeof details === "string" && details !== ""
    ? new CoordinatorRefusal(details, coordinator, error)
    : error;
}

/** A coordinator answers, and does not do what it was asked; `cause` is the gRPC error. */
export class CoordinatorRefusal extends FailureError {
  constructor(details: string, coordinator: string, cause: unknown) {
    super(...refusalProblems(details, coordinator));
    this.cause = cause;
  }
}

/** What a coordinator refuses with: problems as ours are written, or a sentence. */
function refusalProblems(details: string, coordinator: string): Problem[] {
  const told = [...details.matchAll(/^(\S.*?): (.*(?:\n(?! {2}fix: ) +.*)*)\n {2}fix: (.*)$/gm)];
  const problems = told.map(([, place = "", problem = "", fix = ""]) => ({ place, problem, fix }));
  if (problems.map(formatProblem).join("\n") === details) return problems;
  const fix = "`phasesweep status` says what is there, and the log of the coordinator says more";
  return [{ place: coordinator, problem: details, fix }];
}
