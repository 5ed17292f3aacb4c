import { type Plan, planDigest } from "../../shared/plan.ts";
import {
  axisPoints,
  type LearningRateAxis,
  learningRateAt,
  seedCount,
} from "../../shared/spec/axes.ts";
import { buildPlan } from "../../shared/spec/build_plan.ts";
import { loadSweepFile } from "../../shared/spec/load.ts";
import { formatColumns, formatCount, formatNumber } from "../format.ts";

/** Prints what a sweep file would run; runs and writes nothing. */
export function planCommand(sweepPath: string, options: { readonly json?: boolean }): void {
  const plan = buildPlan(loadSweepFile(sweepPath));
  process.stdout.write(
    options.json ? `${JSON.stringify(planJson(plan), null, 2)}\n` : planText(plan),
  );
}

function planText(plan: Plan): string {
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
  ];
  const rows = plan.groups.map(({ grid, shape, seeds, learning_rates, cells }) => [
    String(grid),
    shape.dataset.name,
    shape.width === null
      ? "linear predictor"
      : `one hidden, m = ${shape.width === "infinite" ? "∞" : shape.width}`,
    shape.loss,
    formatNumber(shape.weight_variance),
    formatCount(shape.steps),
    formatCount(seedCount(seeds)),
    axisText(learning_rates),
    formatCount(cells),
  ]);
  return [
    `sweep ${plan.name}${plan.description === "" ? "" : `: ${plan.description}`}`,
    `${formatCount(plan.cells)} cells in ${formatCount(plan.groups.length)} shape groups`,
    "",
    formatColumns([header, ...rows]),
    "",
  ].join("\n");
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

function planJson(plan: Plan): object {
  return {
    sweep: plan.name,
    description: plan.description,
    cells: plan.cells,
    plan_digest: planDigest(plan),
    groups: plan.groups.map(({ shape, ...group }) => ({
      grid: group.grid,
      shape_group: group.shape_group,
      numeric_class: group.numeric_class,
      dataset: shape.dataset.name,
      hidden_layers: shape.hidden_layers,
      width: shape.width,
      weight_variance: shape.weight_variance,
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
    })),
  };
}
