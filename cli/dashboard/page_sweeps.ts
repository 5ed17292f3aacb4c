import { join } from "node:path";
import type { SweepReader } from "../../coordinator/dashboard/changes.ts";
import type { StoredDataset } from "../../shared/dataset_object.ts";
import { UsageError } from "../../shared/errors.ts";
import type { FileDatasetEntry } from "../../shared/spec/dataset_schema.ts";
import { type KeyPath, parseSweep } from "../../shared/spec/load.ts";
import { type BlockContext, StoredDatasets } from "../../shared/spec/read_datasets.ts";
import { planText } from "../commands/plan.ts";
import { resolvePlan } from "../load_plan.ts";
import { hardwareOf } from "../submit_sweep.ts";
import { cacheReport } from "../text/cache_report.ts";

/** How errors name what stands in the page. */
const ORIGIN = "sweep.yaml";

/** Reads sweep files that pages hand in, for a coordinator on a results folder. */
export function pageSweeps(results: string): SweepReader {
  return {
    async read(text, workers) {
      const hardware = async () => hardwareOf(workers);
      const { plan } = await resolvePlan(parseSweep(text, ORIGIN), hardware, new NoFiles());
      return plan;
    },
    async describe(plan) {
      const place = { folder: join(results, plan.name), siblings: results };
      return planText(plan, await cacheReport(plan, place));
    },
  };
}

/** The files that a page's sweep file names would be those of the coordinator's machine. */
class NoFiles extends StoredDatasets {
  override read(_entry: FileDatasetEntry, path: KeyPath, { place }: BlockContext): StoredDataset {
    throw new UsageError({
      place: place(path),
      problem: "a data set that is read from files would be read on the coordinator's machine",
      fix: "`phasesweep submit SWEEP.yaml` reads it on yours, and hands it over",
    });
  }
}
