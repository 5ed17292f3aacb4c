import type { StoredDataset } from "../../shared/dataset_object.ts";
import { type Problem, UsageError } from "../../shared/errors.ts";
import { serializePlan } from "../../shared/plan.ts";
import type { FileDatasetEntry } from "../../shared/spec/dataset_schema.ts";
import { type KeyPath, parseSweep } from "../../shared/spec/load.ts";
import { type BlockContext, StoredDatasets } from "../../shared/spec/read_datasets.ts";
import { type Hardware, resolvePlan } from "../load_plan.ts";

/** The text of a sweep file that a page hands in, for a thread of page_sweeps.ts. */
export interface SweepTask {
  readonly text: string;
  /** How errors name it. */
  readonly origin: string;
  readonly hardware: Hardware;
}

/** Errors lose their class on the way between threads. */
export type SweepRead = { readonly plan_json: string } | { readonly problems: readonly Problem[] };

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

export default async function readSweep({ text, origin, hardware }: SweepTask): Promise<SweepRead> {
  try {
    const sweep = parseSweep(text, origin);
    const { plan } = await resolvePlan(sweep, async () => hardware, new NoFiles());
    return { plan_json: serializePlan(plan) };
  } catch (error) {
    if (error instanceof UsageError) return { problems: error.problems };
    throw error;
  }
}
