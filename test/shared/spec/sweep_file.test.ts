import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { UsageError } from "../../../shared/errors.ts";
import { packageRoot } from "../../../shared/package_info.ts";
import { parsePlan, planDigest, serializePlan } from "../../../shared/plan.ts";
import { axisPoints, learningRateAt, snapLogAxis } from "../../../shared/spec/axes.ts";
import { buildPlan } from "../../../shared/spec/build_plan.ts";
import { loadSweepFile, parseSweep } from "../../../shared/spec/load.ts";
import { sweepJsonSchema } from "../../../shared/spec/schema.ts";

const GOOD = `name: good
dataset: example3
model: { hidden_layers: 1, width: 10 }
loss: logistic
learning_rate: [1, 2]
seeds: 2
`;

function problemOf(text: string): string {
  try {
    buildPlan(parseSweep(text, "s.yaml"));
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
  throw new Error("the sweep file was accepted");
}

test.each([
  ["an unknown key", "lr: 3\n", "s.yaml:7:1", "unknown key 'lr'"],
  ["a typo", "mesure: [ntk]\n", "s.yaml:7:1", "write 'measure'"],
  ["a wrong type", "training: { steps: many }\n", "s.yaml:7:20", "must be a number"],
])("%s is refused with its place and the fix", (_, line, place, words) => {
  const problem = problemOf(GOOD + line);
  expect(problem).toContain(place);
  expect(problem).toContain(words);
  expect(problem).toContain("fix: ");
});

test.each([
  ["an empty axis", "[1, 2]", "[]", "s.yaml:5:16"],
  ["η = 0", "[1, 2]", "[1, 0]", "s.yaml:5:20"],
  ["η < 0", "[1, 2]", "-1", "s.yaml:5:16"],
  ["NaN", "[1, 2]", ".nan", "s.yaml:5:16"],
  ["infinity", "[1, 2]", ".inf", "s.yaml:5:16"],
  ["a repeated η", "[1, 2]", "[1, 1]", "lists 1 twice"],
  ["an axis the wrong way round", "[1, 2]", "{ from: 2, to: 1, points: 3 }", "s.yaml:5:31"],
  ["a grid past 2^53", "seeds: 2", "seeds: 9007199254740991", "SWEEP_CELLS_MAX"],
  ["no width", ", width: 10", "", "'model.width' is missing"],
  ["a width without a hidden layer", "hidden_layers: 1", "hidden_layers: 0", "has no width"],
])("%s is refused", (_, from, to, words) => {
  expect(problemOf(GOOD.replace(from, to))).toContain(words);
});

test("a plan survives its JSON, and its digest ignores the name", () => {
  const plan = buildPlan(parseSweep(GOOD, "s.yaml"));
  expect(parsePlan(serializePlan(plan))).toEqual(plan);
  expect(plan.cells).toBe(4);
  const renamed = buildPlan(parseSweep(GOOD.replace("good", "other"), "s.yaml"));
  expect(planDigest(renamed)).toBe(planDigest(plan));
});

test("log axes share every point that both contain, bit for bit", () => {
  const values = (axis: ReturnType<typeof snapLogAxis>) =>
    Array.from({ length: axisPoints(axis) }, (_, i) => learningRateAt(axis, i));
  const coarse = values(snapLogAxis(0.5, 64, 57));
  const fine = new Set(values(snapLogAxis(0.25, 128, 145)));
  expect(coarse.length).toBeGreaterThan(40);
  for (const value of coarse) expect(fine.has(value)).toBe(true);
});

test("every shipped sweep file is valid, and the published schema is the one in use", () => {
  const folder = join(packageRoot, "sweeps");
  for (const name of readdirSync(folder).filter((file) => file.endsWith(".yaml"))) {
    expect(buildPlan(loadSweepFile(join(folder, name))).cells).toBeGreaterThan(0);
  }
  const published = JSON.parse(readFileSync(join(folder, "sweep.schema.json"), "utf8"));
  expect(published).toEqual(JSON.parse(JSON.stringify(sweepJsonSchema())));
});
