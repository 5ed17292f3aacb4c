import { UsageError } from "../../shared/errors.ts";
import { datasetReferences, type Plan } from "../../shared/plan.ts";
import type { DatasetStore } from "../dataset_store.ts";

/** Hexadecimal digits that tell the contents of data sets apart. */
const DIGEST_CHARACTERS = 12;

/** @throws UsageError if the plan refers to data sets that are not there as it says they are. */
export async function requireDatasets(plan: Plan, datasets: DatasetStore): Promise<void> {
  const missing = await missingDatasets(plan, datasets);
  if (missing.length === 0) return;
  throw new UsageError({
    place: `sweep ${plan.name}`,
    problem: `${missing.join(" and ")} is not here`,
    fix: "hand it over first, as `phasesweep submit` does",
  });
}

/** The data sets that a plan refers to and that are not there, in words. */
export async function missingDatasets(plan: Plan, datasets: DatasetStore): Promise<string[]> {
  const missing: string[] = [];
  for (const { name, digest, ...sizes } of datasetReferences(plan)) {
    const there = await datasets.find(digest);
    const isAsSaid =
      there !== undefined &&
      there.bytes === sizes.bytes &&
      there.samples === sizes.samples &&
      there.features === sizes.features &&
      there.test_samples === sizes.test_samples;
    if (!isAsSaid) missing.push(`data set ${name} (${digest.slice(0, DIGEST_CHARACTERS)})`);
  }
  return missing;
}
