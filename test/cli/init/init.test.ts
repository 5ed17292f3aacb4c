import { join } from "node:path";
import { expect, test } from "vitest";
import {
  type Answers,
  DATA_NAMES,
  FINDS,
  readBudget,
  readDataAndLoss,
  readFind,
} from "../../../cli/init/answers.ts";
import { designSweep } from "../../../cli/init/design_sweep.ts";
import { makeSweep } from "../../../cli/init/make_sweep.ts";
import { machineProbe, type Probe } from "../../../cli/init/probe.ts";
import { formatRoughly } from "../../../cli/text/format.ts";
import { findMaps } from "../../../coordinator/analysis/maps/find_maps.ts";
import { systemClock } from "../../../shared/clock.ts";
import { LOSSES } from "../../../shared/losses.ts";
import { packageRoot } from "../../../shared/package_info.ts";
import { buildPlan } from "../../../shared/spec/build_plan.ts";
import { parseSweep } from "../../../shared/spec/load.ts";

const FRAME = { name: "made", schema: "sweep.schema.json" };
const PATH = join(packageRoot, "made.yaml");

/** A machine of 1,000 cells a second, where phases change between 0.7 and 90. */
const PROBE: Probe = {
  range: async () => ({ low: 0.7, high: 90 }),
  speed: async () => 1000,
};

const BUDGETS = [{ seconds: 30 }, { seconds: 3600 }, { cells: 1_000 }, { cells: 1_000_000 }];
const COMBINATIONS: Answers[] = DATA_NAMES.flatMap((data) =>
  LOSSES.flatMap((loss) =>
    FINDS.flatMap((find) => BUDGETS.map((budget) => ({ data, loss, find, budget }))),
  ),
);

test("every combination of answers gives a sweep that is valid, and of about the size asked for", async () => {
  for (const answers of COMBINATIONS) {
    const made = await makeSweep(answers, PATH, FRAME, { probe: PROBE, cores: 4 });
    const plan = buildPlan(parseSweep(made.text, PATH));
    const { find, budget } = answers;
    const told = JSON.stringify(answers);
    if (find === "boundaries") {
      expect(plan.targets?.cells_max, told).toBe(made.cells);
      expect(plan.cells, told).toBeLessThan(made.cells);
    } else {
      expect(plan.cells, told).toBe(made.cells);
    }
    if (find === "map" && made.cells > 1_000) expect(findMaps(plan), told).toHaveLength(1);
    if ("cells" in budget) {
      expect(made.cells, told).toBeLessThanOrEqual(budget.cells);
      expect(made.cells, told).toBeGreaterThan(budget.cells / 10);
    } else {
      expect(made.seconds_estimated, told).toBeLessThanOrEqual(budget.seconds + 1);
      expect(made.seconds_estimated, told).toBeGreaterThan(budget.seconds / 10);
    }
  }
});

test("every key that is written has a comment, and the first line leads editors to the schema", async () => {
  const [answers] = COMBINATIONS as [Answers, ...Answers[]];
  const { text } = await makeSweep(answers, PATH, FRAME, { probe: PROBE, cores: 1 });
  const lines = text.trimEnd().split("\n");
  expect(lines[0]).toBe("# yaml-language-server: $schema=sweep.schema.json");
  const keys = lines.map((line, i) => [line, lines[i - 1]!] as const).slice(7);
  for (const [line, before] of keys) {
    if (!line.startsWith("#")) expect(before, line).toMatch(/^#/);
  }
});

test("a machine is probed by training: its range holds both boundaries", async () => {
  const text = (loss: string) =>
    `name: a\ndataset: example3\nmodel: { hidden_layers: 1, width: 100, weight_variance: 0.5 }\nloss: ${loss}\nlearning_rate: { from: 1, to: 64, points: 97 }\nseeds: 8\ntraining: { steps: 100 }\n`;
  const probe = machineProbe(systemClock);
  const { low, high } = await probe.range(text("logistic"), PATH);
  // Population medians of the same setting: η0 8.3, η1 29.7 (numerics, section 5).
  expect(low).toBeLessThan(8);
  expect(low).toBeGreaterThan(0.5);
  expect(high).toBeGreaterThan(28);
  expect(high).toBeLessThan(500);
  expect(await probe.speed(text("squared"), PATH)).toBeGreaterThan(0);
});

test("a finer sweep of the same range contains the coarser one", () => {
  const [coarse, fine] = [10_000, 100_000].map((cells) => designSweep("grid", 0.7, 90, cells));
  expect([coarse!.from, coarse!.to]).toEqual([fine!.from, fine!.to]);
  expect((fine!.points - 1) % (coarse!.points - 1)).toBe(0);
  expect(fine!.seeds).toBeGreaterThanOrEqual(8);
});

test("an estimate says no more than is known", () => {
  const told = [100, 7_400, 27_000, 88_000, 91_000, 1_000_000, 9_000_000, 36_000_000];
  expect(told.map(formatRoughly)).toEqual(
    ["1 s", "7 s", "25 s", "90 s", "2 min", "17 min", "2.5 h", "10 h"], // 91 s is 1.5 min.
  );
});

test("answers are read as people write them, and what is none is refused with a guess", () => {
  expect(readDataAndLoss("example4 squared", "data")).toEqual({
    data: "example4",
    loss: "squared",
  });
  expect(readDataAndLoss("my data.csv, logistic", "data")).toEqual({
    data: { csv: "my data.csv" },
    loss: "logistic",
  });
  expect(readDataAndLoss("separable", "data").loss).toBe("logistic");
  expect(() => readDataAndLoss("exmaple4", "data")).toThrow("write example4");
  expect(() => readDataAndLoss("example4 logstic", "data")).toThrow("write logistic");
  expect(() => readFind("boundries", "find")).toThrow("write boundaries");
  expect(readBudget("5m", "budget")).toEqual({ seconds: 300 });
  expect(readBudget("100,000 cells", "budget")).toEqual({ cells: 100_000 });
  expect(readBudget("1e6", "budget")).toEqual({ cells: 1_000_000 });
  for (const bad of ["", "soon", "-5m", "3", "1s", "5 parsecs", "1e99"]) {
    expect(() => readBudget(bad, "budget"), bad).toThrow(/fix: for example/);
  }
});
