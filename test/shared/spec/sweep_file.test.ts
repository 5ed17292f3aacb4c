import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { expect, test } from "vitest";
import { UsageError } from "../../../shared/errors.ts";
import { packageRoot } from "../../../shared/package_info.ts";
import { parsePlan, planDigest, serializePlan } from "../../../shared/plan.ts";
import { scheduleOf } from "../../../shared/schedule.ts";
import { axisPoints, learningRateAt, snapLogAxis } from "../../../shared/spec/axes.ts";
import { buildPlan } from "../../../shared/spec/build_plan.ts";
import { loadSweepFile, parseSweep } from "../../../shared/spec/load.ts";
import { sweepJsonSchema } from "../../../shared/spec/schema.ts";
import { temporaryFolder } from "../../e2e/cli.ts";

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

const DEEP = GOOD.replace("hidden_layers: 1, width: 10", "hidden_layers: 2, width: 10");

test.each([
  ["nine hidden layers", "hidden_layers: 2", "hidden_layers: 9", "at most 8"],
  [
    "float64 for a deep net",
    "seeds: 2",
    "seeds: 2\nprecision: float64",
    "takes no 2 hidden layers",
  ],
  ["gram for a deep net", "seeds: 2", "seeds: 2\nengine: gram", "write `engine: dense`"],
  ["gram for biases", "seeds: 2", "seeds: 2\nengine: gram", "2 hidden layers"],
  ["a deep net of infinite width", "width: 10", "width: infinite", "only the gram engine"],
  [
    "an infinite width of the dense engine",
    "hidden_layers: 2, width: 10 }",
    "hidden_layers: 1, width: infinite }\nengine: dense",
    "only the gram engine",
  ],
  ["a deep net too wide", "width: 10", "width: 20000", "DENSE_WIDTH_MAX"],
  [
    "a scale of no layer",
    "hidden_layers: 2, width: 10",
    "hidden_layers: 0, input_scale: 2",
    "no input",
  ],
  [
    "a time too long",
    "seeds: 2",
    "seeds: 2\ntraining: { steps: { physical_time: 1.0e+7 } }",
    "STEPS_MAX",
  ],
  [
    "a trajectory over a physical time",
    "seeds: 2",
    "seeds: 2\ntrajectory: { every: 1 }\ntraining: { steps: { physical_time: 5 } }",
    "remove 'trajectory'",
  ],
  [
    "a figure of the paper that there is not",
    "seeds: 2",
    "seeds: 2\nreproduces: figure7",
    "figure1",
  ],
  [
    "a figure along training without trajectories",
    "seeds: 2",
    "seeds: 2\nreproduces: figure2",
    "write `trajectory: { every: 1 }`",
  ],
  [
    "a figure along training with every second step",
    "seeds: 2",
    "seeds: 2\nreproduces: figure2\ntrajectory: { every: 2 }",
    "step by step",
  ],
  [
    "a figure of accuracies without test samples",
    "seeds: 2",
    "seeds: 2\nreproduces: figure4",
    "test samples",
  ],
  [
    "a drop at a step of a physical time",
    "seeds: 2",
    "seeds: 2\ntraining: { steps: { physical_time: 5 }, drop: { at: 3, to: 1 } }",
    "write `extra_steps: 500`",
  ],
  [
    "a drop nowhere",
    "seeds: 2",
    "seeds: 2\ntraining: { drop: { to: 1 } }",
    "'at' or 'extra_steps'",
  ],
])("%s is refused", (_, from, to, words) => {
  expect(problemOf(DEEP.replace(from, to))).toContain(words);
});

/** Changing these computes again whatever anybody has computed. */
const FIGURE3_SHAPES = [
  "c6d3fe3f736d5ad0c9ae8dea7665a2f8",
  "ea9610f76501de16585fe82bfa7b299a",
  "fa5ad2126daa4b3dff970a3205428cc5",
  "53731bbad174540cffc7d9ded2802816",
];

test("a figure to reproduce is in the plan, but makes no other cells of it", () => {
  const text = readFileSync(join(packageRoot, "sweeps/paper/figure3.yaml"), "utf8");
  const named = buildPlan(parseSweep(text, "s.yaml"));
  const plain = buildPlan(parseSweep(text.replace(/^reproduces: .*$/m, ""), "s.yaml"));
  expect(named.reproduces).toBe("figure3");
  expect(plain.reproduces).toBeUndefined();
  expect(planDigest(named)).toBe(planDigest(plain));
  expect(named.groups).toEqual(plain.groups);
  expect(parsePlan(serializePlan(named)).reproduces).toBe("figure3");
});

test("shapes keep their identity, and defaults written out do not change it", () => {
  const path = join(packageRoot, "sweeps/paper/figure3.yaml");
  const ids = (text: string) =>
    buildPlan(parseSweep(text, "s.yaml")).groups.map(({ shape_group }) => shape_group);
  const text = readFileSync(path, "utf8");
  expect(ids(text)).toEqual(FIGURE3_SHAPES);
  const spelled = text
    .replace("hidden_layers: 1,", "hidden_layers: 1, input_scale: 1,")
    .concat("\nengine: auto\nprecision: float64\n");
  expect(ids(spelled)).toEqual(FIGURE3_SHAPES);
  expect(ids(`${text}\nengine: dense\n`)).not.toContain(FIGURE3_SHAPES[0]);
});

test("the engine is gram where that can hold the shape", () => {
  const classes = (text: string) =>
    buildPlan(parseSweep(text, "s.yaml"), { backends: { gram: "cuda", dense: "cuda" } }).groups.map(
      ({ numeric_class }) => numeric_class,
    );
  expect(classes(GOOD)).toEqual(["float64-exact"]);
  expect(classes(DEEP)).toEqual(["float32-cuda"]);
  const biased = GOOD.replace("width: 10", "width: 10, bias_variance: [0, 0.01]");
  expect(classes(biased)).toEqual(["float32-cuda", "float32-cuda"]);
  const high = "{ separable: { samples: 80, features: 70, margin: 1 } }";
  expect(classes(GOOD.replace("example3", high))).toEqual(["float32-cuda"]);
  for (const width of ["infinite", "1000000"]) {
    const wide = GOOD.replace("width: 10", `width: ${width}`);
    expect(classes(`${wide}\nprecision: float32\n`)).toEqual(["float32-cuda"]);
  }
});

test("a physical time gives every learning rate its own number of steps", () => {
  const training =
    "training: { steps: { physical_time: 50 }, drop: { extra_steps: 500, to: 0.01 } }";
  const [group] = buildPlan(parseSweep(DEEP + training, "s.yaml")).groups;
  expect(scheduleOf(group!.shape, 0.6)).toEqual({ steps: 583, drop_at: 83 });
  expect(scheduleOf(group!.shape, 1000)).toEqual({ steps: 501, drop_at: 1 });
  const fixed = "training: { steps: 20, drop: { extra_steps: 5, factor: 0.5 } }";
  const [other] = buildPlan(parseSweep(DEEP + fixed, "s.yaml")).groups;
  expect(scheduleOf(other!.shape, 0.6)).toEqual({ steps: 25, drop_at: 20 });
});

test("broken YAML is shown with a mark below the place, and one problem at a time", () => {
  expect(problemOf("name: a\ndataset: exmple3\n  foo: [\n")).toBe(
    [
      "s.yaml:2:10: not valid YAML: Nested mappings are not allowed in compact mappings",
      "    dataset: exmple3",
      "             ^",
      "  fix: give all keys of a map the same indent, and a key below another no value beside it",
    ].join("\n"),
  );
  expect(problemOf("name: a\n\tdataset: x\n")).toMatch(
    /2:1: .*\n {4} dataset: x\n {4}\^\n {2}fix: indent with spaces$/,
  );
  expect(problemOf("name: a\nname: b\n")).toContain("fix: remove one of the two keys");
  const long = problemOf(`name: [${"a, ".repeat(500)}`).split("\n");
  expect(long.every((line) => line.length < 200)).toBe(true);
});

test("a sweep file is read as editors of other systems save it", () => {
  const folder = temporaryFolder();
  const load = (bytes: string | Buffer) => {
    const path = join(folder, "sweep.yaml");
    writeFileSync(path, bytes);
    return loadSweepFile(path);
  };
  const { file } = load(GOOD);
  expect(load(GOOD.replaceAll("\n", "\r\n")).file).toEqual(file);
  expect(load(`\ufeff${GOOD}`).file).toEqual(file);
  expect(() => load(Buffer.from(`\ufeff${GOOD}`, "utf16le"))).toThrow("save it as UTF-8");
  expect(() => loadSweepFile(folder)).toThrow("it is a folder");
  // A decimal comma makes a key more.
  const comma = problemOf(GOOD.replace("[1, 2]", "{ from: 0,5, to: 60, points: 9 }"));
  expect(comma).not.toContain("write 'to'");
  expect(comma).toContain("write decimals with a point, as in 0.5");
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
  const names = readdirSync(folder, { recursive: true, encoding: "utf8" });
  for (const name of names.filter((file) => file.endsWith(".yaml"))) {
    const sweep = loadSweepFile(join(folder, name));
    // Images are the user's own, or a package's that may not be installed.
    if (basename(name).startsWith("figure4")) continue;
    expect(buildPlan(sweep).cells).toBeGreaterThan(0);
  }
  const published = JSON.parse(readFileSync(join(folder, "sweep.schema.json"), "utf8"));
  expect(published).toEqual(JSON.parse(JSON.stringify(sweepJsonSchema())));
});

test("a file that is not there is looked for by a name that is nearly its own", () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, "widths.yaml"), "name: widths\n");
  const load = (name: string) => () => loadSweepFile(join(folder, name));
  expect(load("witdhs.yaml")).toThrow(`no such file\n  fix: give ${join(folder, "widths.yaml")}`);
  expect(load("quite-another.yaml")).toThrow("fix: check the path");
  expect(load(join("nowhere", "widths.yaml"))).toThrow("fix: check the path");
});
