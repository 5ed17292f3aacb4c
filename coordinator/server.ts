import * as grpc from "@grpc/grpc-js";
import { messageOf } from "../shared/errors.ts";
import type { CoordinatorHandlers } from "../shared/generated/phasesweep/v1/Coordinator.ts";
import type { CoordinatorMessage } from "../shared/generated/phasesweep/v1/CoordinatorMessage.ts";
import type { WorkerMessage__Output } from "../shared/generated/phasesweep/v1/WorkerMessage.ts";
import { packageVersion } from "../shared/package_info.ts";
import { PROTOCOL } from "../shared/protocol.ts";
import type { Coordinator } from "./coordinator.ts";
import { openServer, type ServerSecurity } from "./grpc_server.ts";
import { receivePart, receiveSmallParts } from "./receive_part.ts";
import { receiveDataset, sendDataset } from "./serve_datasets.ts";
import type { SweepControl } from "./state/events.ts";
import { isOver } from "./sweep_watch.ts";
import { WorkerSession } from "./worker_session.ts";

/** A coordinator that listens. */
export interface CoordinatorServer {
  /** `HOST:PORT` with the port that was bound. */
  readonly address: string;
  /** Ends every stream, then the coordinator. */
  close(): Promise<void>;
  /** Ends every stream of a coordinator that lost its journal, and does not wait for it. */
  abandon(): void;
}

/** Serves a coordinator over gRPC; port 0 takes a free one. @throws FailureError */
export async function serveCoordinator(
  coordinator: Coordinator,
  host: string,
  port: number,
  lease: { readonly lease_ms: number; readonly renew_ms: number },
  security: ServerSecurity = {},
): Promise<CoordinatorServer> {
  const server = await openServer({ ...handlers(coordinator, lease) }, host, port, security);
  server.health.setServing(true);
  return {
    address: `${host}:${server.port}`,
    async close() {
      server.health.setServing(false);
      await coordinator.close();
      server.close();
    },
    abandon() {
      server.close();
      // Whatever it still does ends with the journal's refusal.
      coordinator.close().catch(() => {});
    },
  };
}

function handlers(
  coordinator: Coordinator,
  lease: { readonly lease_ms: number; readonly renew_ms: number },
): CoordinatorHandlers {
  return {
    Submit(call, reply) {
      const { planJson, priority } = call.request;
      coordinator.submit(planJson, { priority }).then(
        (response) => reply(null, { ...response, notes: [...response.notes] }),
        (error: unknown) => reply(refused(error)),
      );
    },
    Control(call, reply) {
      const { sweep, control, priority } = call.request;
      const wish = {
        ...(control === "" ? {} : { control: control as SweepControl }),
        ...(priority === undefined ? {} : { priority }),
      };
      coordinator.control(sweep, wish).then(
        () => reply(null, coordinator.watch.status(sweep)!),
        (error: unknown) => reply(refused(error)),
      );
    },
    ReportDeath(call, reply) {
      const { worker, how, crashed } = call.request;
      coordinator.workerDied(worker, how, crashed);
      reply(null, {});
    },
    FindDatasets(call, reply) {
      const { digests } = call.request;
      Promise.all(digests.map((digest) => coordinator.datasets.find(digest))).then(
        (found) => reply(null, { missing: digests.filter((_, i) => found[i] === undefined) }),
        (error: unknown) => reply(refused(error)),
      );
    },
    SendDataset(call, reply) {
      void receiveDataset(call, coordinator.datasets, reply);
    },
    GetDataset(call) {
      void sendDataset(call, coordinator.datasets, () => coordinator.datasetsChanged());
    },
    GetStatus(_call, reply) {
      const { watch } = coordinator;
      const about = { version: packageVersion, protocol: PROTOCOL };
      reply(null, { sweeps: watch.sweeps(), workers: watch.workers(), ...about });
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
      let ended = false;
      const unsubscribe = coordinator.watch.subscribe(sweep, (status) => {
        // One step of the scheduler may report an end twice. To write after end() would destroy the
        // stream without its trailers, and the client would wait for them for ever.
        if (ended) return;
        call.write(status);
        ended = isOver(status.state);
        if (ended) call.end();
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

function refused(error: unknown): grpc.ServerErrorResponse {
  return Object.assign(new Error(), {
    code: grpc.status.FAILED_PRECONDITION,
    details: messageOf(error),
  });
}

function noSuchSweep(sweep: string): grpc.ServerErrorResponse {
  return Object.assign(new Error(), {
    code: grpc.status.NOT_FOUND,
    details: `no sweep '${sweep}' here; \`phasesweep status\` lists those that are`,
  });
}
