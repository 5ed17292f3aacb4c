import * as grpc from "@grpc/grpc-js";
import { COORDINATOR_SERVICE, healthService } from "../../shared/rpc.ts";

type Status = "SERVING" | "NOT_SERVING" | "SERVICE_UNKNOWN";

interface Request {
  readonly service: string;
}

interface Response {
  readonly status: Status;
}

/**
 * The health service of gRPC: "" says that this process answers at all, COORDINATOR_SERVICE whether
 * it is the coordinator that workers and clients want, and not one that stands by.
 *
 * The package for this (grpc-health-check 2.1) keeps an entry for every name that anybody ever asked
 * for, and brings a proto-loader of its own.
 */
export class Health {
  private serving = false;
  private readonly watchers = new Set<() => void>();

  /** Whether the coordinator's own service is to be used. */
  setServing(serving: boolean): void {
    if (this.serving === serving) return;
    this.serving = serving;
    for (const notify of [...this.watchers]) notify();
  }

  get isServing(): boolean {
    return this.serving;
  }

  addTo(server: grpc.Server): void {
    server.addService(healthService, {
      Check: (
        { request: { service } }: grpc.ServerUnaryCall<Request, Response>,
        reply: grpc.sendUnaryData<Response>,
      ) => {
        const status = this.statusOf(service);
        if (status !== "SERVICE_UNKNOWN") reply(null, { status });
        else reply({ code: grpc.status.NOT_FOUND, details: `no service '${service}' here` });
      },
      Watch: (call: grpc.ServerWritableStream<Request, Response>) => {
        let last: Status | undefined;
        const notify = () => {
          const status = this.statusOf(call.request.service);
          if (status === last) return;
          last = status;
          call.write({ status });
        };
        const forget = () => this.watchers.delete(notify);
        this.watchers.add(notify);
        call.on("cancelled", forget);
        call.on("close", forget);
        call.on("error", forget);
        notify();
      },
    });
  }

  private statusOf(service: string): Status {
    if (service === "") return "SERVING";
    if (service !== COORDINATOR_SERVICE) return "SERVICE_UNKNOWN";
    return this.serving ? "SERVING" : "NOT_SERVING";
  }
}
