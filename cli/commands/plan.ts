import { datasetSize } from "../../shared/datasets.ts";
import { FLOAT64_EXACT } from "../../shared/numeric_class.ts";
import {
  type BoundaryTargets,
  datasetDigest,
  type Plan,
  type PlannedGroup,
  planDigest,
} from "../../shared/plan.ts";
import type { PlannedShape } from "../../shared/shape_group.ts";
import {
  axisPoints,
  type LearningRateAxis,
  learningRateAt,
  seedCount,
} from "../../shared/spec/axes.ts";
import type { BackendChoice } from "../backend_choice.ts";
import { usableBackends } from "../devices.ts";
import { loadPlans } from "../load_plans.ts";
import { resultsPlace } from "../results_place.ts";
import { axesText } from "../text/axes_text.ts";
import { type CacheReport, cacheReport, missText, shortMissText } from "../text/cache_report.ts";
import { cachedText, formatColumns, formatCount, formatNumber } from "../text/format.ts";

/** Hexadecimal digits of a digest that people are shown. */
const DIGEST_CHARACTERS = 12;

/** A longer table is cut to its first rows. */
const TABLE_ROWS_MAX = 24;
const TABLE_ROWS_SHOWN = 12;

/** Groups named in a line that gives a reason. */
const REASON_GROUPS_SHOWN = 4;

export interface PlanOptions {
  readonly results?: string;
  readonly backend: BackendChoice;
  readonly json?: boolean;
}

/** Prints what sweep files would run, and what of it is there; runs and writes nothing. */
export async function planCommand(paths: readonly string[], options: PlanOptions): Promise<void> {
  const sweeps = await loadPlans(paths, async () => ({
    backends: await usableBackends(options.backend),
    hasCpu: true,
  }));
  const among = sweeps.length;
  const found: { plan: Plan; report: CacheReport }[] = [];
  for (const { plan } of sweeps) {
    const place = resultsPlace(plan, options.results, { among });
    found.push({ plan, report: await cacheReport(plan, place) });
  }
  if (!options.json) {
    process.stdout.write(found.map(({ plan, report }) => planText(plan, report)).join("\n"));
    return;
  }
  const documents = found.map(({ plan, report }) => planJson(plan, report));
  process.stdout.write(`${JSON.stringify(among === 1 ? documents[0] : documents, null, 2)}\n`);
}

export function planText(plan: Plan, report: CacheReport): string {
  const isMixed = plan.groups.some(({ numeric_class }) => numeric_class !== FLOAT64_EXACT);
  const header = [
    "grid",
    "data set",
    "model",
    "loss",
    "σ_w²",
    "steps",
    "seeds",
    "learning rates",
    "cells",
    ...(report.cells > 0 ? ["cached"] : []),
    ...(isMixed ? ["class"] : []),
  ];
  const rows = plan.groups.map(({ grid, shape, seeds, learning_rates, cells, ...group }, i) => [
    String(grid),
    shape.dataset.name,
    modelText(shape),
    shape.loss,
    formatNumber(shape.weight_variance),
    stepsText(shape),
    formatCount(seedCount(seeds)),
    axisText(learning_rates),
    formatCount(cells),
    ...(report.cells > 0 ? [formatCount(report.groups[i]!.cells)] : []),
    ...(isMixed
      ? [`${group.numeric_class}${group.checks === undefined ? "" : ", as a check"}`]
      : []),
  ]);
  return [
    `sweep ${plan.name}${plan.description === "" ? "" : `: ${plan.description}`}`,
    `${formatCount(plan.cells)} cells in ${formatCount(plan.groups.length)} shape ${plan.groups.length === 1 ? "group" : "groups"}`,
    ...(plan.targets === undefined ? [] : [targetsText(plan.targets)]),
    "",
    formatColumns([header, ...firstRows(rows)]),
    ...axesText(plan),
    "",
    formatColumns([
      ["data set", "n", "d", "held out", "digest"],
      ...firstRows(
        datasetsOf(plan).map(({ name, samples, features, test_samples, digest }) => [
          ...[name, formatCount(samples), formatCount(features), formatCount(test_samples)],
          digest.slice(0, DIGEST_CHARACTERS),
        ]),
      ),
    ]),
    "",
    ...cacheText(plan, report),
  ].join("\n");
}

/** What comes to these cells, in a line. */
function targetsText({ eta_tolerance, median_interval, cells_max }: BoundaryTargets): string {
  const seeds =
    median_interval === null ? "" : ` and seeds until medians are to ${median_interval}`;
  return `and learning rates until boundaries are known to ${eta_tolerance}${seeds}: up to ${formatCount(cells_max)} cells`;
}

/** The first rows of a table that nobody would read, and how many more there are. */
function firstRows(rows: string[][]): string[][] {
  if (rows.length <= TABLE_ROWS_MAX) return rows;
  const more = `… and ${formatCount(rows.length - TABLE_ROWS_SHOWN)} more`;
  return [...rows.slice(0, TABLE_ROWS_SHOWN), [more]];
}

/** "linear predictor", "one hidden, m = 100", "2 hidden, m = 500, biases 0.01" */
function modelText({ hidden_layers, width, bias_variance, input_scale }: PlannedShape): string {
  const net = `${hidden_layers === 1 ? "one" : hidden_layers} hidden, m = ${width === "infinite" ? "∞" : width}`;
  return [
    hidden_layers === 0 ? "linear predictor" : net,
    ...(bias_variance === undefined ? [] : [`biases ${formatNumber(bias_variance)}`]),
    ...(input_scale === undefined ? [] : [`s_in ${formatNumber(input_scale)}`]),
  ].join(", ");
}

/** "100", or "50/η + 500" */
function stepsText({ steps }: PlannedShape): string {
  if (typeof steps === "number") return formatCount(steps);
  const { physical_time, extra_steps } = steps;
  const extra = extra_steps === 0 ? "" : ` + ${formatCount(extra_steps)}`;
  return `${formatNumber(physical_time)}/η${extra}`;
}

/** The data sets of a plan, each name once: samples n, features d, sha256 of the content. */
function datasetsOf({ groups }: Plan) {
  const byName = new Map(groups.map(({ shape }) => [shape.dataset.name, shape.dataset]));
  return [...byName.values()].map((dataset) => {
    const { samples, features, test_samples } = datasetSize(dataset);
    const digest = datasetDigest(dataset);
    return { name: dataset.name, samples, features, test_samples, digest };
  });
}

/** How many cells are there from earlier sweeps, and why not the others, equal reasons together. */
function cacheText(plan: Plan, report: CacheReport): string[] {
  const lines = [...report.notes];
  const isFirst = report.groups.every(({ missing }) =>
    missing.some(({ reason }) => reason === "no_earlier_sweep"),
  );
  if (isFirst && lines.length > 0) return [...lines, ""];
  if (isFirst) return [`no earlier sweep in ${report.folder}`, ""];
  lines.push(`${cachedText(report.cells)}, ${formatCount(plan.cells - report.cells)} are new`);
  const groupsOf = new Map<string, number[]>();
  // The groups of a map have a value each, and would fill the screen with them.
  const reasons = new Set(report.groups.map(({ missing }) => missing.map(missText).join("; ")));
  const textOf = reasons.size > TABLE_ROWS_SHOWN ? shortMissText : missText;
  for (const [i, { missing }] of report.groups.entries()) {
    if (missing.length === 0) continue;
    const text = missing.map(textOf).join("; ");
    const found = groupsOf.get(text);
    if (found === undefined) groupsOf.set(text, [i]);
    else found.push(i);
  }
  for (const [text, groups] of [...groupsOf].slice(0, TABLE_ROWS_SHOWN)) {
    // Groups that differ in a variance or a rate have the same name here.
    const names = [...new Set(groups.map((i) => groupText(plan.groups[i]!)))];
    const shown = names.slice(0, REASON_GROUPS_SHOWN).join(", ");
    const rest = names.length > REASON_GROUPS_SHOWN ? ", …" : "";
    const count = groups.length > 1 ? ` (${formatCount(groups.length)} groups)` : "";
    lines.push(`  ${shown}${rest}${count}: ${text}`);
  }
  const hidden = groupsOf.size - TABLE_ROWS_SHOWN;
  if (hidden > 0) lines.push(`  … and ${formatCount(hidden)} more reasons`);
  return [...lines, ""];
}

/** "example3 logistic m = 100" */
function groupText({ shape }: PlannedGroup): string {
  const width =
    shape.width === null ? "" : ` m = ${shape.width === "infinite" ? "∞" : shape.width}`;
  return `${shape.dataset.name} ${shape.loss}${width}`;
}

/** "129 from 0.5 to 60, 3.8 % apart": the values that will be used, after snapping. */
function axisText(axis: LearningRateAxis): string {
  const points = axisPoints(axis);
  const first = formatNumber(learningRateAt(axis, 0));
  if (points === 1) return first;
  const last = formatNumber(learningRateAt(axis, points - 1));
  const range = `${formatCount(points)} from ${first} to ${last}`;
  if (axis.scale === "linear") return `${range}, evenly`;
  if (axis.scale !== "log") return `${formatCount(points)} listed`;
  return `${range}, ${(100 * (2 ** axis.octaves_per_step - 1)).toPrecision(2)} % apart`;
}

function planJson(plan: Plan, report: CacheReport): object {
  return {
    sweep: plan.name,
    description: plan.description,
    cells: plan.cells,
    cells_cached: report.cells,
    plan_digest: planDigest(plan),
    notes: report.notes,
    datasets: datasetsOf(plan),
    groups: plan.groups.map(({ shape, ...group }, i) => ({
      grid: group.grid,
      shape_group: group.shape_group,
      numeric_class: group.numeric_class,
      dataset: shape.dataset.name,
      hidden_layers: shape.hidden_layers,
      width: shape.width,
      weight_variance: shape.weight_variance,
      bias_variance: shape.bias_variance ?? null,
      input_scale: shape.input_scale ?? 1,
      initial_weights: shape.initial_weights,
      loss: shape.loss,
      output_learning_rate: shape.output_learning_rate,
      steps: shape.steps,
      drop: shape.drop,
      measure: shape.measure,
      seeds: group.seeds,
      learning_rates: {
        ...group.learning_rates,
        lowest: learningRateAt(group.learning_rates, 0),
        highest: learningRateAt(group.learning_rates, axisPoints(group.learning_rates) - 1),
      },
      first_cell: group.first_cell,
      cells: group.cells,
      cells_cached: report.groups[i]!.cells,
      not_cached_because: report.groups[i]!.missing,
    })),
  };
}
