import { join } from "node:path";
import type { Plan } from "../shared/plan.ts";

const RESULTS_DEFAULT = "results";

/**
 * The results folder of a sweep: the one that was given, or results/NAME. There its neighbours are
 * folders of sweeps too, whose cells it may take over.
 */
export function resultsPlace(
  { name }: Plan,
  given: string | undefined,
): { readonly folder: string; readonly siblings?: string } {
  if (given !== undefined) return { folder: given };
  return { folder: join(RESULTS_DEFAULT, name), siblings: RESULTS_DEFAULT };
}
