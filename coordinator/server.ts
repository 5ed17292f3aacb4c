import * as grpc from "@grpc/grpc-js";
import { FailureError, messageOf } from "../shared/errors.ts";
import type { CoordinatorHandlers } from "../shared/generated/phasesweep/v1/Coordinator.ts";
import type { CoordinatorMessage } from "../shared/generated/phasesweep/v1/CoordinatorMessage.ts";
import type { WorkerMessage__Output } from "../shared/generated/phasesweep/v1/WorkerMessage.ts";
import { packageVersion } from "../shared/package_info.ts";
import { coordinatorService, newServer } from "../shared/rpc.ts";
import type { Coordinator } from "./coordinator.ts";
import { receivePart, receiveSmallParts } from "./receive_part.ts";
import { WorkerSession } from "./worker_session.ts";

/** A coordinator that listens. */
export interface CoordinatorServer {
  /** `HOST:PORT` with the port that was bound. */
  readonly address: string;
  /** Ends every stream, then the coordinator. */
  close(): Promise<void>;
}

/** Serves a coordinator over gRPC; port 0 takes a free one. @throws FailureError */
export async function serveCoordinator(
  coordinator: Coordinator,
  host: string,
  port: number,
  lease: { readonly lease_ms: number; readonly renew_ms: number },
): Promise<CoordinatorServer> {
  const server = newServer();
  server.addService(coordinatorService, handlers(coordinator, lease));
  const bound = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`${host}:${port}`, grpc.ServerCredentials.createInsecure(), (error, actual) =>
      error === null ? resolve(actual) : reject(error),
    );
  }).catch((error: unknown) => {
    throw new FailureError({
      place: `${host}:${port}`,
      problem: `cannot listen there: ${messageOf(error)}`,
      fix: "give a free port and an address of this machine with --listen HOST:PORT",
    });
  });
  return {
    address: `${host}:${bound}`,
    async close() {
      await coordinator.close();
      server.forceShutdown();
    },
  };
}

function handlers(
  coordinator: Coordinator,
  lease: { readonly lease_ms: number; readonly renew_ms: number },
): CoordinatorHandlers {
  return {
    Submit(call, reply) {
      coordinator.submit(call.request.planJson).then(
        (response) => reply(null, response),
        (error: unknown) =>
          reply({ code: grpc.status.FAILED_PRECONDITION, details: messageOf(error) }),
      );
    },
    GetStatus(_call, reply) {
      const { watch } = coordinator;
      reply(null, { sweeps: watch.sweeps(), workers: watch.workers(), version: packageVersion });
    },
    GetPlan(call, reply) {
      const planJson = coordinator.planJson(call.request.sweep);
      if (planJson === undefined) reply(noSuchSweep(call.request.sweep));
      else reply(null, { planJson });
    },
    Watch(call) {
      const { sweep } = call.request;
      if (coordinator.planJson(sweep) === undefined) {
        call.emit("error", noSuchSweep(sweep));
        return;
      }
      const unsubscribe = coordinator.watch.subscribe(sweep, (status) => {
        call.write(status);
        if (status.state === "done" || status.state === "failed") call.end();
      });
      call.on("cancelled", unsubscribe);
      call.on("close", unsubscribe);
    },
    Session(stream) {
      const send = (message: CoordinatorMessage) => {
        if (stream.writable) stream.write(message);
      };
      const session = new WorkerSession(coordinator, lease, send, () => stream.end());
      stream.on("data", (message: WorkerMessage__Output) => session.receive(message));
      stream.on("end", () => {
        session.end();
        stream.end();
      });
      stream.on("error", () => session.end());
      stream.on("cancelled", () => session.end());
    },
    SendPart(call, reply) {
      receivePart(call, coordinator, reply);
    },
    SendSmallParts(call) {
      receiveSmallParts(call, coordinator);
    },
  };
}

function noSuchSweep(sweep: string): grpc.ServerErrorResponse {
  return Object.assign(new Error(), {
    code: grpc.status.NOT_FOUND,
    details: `no sweep '${sweep}' here; \`phasesweep status\` lists those that are`,
  });
}
