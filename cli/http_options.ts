import { Option } from "commander";
import { hostAndPort } from "./arguments.ts";
import { MONITORING_GROUP } from "./options.ts";

export interface HostAndPort {
  readonly host: string;
  readonly port: number;
}

export const http = () =>
  new Option(
    "--http <host:port>",
    "serve /metrics, /healthz and /readyz there over HTTP; port 0 takes a free one",
  )
    .argParser(hostAndPort)
    .helpGroup(MONITORING_GROUP);

/** Of coordinators. */
export const httpWithDashboard = () =>
  new Option(
    "--http <host:port>",
    "serve the dashboard, /metrics, /healthz and /readyz there; port 0 takes a free one",
  )
    .argParser(hostAndPort)
    .helpGroup(MONITORING_GROUP);
