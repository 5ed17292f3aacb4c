import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { loadCases } from "../../cli/cases/load.ts";
import { gramStart, referenceStart } from "../../cli/cases/resolve.ts";
import { type TraceCase, traceCaseSchema } from "../../cli/cases/schema.ts";
import { locateCommand } from "../../cli/commands/locate.ts";
import { type TraceOptions, traceCommand } from "../../cli/commands/trace.ts";
import { UsageError } from "../../shared/errors.ts";
import { packageRoot } from "../../shared/package_info.ts";
import { phasesweep, temporaryFolder } from "../e2e/cli.ts";
import { type Fixture, fixture, LOSS_NAMES } from "../worker/engine/golden_fixture.ts";

const folder = temporaryFolder();

function caseFile(cases: unknown): string {
  const path = join(folder, "cases.json");
  writeFileSync(path, typeof cases === "string" ? cases : JSON.stringify(cases));
  return path;
}

/** What a command prints, parsed. */
function printed(command: () => void): Fixture {
  let text = "";
  const spy = vi.spyOn(process.stdout, "write").mockImplementation((chunk) => {
    text += String(chunk);
    return true;
  });
  try {
    command();
  } finally {
    spy.mockRestore();
  }
  return JSON.parse(text);
}

const trace = (cases: unknown, options: TraceOptions = { engine: "gram" }) =>
  printed(() => traceCommand(caseFile(cases), options));

const PREDICTOR = {
  data: { X: [[1, 1]], y: [1] },
  loss: "squared",
  learning_rate: 0.1,
  steps: 10,
  init: { w: [3, 0] },
  measure_at: [10, 0, 11],
};
const NET = {
  data: { X: [[1, 0]], y: [1] },
  loss: "exponential",
  width: 2,
  learning_rate: 0.1,
  steps: 5,
  init: {
    W1: [
      [1, 0],
      [0, 1],
    ],
    w2: [1, 0],
  },
};

test("the dense engine takes the deep golden cases, and judges grids", async () => {
  const goldens = fixture("deep").cases;
  const cases = goldens.map((golden: Fixture) => ({
    data: golden.data,
    loss: LOSS_NAMES[golden.loss],
    width: golden.m,
    s_in: golden.s_in,
    learning_rate: golden.eta,
    steps: 20,
    init: {
      W: golden.W,
      w: golden.w,
      ...(golden.bias ? { b: golden.b, b_out: golden.b_out } : {}),
    },
    measure_at: golden.snaps.map((snap: Fixture) => snap.t),
  }));
  const path = join(folder, "deep.json");
  writeFileSync(path, JSON.stringify(cases));
  const { code, stdout, stderr } = await phasesweep("trace", path, "--engine", "dense");
  expect(code, stderr).toBe(0);
  for (const [i, result] of JSON.parse(stdout).entries()) {
    expect(result.engine).toBe("dense");
    expect(result.losses.length).toBe(21);
    for (const [k, snap] of goldens[i].snaps.entries()) {
      const { loss, ntk, hessian } = result.measured[k];
      expect(loss / snap.L).toBeCloseTo(1, 4);
      expect(ntk / snap.ntk_top).toBeCloseTo(1, 4);
      expect(hessian / snap.hess_top).toBeCloseTo(1, 3);
    }
  }
  const grids = [
    {
      ...PREDICTOR,
      learning_rate: undefined,
      measure_at: undefined,
      learning_rates: [0.1, 1.5, 9],
    },
  ];
  writeFileSync(path, JSON.stringify(grids));
  const judged = await phasesweep("trace", path, "--engine", "dense", "--grid");
  const expected = await phasesweep("trace", path, "--engine", "reference", "--grid");
  expect(JSON.parse(judged.stdout)[0].phases).toBe(JSON.parse(expected.stdout)[0].phases);
});

describe("the examples of docs/trace.md", () => {
  const text = readFileSync(join(packageRoot, "docs/trace.md"), "utf8");
  const blocks = [...text.matchAll(/```json\n(.*?)```/gs)].map((match) => match[1]!);

  test.each([
    ["trace", "cases.json", 0],
    ["locate", "starts.json", 2],
  ])("%s %s prints what is shown", async (command, name, block) => {
    expect(text).toContain(`    phasesweep ${command} ${name}`);
    const path = join(folder, name);
    writeFileSync(path, blocks[block]!);
    const { code, stdout, stderr } = await phasesweep(command, path);
    expect(stderr).toBe("");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual(JSON.parse(blocks[block + 1]!));
  });
});

describe("phases over the golden grids", () => {
  const goldens: Fixture[] = fixture("class_grids").cases;
  const letters: Record<string, string> = { M: "L", C: "C", U: "U", D: "D" };
  test("every entry that is not ignored", () => {
    const results = trace(
      goldens.map(({ config, Z, y, init, etas }) => ({
        data: { X: Z, y },
        loss: LOSS_NAMES[config.loss],
        width: config.m,
        steps: config.T,
        init: { S: init.S, beta: init.b, q: init.q },
        learning_rates: etas,
      })),
      { engine: "gram", grid: true },
    );
    expect(results.length).toBe(10);
    for (const [i, golden] of goldens.entries()) {
      expect(results[i].phases.length).toBe(golden.etas.length);
      const keep = (_: string, k: number) => !golden.ignore[k];
      const expected = [...golden.classes].map((letter) => letters[letter]!).filter(keep);
      expect(expected.length).toBeGreaterThanOrEqual(55);
      expect([...results[i].phases].filter(keep).join("")).toBe(expected.join(""));
    }
  });
});

test.each(["gram", "reference"] as const)(
  "%s: a predictor's weights keep their part beyond the span of the data",
  (engine) => {
    const [result] = trace([PREDICTOR], { engine });
    // f = w·(1, 1) nears 1 by a factor 1 − 0.1·2 a step; w moves along (1, 1) alone.
    const f = 1 + 2 * 0.8 ** 10;
    const steps = result.measured.map(({ step }: Fixture) => step);
    expect(steps).toEqual([0, 10]);
    expect(result.measured[0].weights[0]).toBeCloseTo(3, 14);
    expect(result.measured[1].weights[0]).toBeCloseTo(3 + (f - 3) / 2, 13);
    expect(result.measured[1].weights[1]).toBeCloseTo((f - 3) / 2, 13);
    expect(result.losses.length).toBe(11);
    expect(result).toMatchObject({ phase: "lazy", steps: 10, increases: 0, engine });
  },
);

test("engines agree on a start given by S, beta and q", () => {
  const init = {
    S: [
      [0.6, 0.1],
      [0.1, 0.4],
    ],
    beta: [0.2, -0.1],
    q: 0.5,
  };
  const cases = [{ ...NET, width: 9, init, measure_at: [5] }];
  const [fast] = trace(cases);
  const [slow] = trace(cases, { engine: "reference" });
  expect(fast.losses.length).toBe(6);
  for (const [t, loss] of fast.losses.entries()) expect(loss).toBeCloseTo(slow.losses[t], 13);
  expect(fast.measured[0].hessian).toBeCloseTo(slow.measured[0].hessian, 10);
});

test("non-finite numbers are strings, and a divergent run ends with its step", () => {
  const [result] = trace([
    { ...NET, loss: "squared", learning_rate: 1e60, steps: 50, measure_at: [0, 1, 50] },
  ]);
  expect(result.phase).toBe("divergent");
  expect(result.losses.length).toBe(result.diverged_at + 1);
  expect(result.measured.map(({ step }: Fixture) => step)).toEqual([0, 1]);
  const [overflow] = trace([
    {
      ...PREDICTOR,
      loss: "exponential",
      init: { w: [-500, -500] },
      measure_at: [0],
    },
  ]);
  expect(overflow.losses).toEqual(["Infinity"]);
  expect(overflow.measured[0]).toMatchObject({ loss: "Infinity", hessian: "NaN" });
});

test("a deep network with biases runs in the reference engine, and only there", () => {
  const [golden] = fixture("deep").cases;
  const deep = {
    data: golden.data,
    loss: LOSS_NAMES[golden.loss],
    width: golden.m,
    learning_rate: golden.eta,
    steps: 20,
    hidden_layers: 2,
    bias: true,
    s_in: 1,
    init: { W: golden.W, w: golden.w, b: golden.b, b_out: golden.b_out },
    measure_at: [20],
  };
  const [result] = trace([deep], { engine: "reference" });
  expect(result.measured[0].ntk).toBeCloseTo(golden.snaps.at(-1).ntk_top, 8);
  expect(() => trace([deep])).toThrow(/case 0: 'init.W' .*\n {2}fix: use `trace --engine/);
});

test("locate gives null where there is no boundary", () => {
  const { learning_rate: _, measure_at: __, ...start } = PREDICTOR;
  const [result] = printed(() => locateCommand(caseFile([{ ...start, loss: "logistic" }])));
  expect(result).toMatchObject({ eta1: null, eta1_band: null, eta1_area: null });
});

/** The message with which a case is refused. */
function refusal(changed: object): string {
  try {
    const path = caseFile([NET, { ...NET, ...changed }]);
    loadCases<TraceCase>(path, traceCaseSchema).map(gramStart);
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
  throw new Error("the case was accepted");
}

test.each([
  ["a foreign name of a loss", { loss: "exp" }, `'loss' is "exp"`, "write 'exponential'"],
  ["another one", { loss: "mse" }, `'loss' is "mse"`, "write 'squared'"],
  ["an unknown key", { learning_rat: 1 }, "unknown key 'learning_rat'", "write 'learning_rate'"],
  ["a step below 1", { steps: 0 }, "'steps' is 0: must be at least 1", '`"steps": 100`'],
  ["η = 0", { learning_rate: 0 }, "'learning_rate' is 0", "learning_rate"],
  ["a label 0", { data: { X: [[1, 0]], y: [0] } }, "'data.y[0]' is 0", "data"],
  ["uneven rows", { data: { X: [[1, 0], [1]], y: [1, 1] } }, "'data.X' is 2 × uneven", "mend"],
  ["too many labels", { data: { X: [[1, 0]], y: [1, 1] } }, "'data.y' is 2: must be 1", "mend"],
  ["weights of another width", { width: 3 }, "'init.W1' is 2 × 2: must be 3 × 2", "mend"],
  ["no width", { width: null }, "'width' is missing", "width"],
  ["a predictor with a width", { init: { w: [1, 2] } }, "'width' is 2", "leave 'width' out"],
  ["mixed forms", { init: { W1: [[1, 0]], q: 1 } }, "'init' has the keys W1, q", "give W1 and w2"],
  ["a false depth", { hidden_layers: 2 }, "'hidden_layers' is 2", "write 1"],
  ["a bias without values", { bias: true }, "'bias' is true", "b_out"],
  ["a scale for gram", { s_in: 2 }, "'s_in' asks for a model", "--engine reference"],
])("%s is refused with case, key, value and fix", (_, changed, problem, fix) => {
  const message = refusal(changed);
  expect(message).toContain("cases.json, case 1: ");
  expect(message).toContain(problem);
  expect(message.split("fix: ")[1]).toContain(fix);
});

test("files that hold no cases are refused", () => {
  const load = (text: string) => () => loadCases<TraceCase>(caseFile(text), traceCaseSchema);
  expect(load("{")).toThrow(/not valid JSON/);
  expect(load("{}")).toThrow(/must be a list/);
  expect(load("[3]")).toThrow(/case 0: a case is a map/);
  expect(() => loadCases<TraceCase>(join(folder, "none"), traceCaseSchema)).toThrow(/no such file/);
});

test("the reference engine says which starts explicit weights cannot have", () => {
  const init = {
    S: [
      [0.6, 0.1],
      [0.1, 0.4],
    ],
    beta: [5, 5],
    q: 0.5,
  };
  const load = () =>
    loadCases<TraceCase>(caseFile([{ ...NET, init }]), traceCaseSchema).map(referenceStart);
  expect(load).toThrow(/case 0: 'init' holds S, beta and q/);
});

test("a bad case exits with 2 and prints nothing", async () => {
  const path = caseFile([{ ...NET, loss: "exp" }]);
  const { code, stdout, stderr } = await phasesweep("trace", path);
  expect([code, stdout]).toEqual([2, ""]);
  expect(stderr).toContain("write 'exponential'");
});
