import type { ServerInterceptor } from "@grpc/grpc-js";
import type { Coordinator } from "../../coordinator/coordinator.ts";
import {
  CoordinatorMetrics,
  type LeadState,
} from "../../coordinator/metrics/coordinator_metrics.ts";
import { RpcMetrics } from "../../coordinator/metrics/rpc_metrics.ts";
import { type Observer, observers } from "../../coordinator/observer.ts";
import { OperatorLog } from "../../coordinator/operator_log.ts";
import { systemClock } from "../../shared/clock.ts";
import { UsageError } from "../../shared/errors.ts";
import { healthRoutes } from "../../shared/http/health_routes.ts";
import { httpSecurity } from "../../shared/http/http_security.ts";
import { type HttpServer, serveHttp } from "../../shared/http/http_server.ts";
import type { Log } from "../../shared/log.ts";
import { metricsRoute, newRegistry } from "../../shared/metrics.ts";
import { isLoopback } from "../../shared/security/loopback.ts";
import type { HostAndPort } from "../http_options.ts";

export interface MonitorOptions {
  /** Without it nothing is counted. */
  readonly http?: HostAndPort;
  readonly credentials?: string;
  readonly insecure?: boolean;
}

/** What lets operators look into a coordinator: its log, and over HTTP its metrics and its health. */
export class CoordinatorMonitor {
  /** For Coordinator.open. */
  readonly observer: Observer;
  /** For the gRPC server, the first of all. */
  readonly interceptors: readonly ServerInterceptor[];
  readonly log: Log;
  private leadership: LeadState = { is_leader: false, epoch: 0, since_ms: systemClock.wallMs() };
  private coordinator: Coordinator | undefined;
  private http: HttpServer | undefined;

  private constructor(log: Log, metrics?: { readonly fleet: Observer; readonly rpc: RpcMetrics }) {
    this.log = log;
    const operator = new OperatorLog(log);
    this.observer = metrics === undefined ? operator : observers(metrics.fleet, operator);
    this.interceptors = metrics === undefined ? [] : [metrics.rpc.interceptor];
  }

  /** Opens the HTTP port, if there is to be one. @throws UsageError, FailureError */
  static async open(
    { http, credentials, insecure }: MonitorOptions,
    log: Log,
  ): Promise<CoordinatorMonitor> {
    if (http === undefined) return new CoordinatorMonitor(log);
    if (credentials === undefined && insecure !== true && !isLoopback(http.host)) {
      throw new UsageError({
        place: `--http ${http.host}:${http.port}`,
        problem: "other machines reach this address, and no credentials are given",
        fix: "give --credentials DIR/coordinator with what `phasesweep certs DIR` makes, or --insecure on a network where everybody may read",
      });
    }
    const registry = newRegistry();
    const fleet: CoordinatorMetrics = new CoordinatorMetrics(registry, {
      leadership: () => monitor.leadership,
      bytesWaiting: () => monitor.coordinator?.bytesWaiting ?? 0,
      cellsCopied: (sweep) => monitor.coordinator?.cellsCopied(sweep) ?? 0,
    });
    const monitor: CoordinatorMonitor = new CoordinatorMonitor(log, {
      fleet,
      rpc: new RpcMetrics(registry, systemClock),
    });
    const routes = [
      metricsRoute(registry),
      ...healthRoutes(() => {
        const { is_leader } = monitor.leadership;
        return { is_ready: is_leader, word: is_leader ? "leads" : "stands by" };
      }),
    ];
    const security = credentials === undefined ? undefined : httpSecurity(credentials, systemClock);
    monitor.http = await serveHttp(http, routes, security);
    const scheme = security === undefined ? "http" : "https";
    log.info(`metrics are at ${scheme}://${monitor.http.address}/metrics`);
    return monitor;
  }

  /** It is the active coordinator from now on, the `epoch`th on its journal. */
  leads(coordinator: Coordinator, epoch: number): void {
    this.coordinator = coordinator;
    this.leadership = { is_leader: true, epoch, since_ms: systemClock.wallMs() };
    this.log.info("this coordinator leads", { epoch });
  }

  /** It is not, or not any more. */
  standsBy(): void {
    if (this.leadership.is_leader) this.log.warn("this coordinator leads no more");
    this.coordinator = undefined;
    const { epoch } = this.leadership;
    this.leadership = { is_leader: false, epoch, since_ms: systemClock.wallMs() };
  }

  async close(): Promise<void> {
    await this.http?.close();
  }
}
