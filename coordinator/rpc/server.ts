import * as grpc from "@grpc/grpc-js";
import { systemClock } from "../../shared/clock.ts";
import { messageOf } from "../../shared/errors.ts";
import type { CoordinatorHandlers } from "../../shared/generated/phasesweep/v1/Coordinator.ts";
import type { CoordinatorMessage } from "../../shared/generated/phasesweep/v1/CoordinatorMessage.ts";
import type { WorkerMessage__Output } from "../../shared/generated/phasesweep/v1/WorkerMessage.ts";
import { DATASETS_MAX, MESSAGES_UNREAD_MAX } from "../../shared/limits.ts";
import { packageVersion } from "../../shared/package_info.ts";
import { PROTOCOL } from "../../shared/protocol.ts";
import type { Coordinator } from "../coordinator.ts";
import { JournalLost } from "../journal/journal.ts";
import type { SweepControl } from "../state/events.ts";
import { planProblem } from "../sweeps/submitted_plan.ts";
import { openServer, type ServerSecurity } from "./grpc_server.ts";
import { IncomingParts } from "./incoming_parts.ts";
import { nameProblem } from "./names.ts";
import { receivePart, receiveSmallParts } from "./receive_part.ts";
import { receiveDataset, sendDataset } from "./serve_datasets.ts";
import { sendProgress } from "./serve_watch.ts";
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

/** Where a coordinator's HTTP port is. `host`: empty if it is that of its gRPC port. */
export interface HttpPlace {
  readonly scheme: "http" | "https";
  readonly host: string;
  readonly port: number;
}

/** Serves a coordinator over gRPC; port 0 takes a free one. @throws FailureError */
export async function serveCoordinator(
  coordinator: Coordinator,
  host: string,
  port: number,
  lease: { readonly lease_ms: number; readonly renew_ms: number },
  security: ServerSecurity = {},
  http?: HttpPlace,
): Promise<CoordinatorServer> {
  const served = { ...handlers(coordinator, lease, http) };
  const server = await openServer(served, host, port, security);
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
  http: HttpPlace | undefined,
): CoordinatorHandlers {
  const incomingParts = new IncomingParts();
  return {
    Submit(call, reply) {
      const { planJson, priority } = call.request;
      const problem = planProblem(planJson);
      if (problem !== undefined) {
        reply(invalid(problem));
        return;
      }
      coordinator.submit(planJson, { priority }).then(
        (response) => reply(null, { ...response, notes: [...response.notes] }),
        (error: unknown) => reply(refused(error)),
      );
    },
    Control(call, reply) {
      const { sweep, control, priority } = call.request;
      if (control !== "" && !isControl(control)) {
        reply(invalid(`control is '${control}', not one of ${CONTROLS.join(", ")}`));
        return;
      }
      const wish = {
        ...(control === "" ? {} : { control }),
        ...(priority === undefined ? {} : { priority }),
      };
      coordinator.control(sweep, wish).then(
        () => reply(null, coordinator.watch.status(sweep)!),
        (error: unknown) => reply(refused(error)),
      );
    },
    ReportDeath(call, reply) {
      const { worker, how, crashed } = call.request;
      const problem = nameProblem({ worker, death: how });
      if (problem !== undefined) {
        reply(invalid(problem));
        return;
      }
      coordinator.workerDied(worker, how, crashed);
      reply(null, {});
    },
    FindDatasets(call, reply) {
      const { digests } = call.request;
      if (digests.length > DATASETS_MAX) {
        reply(
          invalid(`${digests.length} data sets, over the limit of ${DATASETS_MAX} (DATASETS_MAX)`),
        );
        return;
      }
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
      const about = { version: packageVersion, protocol: PROTOCOL, http: http ?? null };
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
      sendProgress(call, coordinator.watch);
    },
    Session(stream) {
      const send = (message: CoordinatorMessage) => {
        if (!stream.writable) return;
        if (stream.writableLength <= MESSAGES_UNREAD_MAX) stream.write(message);
        else stream.emit("error", exhausted(`the worker reads nothing (MESSAGES_UNREAD_MAX)`));
      };
      const end = () => stream.end();
      const session = new WorkerSession(coordinator, lease, send, end, {
        clock: systemClock,
        peer: stream.getPeer(),
      });
      stream.on("data", (message: WorkerMessage__Output) => session.receive(message));
      stream.on("end", () => {
        session.end();
        stream.end();
      });
      stream.on("error", () => session.end());
      stream.on("cancelled", () => session.end());
    },
    SendPart(call, reply) {
      receivePart(call, coordinator, reply, incomingParts);
    },
    SendSmallParts(call) {
      receiveSmallParts(call, coordinator);
    },
  };
}

/** A coordinator that lost its journal has refused nothing: whoever asked is to ask the next one. */
function refused(error: unknown): grpc.ServerErrorResponse {
  return Object.assign(new Error(), {
    code: error instanceof JournalLost ? grpc.status.UNAVAILABLE : grpc.status.FAILED_PRECONDITION,
    details: messageOf(error),
  });
}

const CONTROLS: readonly string[] = ["running", "paused", "cancelled"] satisfies SweepControl[];

function isControl(text: string): text is SweepControl {
  return CONTROLS.includes(text);
}

function invalid(details: string): grpc.ServerErrorResponse {
  return Object.assign(new Error(), { code: grpc.status.INVALID_ARGUMENT, details });
}

function exhausted(details: string): grpc.ServerErrorResponse {
  return Object.assign(new Error(), { code: grpc.status.RESOURCE_EXHAUSTED, details });
}

function noSuchSweep(sweep: string): grpc.ServerErrorResponse {
  return Object.assign(new Error(), {
    code: grpc.status.NOT_FOUND,
    details: `no sweep '${sweep}' here; \`phasesweep status\` lists those that are`,
  });
}
