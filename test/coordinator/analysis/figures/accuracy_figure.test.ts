import { expect, test } from "vitest";
import type { AccuracyGroup, AccuracyPoint } from "../../../../coordinator/analysis/accuracy.ts";
import { drawAccuracyFigure } from "../../../../coordinator/analysis/figures/accuracy_figure.ts";
import { boundaryRow, summary } from "../rows_fixture.ts";
import { expectWellFormed } from "./svg_fixture.ts";

function point(learning_rate: number, mean: number | null, divergent = 0): AccuracyPoint {
  return {
    learning_rate,
    seeds: 8,
    shares: { lazy: 0, catapult: 1 - divergent, divergent, unsettled: 0 },
    accuracy: mean === null ? null : { mean, standard_error: 0.01 },
  };
}

function accuracyGroup(shape_group: string, changes: Partial<AccuracyGroup> = {}): AccuracyGroup {
  const points = [point(0.5, 0.8), point(1, 0.85), point(2, 0.82, 0.5), point(4, null, 1)];
  return {
    shape_group,
    training: "T = 500",
    same_but_training: "a",
    bias_variance: null,
    input_scale: 1,
    test_samples: 512,
    points,
    best_lazy: null,
    best_catapult: points[1]!,
    held_out: null,
    ...changes,
  };
}

test("draws a panel a network and a curve a schedule, and the same bytes twice", () => {
  const groups = [
    accuracyGroup("g"),
    accuracyGroup("h", { training: "ηT = 50, then 500 steps at 0.01" }),
    accuracyGroup("i", { same_but_training: "b", bias_variance: 0.01, input_scale: 2 }),
  ];
  const rows = ["i", "h", "g"].map((shape_group) =>
    boundaryRow({ shape_group, eta0: summary(0.7), eta1: summary(null) }),
  );
  const svg = drawAccuracyFigure(groups, rows)!;
  expectWellFormed(svg);
  expect(svg.match(/<g class="panel"/g)).toHaveLength(2);
  expect(svg).toContain("ηT = 50, then 500 steps at 0.01");
  expect(svg).toContain("² = 0.01");
  expect(svg).toContain("some seeds diverged");
  expect(drawAccuracyFigure(groups, rows)).toBe(svg);
});

test("a panel with more schedules than styles goes on in another", () => {
  const groups = Array.from({ length: 5 }, (_, index) => accuracyGroup(`g${index}`));
  const rows = groups.map(({ shape_group }) => boundaryRow({ shape_group }));
  const svg = drawAccuracyFigure(groups, rows)!;
  expectWellFormed(svg);
  expect(svg.match(/<g class="panel"/g)).toHaveLength(2);
});

test("draws what has a single learning rate, or diverged everywhere", () => {
  for (const points of [[point(1, 0.5)], [point(1, null, 1), point(2, null, 1)]]) {
    const groups = [accuracyGroup("g", { points, best_catapult: null })];
    expectWellFormed(drawAccuracyFigure(groups, [boundaryRow()])!);
  }
});

test("thins curves that have more points than a panel has pixels", () => {
  const points = Array.from({ length: 5000 }, (_, index) => point(1 + index / 1000, 0.8));
  const svg = drawAccuracyFigure([accuracyGroup("g", { points })], [boundaryRow()])!;
  expectWellFormed(svg);
  expect(svg.length).toBeLessThan(60_000);
});

test("nothing is drawn without test samples, and no group without its boundaries", () => {
  expect(drawAccuracyFigure([], [boundaryRow()])).toBeUndefined();
  expect(() => drawAccuracyFigure([accuracyGroup("g")], [])).toThrow(RangeError);
});
