import { join } from "node:path";
import type { Plan } from "../shared/plan.ts";

/** Where `run` puts results unless it is told. */
export const RESULTS_DEFAULT = "results";

/** Where the results of a sweep go. */
export interface ResultsPlace {
  readonly folder: string;
  /** The folder of which it is one: its neighbours are sweeps too, whose cells may be taken over. */
  readonly siblings?: string;
}

/**
 * The results folder of a sweep: the one that was given, or results/NAME. Of several sweeps (`among`)
 * each has a folder of its name in the one that was given.
 */
export function resultsPlace(
  { name }: Plan,
  given: string | undefined,
  { among }: { readonly among: number } = { among: 1 },
): ResultsPlace {
  if (given !== undefined && among === 1) return { folder: given };
  const siblings = given ?? RESULTS_DEFAULT;
  return { folder: join(siblings, name), siblings };
}
