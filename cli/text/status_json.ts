import type { GetStatusResponse__Output } from "../../shared/generated/phasesweep/v1/GetStatusResponse.ts";
import type { SweepStatus__Output } from "../../shared/generated/phasesweep/v1/SweepStatus.ts";
import { statedVersion } from "../../shared/protocol.ts";
import type { StatusJson, SweepStatusJson } from "../documents/status_documents.ts";

/** A sweep's status as `--json` prints it: in the names of all documents, null where nothing is known. */
export function sweepStatusJson(status: SweepStatus__Output): SweepStatusJson {
  const { lazy = 0, catapult = 0, divergent = 0, unsettled = 0 } = status.phases ?? {};
  return {
    sweep: status.sweep,
    // Another one would be of a newer release.
    state: status.state as SweepStatusJson["state"],
    priority: status.priority,
    cells: status.cells,
    cells_done: status.cellsDone,
    cells_in_flight: status.cellsInFlight,
    cells_per_second: status.cellsPerSecond,
    eta_ms: status.etaMs < 0 ? null : Math.round(status.etaMs),
    phases: { lazy, catapult, divergent, unsettled },
    shards_committed: status.shardsCommitted,
    duplicates: status.duplicates,
    mismatches: status.mismatches,
    mismatch_reports: status.mismatchReports,
    error: status.error,
    trouble: status.trouble,
    results_folder: status.resultsFolder,
    results_sha256: status.resultsSha256 === "" ? null : status.resultsSha256,
  };
}

/** What a coordinator says of itself, its sweeps and its workers. */
export function statusJson(status: GetStatusResponse__Output): StatusJson {
  const { version, protocol, http, sweeps, workers } = status;
  return {
    version: statedVersion(version),
    protocol: protocol && { min: protocol.min, max: protocol.max },
    http: http && { ...http, scheme: http.scheme as "http" | "https" },
    sweeps: sweeps.map(sweepStatusJson),
    workers: workers.map((worker) => ({
      worker: worker.worker,
      host: worker.host,
      version: statedVersion(worker.version),
      kernel_versions: worker.kernelVersions,
      numeric_classes: worker.numericClasses,
      slots: worker.slots,
      leases: worker.leases,
      connected: worker.connected,
      draining: worker.draining,
    })),
  };
}
