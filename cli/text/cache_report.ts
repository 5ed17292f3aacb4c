import { existsSync } from "node:fs";
import { join } from "node:path";
import { JOURNAL_FILE } from "../../coordinator/journal/sqlite_journal.ts";
import { RESULTS_FILE } from "../../coordinator/results/merge.ts";
import { type MissReason, missExplainer } from "../../coordinator/reuse/explain.ts";
import { sourcesOfSweepFolder } from "../../coordinator/reuse/sources.ts";
import { countCached } from "../../coordinator/reuse/take_over.ts";
import type { Plan } from "../../shared/plan.ts";
import type { ResultsPlace } from "../results_place.ts";
import { formatCount } from "./format.ts";

/** What a run of a plan would find in its results folder. */
export interface CacheReport {
  readonly folder: string;
  readonly cells: number;
  /** One for each group of the plan. */
  readonly groups: readonly { readonly cells: number; readonly missing: readonly MissReason[] }[];
  readonly notes: readonly string[];
}

const SEED_RANGES_SHOWN = 4;

/** Counts the cells of a plan that a run would take over, and says why not the others. */
export async function cacheReport(
  plan: Plan,
  { folder, siblings }: ResultsPlace,
): Promise<CacheReport> {
  const found = await sourcesOfSweepFolder(folder, siblings);
  const { cells, notes } = await countCached(plan, found);
  const explain = missExplainer(found.sources.map((source) => source.plan));
  const isUnfinished =
    existsSync(join(folder, JOURNAL_FILE)) && !existsSync(join(folder, RESULTS_FILE));
  return {
    folder,
    cells: cells.reduce((a, b) => a + b, 0),
    groups: plan.groups.map((group, i) => ({
      cells: cells[i]!,
      missing: cells[i] === group.cells ? [] : explain(group),
    })),
    notes: isUnfinished
      ? [
          ...notes,
          `the sweep in ${folder} is not finished: what it has is used too, but not counted`,
        ]
      : notes,
  };
}

/** "new seeds 32..63", "steps 200, earlier 100" */
export function missText(reason: MissReason): string {
  switch (reason.reason) {
    case "new_seeds": {
      const ranges = reason.seeds.slice(0, SEED_RANGES_SHOWN);
      const texts = ranges.map(({ first, last }) =>
        first === last ? String(first) : `${first}..${last}`,
      );
      const rest = reason.seeds.length > ranges.length ? ", …" : "";
      return `${formatCount(reason.count)} new seeds (${texts.join(", ")}${rest})`;
    }
    case "new_learning_rates":
      return `${formatCount(reason.count)} new learning rates`;
    case "not_all_there":
      return "its seeds and learning rates are there, but not all of them together";
    case "no_earlier_sweep":
      return "there is no earlier sweep";
    case "new_shape":
      return `no earlier sweep has this shape: ${reason.differs
        .map(({ field, now, earlier }) => `${field} ${now}, earlier ${earlier}`)
        .join("; ")}`;
    case "other_numeric_class":
      return `numeric class ${reason.now}, earlier ${reason.earlier}`;
    case "other_kernel_version":
      return "the earlier cells were computed by another kernel version";
  }
}

/** The same without the values of a shape: "no earlier sweep has this shape: other weight_variance". */
export function shortMissText(reason: MissReason): string {
  if (reason.reason !== "new_shape") return missText(reason);
  const fields = new Set(reason.differs.map(({ field }) => field));
  return `no earlier sweep has this shape: other ${[...fields].join(", ")}`;
}
