import type { ServerInterceptor } from "@grpc/grpc-js";
import type { Coordinator } from "../../coordinator/coordinator.ts";
import type { Dashboard, NextTerm } from "../../coordinator/dashboard/dashboard.ts";
import { bothLogs } from "../../coordinator/dashboard/stream/note_ring.ts";
import {
  CoordinatorMetrics,
  type LeadState,
} from "../../coordinator/metrics/coordinator_metrics.ts";
import { RpcMetrics } from "../../coordinator/metrics/rpc_metrics.ts";
import { type Observer, observers } from "../../coordinator/observer.ts";
import { OperatorLog } from "../../coordinator/operator_log.ts";
import type { HttpPlace } from "../../coordinator/rpc/server.ts";
import type { Storage } from "../../coordinator/storage.ts";
import { systemClock } from "../../shared/clock.ts";
import { UsageError } from "../../shared/errors.ts";
import { healthRoutes } from "../../shared/http/health_routes.ts";
import { httpSecurity } from "../../shared/http/http_security.ts";
import { type HttpServer, serveHttp } from "../../shared/http/http_server.ts";
import type { Log } from "../../shared/log.ts";
import { metricsRoute, newRegistry } from "../../shared/metrics.ts";
import { isLoopback } from "../../shared/security/loopback.ts";
import { makeDashboard } from "../dashboard/make_dashboard.ts";
import type { HostAndPort } from "../http_options.ts";
import { ANY_ADDRESS } from "./endpoint_file.ts";

export interface MonitorOptions {
  /** Without it nothing is counted. */
  readonly http?: HostAndPort;
  readonly credentials?: string;
  readonly insecure?: boolean;
  /** Where clients of gRPC find the HTTP port, if that does not follow from `http`. */
  readonly advertiseHttp?: HostAndPort;
  /** The folder of the results of all sweeps; without it the dashboard has nothing to submit to. */
  readonly results?: string;
}

/** What lets people look into a coordinator: its log, and over HTTP dashboard, metrics and health. */
export class CoordinatorMonitor {
  /** For the gRPC server, the first of all. */
  readonly interceptors: readonly ServerInterceptor[];
  readonly log: Log;
  private leadership: LeadState = { is_leader: false, epoch: 0, since_ms: systemClock.wallMs() };
  private readonly observer: Observer;
  private readonly dashboard: Dashboard | undefined;
  private advertiseHttp: HostAndPort | undefined;
  private coordinator: Coordinator | undefined;
  private term: NextTerm | undefined;
  private http: (HttpServer & { readonly scheme: "http" | "https" }) | undefined;

  private constructor(
    log: Log,
    open?: {
      readonly fleet: Observer;
      readonly rpc: RpcMetrics;
      readonly dashboard: Dashboard;
    },
  ) {
    this.log = open === undefined ? log : bothLogs(log, open.dashboard.notes.log);
    const operator = new OperatorLog(this.log);
    this.observer = open === undefined ? operator : observers(open.fleet, operator);
    this.interceptors = open === undefined ? [] : [open.rpc.interceptor];
    this.dashboard = open?.dashboard;
  }

  /** Opens the HTTP port, if there is to be one. @throws UsageError, FailureError */
  static async open(
    { http, credentials, insecure, results, advertiseHttp }: MonitorOptions,
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
      dashboard: makeDashboard(results),
    });
    const routes = [
      ...monitor.dashboard!.routes,
      metricsRoute(registry),
      ...healthRoutes(() => {
        const { is_leader } = monitor.leadership;
        return { is_ready: is_leader, word: is_leader ? "leads" : "stands by" };
      }),
    ];
    const security = credentials === undefined ? undefined : httpSecurity(credentials, systemClock);
    const scheme = security === undefined ? "http" : "https";
    monitor.advertiseHttp = advertiseHttp;
    monitor.http = { ...(await serveHttp(http, routes, security)), scheme };
    log.info(`metrics are at ${monitor.url}metrics, the dashboard at ${monitor.url}`);
    return monitor;
  }

  /** Where the dashboard is; undefined without an HTTP port. */
  get url(): string | undefined {
    return this.http && `${this.http.scheme}://${this.http.address}/`;
  }

  /** Where clients of gRPC find the HTTP port. */
  get httpPlace(): HttpPlace | undefined {
    if (this.http === undefined) return undefined;
    const { scheme, address } = this.http;
    if (this.advertiseHttp !== undefined) return { scheme, ...this.advertiseHttp };
    const at = address.lastIndexOf(":");
    const host = address.slice(0, at);
    return {
      ...{ scheme, port: Number(address.slice(at + 1)) },
      // At any address: then also at the one that leads to gRPC.
      host: ANY_ADDRESS.includes(host) ? "" : host,
    };
  }

  /** What is to look on at a coordinator that is about to be opened on a storage. */
  prepare(storage: Storage): Observer {
    this.term = this.dashboard?.prepare(storage);
    return this.term === undefined ? this.observer : observers(this.observer, this.term.observer);
  }

  /** What those are told who ask this one while another one leads. */
  leaderIs(text: string): void {
    this.dashboard?.leaderIs(text);
  }

  /** It is the active coordinator from now on, the `epoch`th on its journal. */
  leads(coordinator: Coordinator, epoch: number): void {
    this.coordinator = coordinator;
    this.term?.begin(coordinator, epoch);
    this.leadership = { is_leader: true, epoch, since_ms: systemClock.wallMs() };
    this.log.info("this coordinator leads", { epoch });
  }

  /** It goes on to be shown, and takes no changes any more. */
  freeze(why: string): void {
    this.term?.freeze(why);
  }

  /** It is not, or not any more: those who follow the dashboard hear why. */
  async standsBy(why: string): Promise<void> {
    if (this.leadership.is_leader) this.log.warn("this coordinator leads no more");
    this.coordinator = undefined;
    const { epoch } = this.leadership;
    this.leadership = { is_leader: false, epoch, since_ms: systemClock.wallMs() };
    const { term } = this;
    this.term = undefined;
    await term?.end(why);
  }

  async close(): Promise<void> {
    await this.http?.close();
  }
}
