import * as grpc from "@grpc/grpc-js";
import { FailureError } from "../shared/errors.ts";
import type { CoordinatorClient } from "../shared/generated/phasesweep/v1/Coordinator.ts";
import type { SweepStatus__Output } from "../shared/generated/phasesweep/v1/SweepStatus.ts";
import { connectCoordinator } from "../shared/rpc.ts";

/** Runs `use` with a client of the coordinator, and puts its errors into the user's words. */
export async function withCoordinator<T>(
  address: string,
  use: (client: CoordinatorClient) => Promise<T>,
): Promise<T> {
  const client = connectCoordinator(address);
  try {
    return await use(client);
  } catch (error) {
    throw explained(error, address);
  } finally {
    client.close();
  }
}

/** Follows a sweep until it is done or has failed, and returns its last status. */
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

function explained(error: unknown, address: string): unknown {
  const { code, details } = error as grpc.ServiceError;
  if (code === grpc.status.UNAVAILABLE) {
    return new FailureError({
      place: address,
      problem: "no coordinator answers there",
      fix: "start one with `phasesweep serve`, or give its address with --coordinator HOST:PORT",
    });
  }
  return typeof details === "string" && details !== "" ? new Error(details) : error;
}
