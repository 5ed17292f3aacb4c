import type { Connection } from "../../shared/connection.ts";
import type { GetStatusResponse__Output } from "../../shared/generated/phasesweep/v1/GetStatusResponse.ts";
import { statedVersion } from "../../shared/protocol.ts";
import { call } from "../../shared/rpc.ts";
import { withCoordinator } from "../coordinator_client.ts";
import { formatColumns, formatCount, formatDuration } from "../text/format.ts";
import { statusJson } from "../text/status_json.ts";
import { phaseCounts } from "../text/status_text.ts";

export interface StatusOptions extends Connection {
  readonly json?: boolean;
}

/** Prints the sweeps and workers of a coordinator. */
export async function statusCommand({ json, ...connection }: StatusOptions): Promise<void> {
  const status = await withCoordinator(connection, (client) =>
    call<GetStatusResponse__Output>((callback) => client.GetStatus({}, callback)),
  );
  if (json) {
    process.stdout.write(`${JSON.stringify(statusJson(status), null, 2)}\n`);
    return;
  }
  const sweeps = status.sweeps.map((sweep) => [
    sweep.sweep,
    sweep.state,
    `${formatCount(sweep.cellsDone)}/${formatCount(sweep.cells)}`,
    phaseCounts(sweep.phases),
    sweep.state === "running" ? `${formatCount(sweep.cellsPerSecond)}/s` : "",
    sweep.state === "running" ? formatDuration(sweep.etaMs) : "",
    String(sweep.priority),
    sweep.trouble || sweep.error.split("\n")[0]!,
  ]);
  const workers = status.workers.map((worker) => [
    worker.worker,
    worker.host,
    statedVersion(worker.version),
    String(worker.slots),
    worker.numericClasses.join(" "),
    String(worker.leases),
    worker.draining ? "draining" : worker.connected ? "connected" : "lost",
  ]);
  process.stdout.write(
    `${formatColumns([["sweep", "state", "cells", "phases", "rate", "ETA", "priority", ""], ...sweeps])}\n\n` +
      `${formatColumns([["worker", "host", "version", "slots", "classes", "leases", "state"], ...workers])}\n`,
  );
}
