import { z } from "zod";
import { count, phaseCounts, sha256 } from "./values.ts";

/** What a coordinator says of its sweeps and workers (text/status_json.ts). */

const sweepStatus = {
  sweep: z.string(),
  state: z.enum(["running", "paused", "merging", "done", "failed", "cancelled"]),
  priority: z.int().describe("Sweeps of a higher one are leased first."),
  cells: count,
  cells_done: count.describe("Committed."),
  cells_in_flight: count.describe("Trained, and not handed in yet."),
  cells_per_second: z.number(),
  eta_ms: count.nullable().describe("Estimated time to the end; null while it cannot be known."),
  phases: phaseCounts,
  shards_committed: count,
  duplicates: count.describe("Shards that were computed twice."),
  mismatches: count.describe("Cells that were computed twice and were not the same."),
  mismatch_reports: z.array(z.string()).describe("A line for each duplicate that differed."),
  error: z.string().describe("Why it failed, or what its results lack; empty otherwise."),
  trouble: z.string().describe("What holds it up, such as a full disk; empty otherwise."),
  results_folder: z.string().describe("On the coordinator's machine."),
  results_sha256: sha256.nullable().describe("sha256 of results.parquet; null until done."),
};

const workerStatus = z.strictObject({
  worker: z.string(),
  host: z.string(),
  version: z.string(),
  kernel_versions: z.array(count).describe("It computes cells of these; none: of release 0.1.0."),
  numeric_classes: z.array(z.string()),
  slots: count,
  leases: count,
  connected: z.boolean(),
  draining: z.boolean(),
});

export const controlDocument = z.strictObject(sweepStatus);

export const statusDocument = z.strictObject({
  version: z.string().describe("Of the coordinator."),
  protocol: z
    .strictObject({ min: count, max: count })
    .nullable()
    .describe("What the coordinator speaks; null: of release 0.1.0."),
  http: z
    .strictObject({ scheme: z.enum(["http", "https"]), host: z.string(), port: count })
    .nullable()
    .describe("Its dashboard and metrics; an empty host is that of the coordinator itself."),
  sweeps: z.array(controlDocument),
  workers: z.array(workerStatus),
});

/** What stands in the file of `serve --until-done`. */
export const outcomesDocument = z
  .strictObject({
    sweeps: z.array(z.strictObject({ ...sweepStatus, plan_digest: z.string() })),
  })
  .describe("How all sweeps of a coordinator ended.");

export type SweepStatusJson = z.infer<typeof controlDocument>;
export type StatusJson = z.infer<typeof statusDocument>;
export type OutcomesJson = z.infer<typeof outcomesDocument>;
