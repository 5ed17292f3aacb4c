import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { bestBackends, loadPlan } from "../../../cli/load_plan.ts";
import { planProblem } from "../../../coordinator/sweeps/submitted_plan.ts";
import { packageRoot } from "../../../shared/package_info.ts";
import { serializePlan } from "../../../shared/plan.ts";
import { buildPlan } from "../../../shared/spec/build_plan.ts";
import { parseSweep } from "../../../shared/spec/load.ts";

const SWEEPS = join(packageRoot, "sweeps");
const files = readdirSync(SWEEPS, { recursive: true, encoding: "utf8" }).filter((name) =>
  // Those that read files from outside the repository are left out.
  /^(?!.*(fashion|cifar)).*\.yaml$/.test(name),
);

test.each(files)("the plan of sweeps/%s is one", { timeout: 60_000 }, async (name) => {
  const hardware = async () => ({ backends: ["webgpu" as const], hasCpu: true });
  const { plan } = await loadPlan(join(SWEEPS, name), hardware);
  expect(planProblem(serializePlan(plan))).toBeUndefined();
});

const SWEEP = `
name: honest
dataset: example3
loss: logistic
precision: float32
model: { hidden_layers: 1, width: 50 }
learning_rate: { from: 0.5, to: 64, points: 8 }
seeds: 4
training: { steps: 10 }
`;
const honest = JSON.parse(
  serializePlan(
    buildPlan(parseSweep(SWEEP, "test"), { backends: bestBackends(["webgpu"]), checks: true }),
  ),
);

/** The honest plan with a value put, or taken out, at a path of keys. */
function changed(path: string, value: unknown): string {
  const copy = structuredClone(honest);
  const keys = path.split(".");
  const last = keys.pop()!;
  const place = keys.reduce((inner, key) => inner[key], copy);
  if (value === undefined) delete place[last];
  else place[last] = value;
  return JSON.stringify(copy);
}

test.each([
  ["plan.name", "../x", /plan\.name/],
  ["plan.name", "/etc/x", /plan\.name/],
  ["plan.name", "a/b", /plan\.name/],
  ["plan.name", "a\0b", /plan\.name/],
  ["plan.name", ".", /plan\.name/],
  ["plan.name", "..", /plan\.name/],
  ["plan.name", "naïve", /plan\.name/],
  ["plan.name", "a\\b", /plan\.name/],
  ["plan.name", "n".repeat(101), /plan\.name/],
  ["plan.groups", [], /plan\.groups/],
  ["plan.groups.0.cells", "8", /groups\.0\.cells/],
  ["plan.groups.0.cells", 8.5, /groups\.0\.cells/],
  ["plan.groups.0.first_cell", 1, /one after another/],
  ["plan.groups.0.shape_group", "0".repeat(32), /not the shape group/],
  ["plan.groups.0.shape.width", 51, /not the shape group/],
  ["plan.groups.0.shape.width", -1, /shape\.width/],
  ["plan.groups.0.shape.steps", 1e12, /shape\.steps/],
  ["plan.groups.0.numeric_class", "float64-mine", /numeric_class/],
  ["plan.groups.0.seeds", { from: 0, count: 5 }, /one for each seed/],
  ["plan.groups.0.learning_rates.points", 1e300, /learning_rates/],
  ["plan.groups.0.split_from", 0, /split_from/],
  ["plan.confidence", null, /confidence/],
  ["datasets.example3.X.0", [1], /datasets\.example3/],
  ["datasets.example3.X", [[Number.POSITIVE_INFINITY]], /datasets\.example3/],
  ["datasets.example3.digest", "0".repeat(64), /datasets\.example3/],
  ["datasets.example3", { name: "example3", digest: "../x", bytes: 1 }, /datasets\.example3/],
  ["format", 2, /format/],
  ["plan.more", JSON.parse("[".repeat(500) + "]".repeat(500)), /PLAN_DEPTH_MAX/],
])("a plan that lies is refused: %s = %j", (path, value, problem) => {
  expect(planProblem(changed(path, value))).toMatch(problem);
});

test("what is no plan at all is refused", () => {
  for (const text of [
    "",
    "null",
    "[]",
    "{",
    '"x"',
    "[".repeat(1e6),
    JSON.stringify({ format: 1 }),
  ]) {
    expect(planProblem(text)).toMatch(/the plan is/);
  }
  expect(planProblem(JSON.stringify(honest))).toBeUndefined();
});
