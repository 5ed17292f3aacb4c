import { Counter, collectDefaultMetrics, Gauge, Registry } from "prom-client";
import type { HttpRoute } from "./http/http_route.ts";
import { packageVersion } from "./package_info.ts";

/** One number, with what tells it from others of its name. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** By name: what the numbers are good for, where they come from when somebody asks, their labels. */
export type Definitions = Readonly<
  Record<string, readonly [help: string, read: () => Sample[], labelNames?: readonly string[]]>
>;

/** Numbers that only grow while the process lives. */
export function counted(registry: Registry, definitions: Definitions): void {
  for (const [name, [help, read, labelNames = []]] of Object.entries(definitions)) {
    new Counter({
      ...{ name, help, labelNames, registers: [registry] },
      collect() {
        this.reset();
        for (const { labels, value } of read()) this.inc(labels, value);
      },
    });
  }
}

/** Numbers that go up and down. */
export function measured(registry: Registry, definitions: Definitions): void {
  for (const [name, [help, read, labelNames = []]] of Object.entries(definitions)) {
    new Gauge({
      ...{ name, help, labelNames, registers: [registry] },
      collect() {
        this.reset();
        for (const { labels, value } of read()) this.set(labels, value);
      },
    });
  }
}

/** A registry with what every process has: its version, CPU, memory, files, lag of the event loop. */
export function newRegistry(): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  measured(registry, {
    phasesweep_build_info: [
      "1, with the version of this process",
      () => [{ labels: { version: packageVersion }, value: 1 }],
      ["version"],
    ],
  });
  return registry;
}

/** `/metrics`, in Prometheus' text format. */
export function metricsRoute(registry: Registry): HttpRoute {
  return {
    path: "/metrics",
    answer: async () => ({
      status: 200,
      content_type: registry.contentType,
      body: await registry.metrics(),
    }),
  };
}
