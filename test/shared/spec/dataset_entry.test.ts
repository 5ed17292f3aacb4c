import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { UsageError } from "../../../shared/errors.ts";
import { packageRoot } from "../../../shared/package_info.ts";
import { buildPlan } from "../../../shared/spec/build_plan.ts";
import { parseSweep } from "../../../shared/spec/load.ts";

function problemOf(dataset: string): string {
  const text = `name: own
dataset: ${dataset}
model: { hidden_layers: 0 }
loss: logistic
learning_rate: [1]
seeds: 1
`;
  try {
    buildPlan(parseSweep(text, "s.yaml"));
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
  return "accepted";
}

test.each([
  ["{ cifar10: data, class: [1, 5] }", ["unknown key 'class'", "write 'classes'"]],
  ["{ cifar10: data, classes: [1, wolf] }", ["'dataset.classes[1]'", "must be"]],
  ["{ idx: data, classes: [1] }", ["'dataset.classes' is [1]"]],
  ["{ idx: { train: { images: a } }, classes: [1, 2] }", ["'dataset.idx.train.labels' is missing"]],
  ["{ csv: own.csv, scale: units }", ["'dataset.scale'", "write 'unit'"]],
  ["{ npy: { X: a.npy, y: b.npy }, train: 1 }", ["'dataset.train' is 1", "at least 2"]],
  ["{ name: own, X: [[1]], y: [3] }", ["'dataset.y[0]' is 3"]],
  ["{ separable: { samples: 4, features: 2 } }", ["'dataset.separable.margin' is missing"]],
  ["{ seperable: { samples: 4, features: 2, margin: 1 } }", ["write 'separable'"]],
  ["{ cifar10: data, classes: [1, automobile] }", ["s.yaml:2:36", "both classes"]],
  ["[example3, { csv: none.csv }]", ["none.csv: no such file", "fix: check the path"]],
])("%s is explained as the form that was meant", (dataset, words) => {
  const problem = problemOf(dataset);
  for (const word of words) expect(problem).toContain(word);
});

test("the data sets that docs/datasets.md shows are valid", () => {
  const text = readFileSync(join(packageRoot, "docs/datasets.md"), "utf8");
  const [block] =
    /(^ {4}dataset:.*\n( {6}.*\n)*)(?=\n)/m.exec(text.slice(text.indexOf("dataset"))) ?? [];
  const entries = block!.replaceAll(/^ {4}/gm, "");
  expect(() => parseSweep(`name: shown\n${entries}`, "s.yaml")).not.toThrow();
});
