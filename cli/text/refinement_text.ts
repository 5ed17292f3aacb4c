import type { BoundaryRow } from "../../coordinator/analysis/boundaries/boundaries.ts";
import type { MissingBoundary, Refinement } from "../../coordinator/analysis/boundaries/missing.ts";
import { datasetLabel, modelLabel, plain, significant } from "../../coordinator/analysis/labels.ts";
import { formatCount } from "./format.ts";

/** Boundaries that are named one by one; the rest is counted. */
const NAMED_MAX = 12;

/** How well the boundaries are known, in a few lines; empty where a sweep has no targets. */
export function refinementText(
  refinement: Refinement | undefined,
  rows: readonly BoundaryRow[],
): string {
  if (refinement === undefined) return "";
  const { targets, cells, cells_dense, missing } = refinement;
  const { eta_tolerance, median_interval, cells_max } = targets;
  const wanted =
    `η to ${percent(eta_tolerance)} for each seed` +
    (median_interval === null ? "" : `, medians to ${percent(median_interval)}`);
  const cost = `${formatCount(cells)} cells, 1/${significant(cells_dense / cells, 3)} of a grid of that spacing (${formatCount(cells_dense)})`;
  if (missing.length === 0) return `boundaries  ${wanted}: reached with ${cost}\n\n`;
  const byGroup = new Map(rows.map((row) => [row.shape_group, row]));
  const lines = missing
    .slice(0, NAMED_MAX)
    .map((each) => `  ${missingText(each, byGroup.get(each.shape_group)!, targets.eta_tolerance)}`);
  if (missing.length > NAMED_MAX)
    lines.push(`  … and ${missing.length - NAMED_MAX} boundaries more`);
  const isOpen = missing.some(
    ({ seeds_open, median_interval: width }) => seeds_open > 0 || width !== null,
  );
  const fix = isOpen ? ` (cells_max: ${formatCount(cells_max)})` : "";
  return `boundaries  ${wanted}: not all of it, with ${cost}${fix}; missing:\n${lines.join("\n")}\n\n`;
}

function missingText(missing: MissingBoundary, row: BoundaryRow, eta_tolerance: number): string {
  const { boundary, seeds_open, seeds_beyond, median_interval } = missing;
  const what: string[] = [];
  if (seeds_open > 0) {
    what.push(`${seeds_open} of ${row.seeds} seeds not known to ${percent(eta_tolerance)}`);
  }
  if (seeds_beyond > 0) {
    what.push(`${seeds_beyond} of ${row.seeds} seeds without one between the learning rates`);
  }
  if (median_interval !== null) {
    const width = Number.isFinite(median_interval) ? percent(median_interval) : "open";
    what.push(`interval of the median ${width} with ${row.seeds} seeds`);
  }
  const group = `${datasetLabel(row.dataset)} · ${row.loss} · ${modelLabel(row)}`;
  return `η${boundary.at(-1)} of ${group}: ${what.join("; ")}`;
}

function percent(share: number): string {
  return `${plain(Number((100 * share).toPrecision(2)))} %`;
}
