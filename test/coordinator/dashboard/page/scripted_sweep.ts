import {
  CELL,
  type CellCode,
  type CellDetail,
  type Failure,
  type GroupSummary,
  type LiveBoundaries,
  type LiveBoundary,
  type Measures,
  type SweepPlan,
  type SweepSummary,
} from "../../../../coordinator/dashboard/messages.ts";
import type { ScriptedSweep } from "./stand_in.ts";

/** Where the phases of a scripted sweep change: like the logistic loss of Example 4. */
const ETA0 = 8;
const ETA1 = 42;

interface Script {
  readonly name: string;
  readonly rates: number;
  readonly seeds: number;
  readonly description?: string;
  /** Groups of one plane, by width; one if not told. */
  readonly widths?: readonly number[];
}

/** Rates on a logarithmic axis from 2 to 128. */
function ratesOf(count: number): number[] {
  return Array.from({ length: count }, (_, i) => 2 * 64 ** (i / Math.max(1, count - 1)));
}

/** A plan, and everything that belongs to it, with every cell open. */
export function scriptedSweep({ name, rates, seeds, description, widths }: Script): ScriptedSweep {
  const axis = ratesOf(rates);
  const values = widths ?? [200];
  const groups = values.map(
    (width, i): GroupSummary => ({
      first_cell: i * rates * seeds,
      cells: rates * seeds,
      rate_axis: 0,
      seed_axis: 0,
      shape_group: `group-${width}`,
      numeric_class: "float64-exact",
      dataset: "example4",
      model: "1 hidden layer",
      loss: "logistic",
      width,
      weight_variance: 0.5,
      measures: ["ntk", "hessian"],
      is_check: false,
    }),
  );
  const plan: SweepPlan = {
    sweep: name,
    description: description ?? "",
    version: "v1",
    cells: rates * seeds * values.length,
    confidence: 0.95,
    no_map: null,
    groups,
    rate_axes: [axis],
    seed_axes: [Array.from({ length: seeds }, (_, seed) => seed)],
    planes:
      widths === undefined
        ? []
        : [
            {
              title: "example4 · logistic · 1 hidden layer",
              parameter: "hidden width m",
              is_log: true,
              rows: widths.map((value) => ({ shape_group: `group-${value}`, value })),
            },
          ],
  };
  return {
    plan,
    states: new Uint8Array(plan.cells),
    summary: summaryOf(plan),
    boundaries: { sweep: name, version: "v1", groups: [] },
    failures: [],
    measures: (shape_group) => measuresOf(name, shape_group, axis),
    cell: (cell) => detailOf(plan, cell),
  };
}

/** Its phase, with boundaries that scatter with the seed. */
export function phaseOf({ groups, rate_axes }: SweepPlan, cell: number): CellCode {
  const group = groups.find((each) => cell < each.first_cell + each.cells)!;
  const rates = rate_axes[group.rate_axis]!;
  const seed = Math.floor((cell - group.first_cell) / rates.length);
  const rate = rates[(cell - group.first_cell) % rates.length]!;
  const drift = typeof group.width === "number" ? Math.sqrt(group.width / 200) : 1;
  const scatter = 1 + 0.12 * Math.sin(seed * 12.9898) + 0.02 * Math.sin(seed * 78.233 + rate);
  if (rate < ETA0 * scatter) return CELL.lazy;
  if (rate < ETA1 * drift * scatter) return CELL.catapult;
  return seed % 17 === 3 && rate > 100 ? CELL.unsettled : CELL.divergent;
}

function summaryOf({ sweep, description, cells }: SweepPlan): SweepSummary {
  return {
    ...{ sweep, description, cells, state: "running", priority: 0 },
    ...{ cells_done: 0, cells_in_flight: 0, cells_failed: 0, cells_per_second: 12_400 },
    eta_ms: 83_000,
    phases: { lazy: 0, catapult: 0, divergent: 0, unsettled: 0 },
    ...{ shards_committed: 3, duplicates: 0, mismatches: 0, mismatch_reports: [] },
    ...{ trouble: "", error: "", results_folder: `results/${sweep}`, results_sha256: "" },
  };
}

/** Intervals that become narrower with the seeds that are known. */
export function boundariesOf(plan: SweepPlan, seeds_known: number): LiveBoundaries {
  const around = (median: number): LiveBoundary => {
    const spread = 0.3 / Math.sqrt(Math.max(1, seeds_known));
    const ends = { low: median * (1 - spread), high: median * (1 + spread) };
    return { median, beyond: null, ...ends, seeds_known };
  };
  return {
    sweep: plan.sweep,
    version: plan.version,
    groups: plan.groups.map(({ shape_group, width }) => ({
      shape_group,
      seeds: plan.seed_axes[0]!.length,
      eta0: around(ETA0),
      eta1: around(ETA1 * Math.sqrt((width as number) / 200)),
    })),
  };
}

function measuresOf(sweep: string, shape_group: string, rates: readonly number[]): Measures {
  const curve = (
    quantity: Measures["curves"][number]["quantity"],
    value: (rate: number) => number | null,
  ) => {
    const median = rates.map(value);
    const scaled = (by: number) => median.map((each) => (each === null ? null : each * by));
    return { quantity, median, low: scaled(0.93), high: scaled(1.08) };
  };
  const alive = (value: (rate: number) => number) => (rate: number) =>
    rate < ETA1 ? value(rate) : null;
  return {
    ...{ sweep, shape_group, learning_rates: rates, cells: rates.map(() => 32) },
    curves: [
      curve("ntk_initial", () => 1.03),
      curve(
        "ntk_final",
        alive((rate) => (rate < ETA0 ? 1.02 : (1.02 * ETA0) / rate)),
      ),
      curve("hessian_initial", () => 0.26),
      curve(
        "hessian_final",
        alive((rate) => (rate < ETA0 ? 0.25 : (0.25 * ETA0) / rate)),
      ),
      curve(
        "loss_final",
        alive((rate) => 0.6 / (1 + rate) ** 2),
      ),
    ],
  };
}

function detailOf(plan: SweepPlan, cell: number): CellDetail {
  const group = plan.groups.find((each) => cell < each.first_cell + each.cells);
  if (group === undefined) throw new Error(`there is no cell ${cell}`);
  const rates = plan.rate_axes[0]!;
  const at = cell - group.first_cell;
  const seed = Math.floor(at / rates.length);
  const learning_rate = rates[at % rates.length]!;
  const steps = Array.from({ length: 101 }, (_, step) => step);
  const rise = learning_rate > ETA0 ? 4 : 0;
  return {
    ...{ sweep: plan.sweep, cell, code: phaseOf(plan, cell), seed, learning_rate, group },
    row: {
      seed,
      learning_rate,
      loss_initial: Math.LN2,
      loss_final: 0.0123456789,
      dataset: "example4",
    },
    curve: {
      source: "trained",
      numeric_class: "float64-exact",
      steps,
      loss: steps.map((step) => (0.7 + rise * Math.exp(-(((step - 12) / 6) ** 2))) * 0.96 ** step),
      ntk: steps.map((step) => 1 - (rise / 10) * (1 - 0.9 ** step)),
      hessian: steps.map((step) => 0.26 - (rise / 40) * (1 - 0.9 ** step)),
    },
    no_curve: null,
    failure: null,
    reproduce: `phasesweep reproduce results/${plan.sweep} ${cell}`,
  };
}

export function scriptedFailure(first_cell: number, error: string): Failure {
  const coordinates = { seed: 3, learning_rate: 8.25, dataset: "example4" };
  const model = { model: "1 hidden layer", loss: "logistic" };
  return { first_cell, cells: 1, error, ...coordinates, ...model, only_on: null };
}
