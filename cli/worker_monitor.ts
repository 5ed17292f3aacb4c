import type { Death } from "../shared/death.ts";
import { UsageError } from "../shared/errors.ts";
import { healthRoutes } from "../shared/http/health_routes.ts";
import { serveHttp } from "../shared/http/http_server.ts";
import type { Log } from "../shared/log.ts";
import { metricsRoute, newRegistry } from "../shared/metrics.ts";
import { isLoopback } from "../shared/security/loopback.ts";
import { WorkerMetrics } from "../worker/worker_metrics.ts";
import type { WorkerNumbers } from "../worker/worker_tally.ts";
import type { HostAndPort } from "./http_options.ts";

/** The HTTP port of a worker, and what it tells. */
export interface WorkerMonitor {
  readonly url: string;
  report(worker: string, numbers: WorkerNumbers): void;
  ended(worker: string, death: Death): void;
  close(): Promise<void>;
}

/**
 * Serves the metrics of a worker's processes, if --http is given. Its certificate proves a client and
 * no server, so there is no HTTPS, and other machines are let in only where that is asked for.
 * @throws UsageError
 */
export async function openWorkerMonitor(
  { http, insecure }: { readonly http?: HostAndPort; readonly insecure?: boolean },
  log: Log,
): Promise<WorkerMonitor | undefined> {
  if (http === undefined) return undefined;
  if (insecure !== true && !isLoopback(http.host)) {
    throw new UsageError({
      place: `--http ${http.host}:${http.port}`,
      problem: "other machines reach this address, and a worker serves plain HTTP",
      fix: "give 127.0.0.1, or --insecure if everybody there may read how much it computes",
    });
  }
  const registry = newRegistry();
  const metrics = new WorkerMetrics(registry);
  let connected = new Set<string>();
  const state = () => {
    const is_ready = connected.size > 0;
    return { is_ready, word: is_ready ? "connected" : "no coordinator" };
  };
  const server = await serveHttp(http, [metricsRoute(registry), ...healthRoutes(state)]);
  const url = `http://${server.address}/`;
  log.info(`metrics are at ${url}metrics`);
  return {
    url,
    report(worker, numbers) {
      if (numbers.connected) connected.add(worker);
      else connected.delete(worker);
      metrics.report(worker, numbers);
    },
    ended(worker, { how, crashed }) {
      connected.delete(worker);
      metrics.ended(worker, how === "exit code 0" ? undefined : crashed ? "crashed" : "killed");
    },
    async close() {
      connected = new Set();
      await server.close();
    },
  };
}
