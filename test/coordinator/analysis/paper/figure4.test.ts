import { expect, test } from "vitest";
import type { AccuracyGroup } from "../../../../coordinator/analysis/accuracy.ts";
import { figure4Findings } from "../../../../coordinator/analysis/paper/figure4.ts";
import { boundaryRow } from "../rows_fixture.ts";

function group(training: string, mean: number, standard_error: number): AccuracyGroup {
  const accuracy = { mean: 0.8, standard_error: 0.01 };
  return {
    shape_group: "g",
    training,
    same_but_training: "",
    bias_variance: null,
    input_scale: 1,
    test_samples: 100,
    points: [],
    best_lazy: null,
    best_catapult: null,
    held_out: {
      seeds: 8,
      seeds_left_out: 0,
      lazy: accuracy,
      catapult: accuracy,
      difference: { mean, standard_error },
      lazy_range: [1, 1],
      catapult_range: [2, 2],
    },
  };
}

const verdict = (training: string, mean: number, error: number) =>
  figure4Findings([group(training, mean, error)], [boundaryRow()])[0]!.agrees;

test.each([
  ["T = 500", 0.03, 0.01, "yes"],
  ["T = 500", 0.01, 0.01, "in part"],
  ["T = 500", -0.03, 0.01, "no"],
  ["ηT = 50", -0.03, 0.01, "yes"],
  ["ηT = 50", -0.01, 0.01, "in part"],
  ["ηT = 50", 0.03, 0.01, "no"],
  ["ηT = 50, then 500 steps at 0.01", 0.03, 0.01, "yes"],
  ["ηT = 50, then 500 steps at 0.01", 0, 0.01, "no"],
] as const)("%s, catapult − lazy %d ± %d: %s", (training, mean, error, expected) => {
  expect(verdict(training, mean, error)).toBe(expected);
});

test("panels follow from the network and the schedule", () => {
  const claims = (model: string) =>
    figure4Findings([group("ηT = 50", 0, 1)], [boundaryRow({ model })])[0]!.claim.slice(0, 3);
  expect(claims("one_hidden_layer")).toBe("(b)");
  expect(claims("two_hidden_layers_with_bias")).toBe("(d)");
});
