import * as grpc from "@grpc/grpc-js";
import { Histogram, type Registry } from "prom-client";
import type { Clock } from "../../shared/clock.ts";
import { counted, measured, type Sample } from "../../shared/metrics.ts";

/** Calls that last as long as their worker or watcher wants: their duration says nothing. */
const LONG_CALLS = new Set(["Session", "SendSmallParts", "Watch", "ServerReflectionInfo"]);

const RPC_SECONDS = [0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100];

interface MethodCount {
  open: number;
  received: number;
  sent: number;
}

/**
 * Counts what goes over gRPC. Methods are those of the services that are served, codes those of gRPC,
 * so their time series are bounded; other paths are refused before they get here.
 */
export class RpcMetrics {
  readonly interceptor: grpc.ServerInterceptor;
  private readonly methods = new Map<string, MethodCount>();
  private readonly ended = new Map<string, { labels: Sample["labels"]; value: number }>();
  private readonly seconds: Histogram<"method" | "code">;

  constructor(registry: Registry, clock: Clock) {
    this.seconds = new Histogram({
      name: "phasesweep_rpc_seconds",
      help: "Calls from their beginning to their status, by method and code, without the long ones (Session, SendSmallParts, Watch)",
      labelNames: ["method", "code"],
      buckets: RPC_SECONDS,
      registers: [registry],
    });
    const entries = () => [...this.methods];
    measured(registry, {
      phasesweep_rpc_open: [
        "Calls that are open, by method; open Sessions are connected workers",
        () => entries().map(([method, { open }]) => ({ labels: { method }, value: open })),
        ["method"],
      ],
    });
    counted(registry, {
      phasesweep_rpc_ended_total: [
        "Calls that ended, by method and code; UNAUTHENTICATED and PERMISSION_DENIED are refused callers",
        () => [...this.ended.values()],
        ["method", "code"],
      ],
      phasesweep_rpc_messages_total: [
        "Messages by method and direction",
        () =>
          entries().flatMap(([method, { received, sent }]) => [
            { labels: { method, direction: "received" }, value: received },
            { labels: { method, direction: "sent" }, value: sent },
          ]),
        ["method", "direction"],
      ],
    });
    this.interceptor = ({ path }, call) => {
      const method = path.slice(path.lastIndexOf("/") + 1);
      const count = this.countOf(method);
      const began_ms = clock.nowMs();
      let isOver = false;
      const end = (code: grpc.status) => {
        if (isOver) return;
        isOver = true;
        count.open--;
        const labels = { method, code: grpc.status[code] ?? "UNKNOWN" };
        this.countEnd(labels);
        if (!LONG_CALLS.has(method)) {
          this.seconds.observe(labels, (clock.nowMs() - began_ms) / 1000);
        }
      };
      count.open++;
      return new grpc.ServerInterceptingCall(call, {
        start(next) {
          next({
            onReceiveMessage(message, forward) {
              count.received++;
              forward(message);
            },
            onCancel: () => end(grpc.status.CANCELLED),
          });
        },
        sendMessage(message, next) {
          count.sent++;
          next(message);
        },
        sendStatus(status, next) {
          end(status.code ?? grpc.status.UNKNOWN);
          next(status);
        },
      });
    };
  }

  private countOf(method: string): MethodCount {
    let count = this.methods.get(method);
    if (count === undefined) {
      count = { open: 0, received: 0, sent: 0 };
      this.methods.set(method, count);
    }
    return count;
  }

  private countEnd(labels: { readonly method: string; readonly code: string }): void {
    const key = `${labels.method} ${labels.code}`;
    const known = this.ended.get(key);
    if (known !== undefined) known.value++;
    else this.ended.set(key, { labels, value: 1 });
  }
}
