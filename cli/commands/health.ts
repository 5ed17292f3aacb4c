import { type ServiceError, status as STATUS } from "@grpc/grpc-js";
import { systemClock } from "../../shared/clock.ts";
import { type Connection, coordinatorAddresses } from "../../shared/connection.ts";
import { EXIT_FAILURE, messageOf, UsageError } from "../../shared/errors.ts";
import { COORDINATOR_SERVICE, checkHealth } from "../../shared/rpc.ts";

export interface HealthOptions extends Connection {
  /** Asks whether the process answers at all: a standby does. */
  readonly live?: boolean;
  /** Seconds. */
  readonly timeout: number;
  readonly json?: boolean;
}

/**
 * Asks each address for its health, for probes of container platforms, which cannot do mutual TLS.
 * Resolves with the exit code: 0 if one of them serves, 1 if none does.
 */
export async function healthCommand(options: HealthOptions): Promise<number> {
  const service = options.live === true ? "" : COORDINATOR_SERVICE;
  const deadline = new Date(systemClock.wallMs() + 1000 * options.timeout);
  const answers = await Promise.all(
    coordinatorAddresses(options).map(async (address) => {
      try {
        return { address, status: await checkHealth(address, options, service, deadline) };
      } catch (error) {
        if (error instanceof UsageError) throw error;
        const { code, details } = error as Partial<ServiceError>;
        return {
          address,
          status:
            code === undefined
              ? messageOf(error)
              : `${STATUS[code]}: ${details?.replace(/ Resolution note: $/, "")}`,
        };
      }
    }),
  );
  const isServing = answers.some(({ status }) => status === "SERVING");
  process.stdout.write(
    options.json === true
      ? `${JSON.stringify({ serving: isServing, addresses: answers }, null, 2)}\n`
      : answers.map(({ address, status }) => `${address} ${status}\n`).join(""),
  );
  return isServing ? 0 : EXIT_FAILURE;
}
