import { describe, expect, test } from "vitest";
import { drawLossFigure } from "../../../../coordinator/analysis/figures/loss_figure.ts";
import {
  chooseRates,
  type TrajectoryBand,
  type TrajectoryGroup,
} from "../../../../coordinator/analysis/figures/trajectory_data.ts";
import { BUILTIN_DATASETS } from "../../../../shared/datasets.ts";
import type { PlannedGroup } from "../../../../shared/plan.ts";

const none = { lazy: 0, catapult: 0, divergent: 0, unsettled: 0 };

test("two learning rates of each phase are chosen, by what most seeds are", () => {
  const rows = [1, 2, 3, 4, 5, 6, 7].map((learning_rate) => ({
    shape_group: "a",
    learning_rate,
    ...none,
    ...(learning_rate < 5 ? { lazy: 3, catapult: 1 } : { lazy: 1, divergent: 3 }),
  }));
  const chosen = chooseRates(rows);
  expect(chosen.map(({ learning_rate, phase }) => [learning_rate, phase])).toEqual([
    [2, "lazy"],
    [3, "lazy"],
    [6, "divergent"],
    [7, "divergent"],
  ]);
  expect(chosen.every(({ seeds }) => seeds === 4)).toBe(true);
  expect(chooseRates(rows.slice(0, 1))).toHaveLength(1);
});

const band = (values: (number | null)[]): TrajectoryBand => ({
  low: values,
  median: values,
  high: values,
});

function group(ntk: TrajectoryBand | null): TrajectoryGroup {
  return {
    group: {
      shape: {
        dataset: { ...BUILTIN_DATASETS[3]!, name: "a <b> & c" },
        hidden_layers: 1,
        width: 100,
        loss: "logistic",
        weight_variance: 1,
      },
    } as unknown as PlannedGroup,
    curves: [
      {
        learning_rate: 1,
        phase: "lazy",
        seeds: 1,
        steps: [0, 1, 2],
        loss: band([1, 0.5, 0.1]),
        ntk,
        hessian: null,
      },
      {
        learning_rate: 9,
        phase: "divergent",
        seeds: 1,
        steps: [0, 1, 2],
        loss: band([1, 40, Number.POSITIVE_INFINITY]),
        ntk,
        hessian: null,
      },
    ],
  };
}

describe("the figure", () => {
  test("has a panel for each recorded quantity, and unique ids", () => {
    const svg = drawLossFigure({ groups: [group(band([2, 2, 2])), group(null)], groups_total: 5 })!;
    const ids = [...svg.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id);
    expect(ids).toHaveLength(3);
    expect(new Set(ids).size).toBe(3);
    expect(svg).toContain("Not shown: 3 further groups");
    expect(svg).toContain("a &lt;b&gt; &amp; c");
    expect(svg).not.toMatch(/NaN|Infinity/);
  });

  test("is not drawn of nothing", () => {
    expect(drawLossFigure({ groups: [], groups_total: 0 })).toBeUndefined();
  });
});
