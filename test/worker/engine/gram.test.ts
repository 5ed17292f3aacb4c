import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BUILTIN_DATASETS, type Dataset } from "../../../shared/datasets.ts";
import { LOSSES, type Loss } from "../../../shared/losses.ts";
import { DIVERGENT, UNSETTLED } from "../../../shared/phases.ts";
import { fillNormals } from "../../../shared/random.ts";
import { RESULT_COLUMNS } from "../../../shared/result_columns.ts";
import { numericWidth, type Shape } from "../../../shared/shape_group.ts";
import { gramEngine, traceRun } from "../../../worker/engine/gram.ts";

function builtin(name: string): Dataset {
  return BUILTIN_DATASETS.find((dataset) => dataset.name === name)!;
}

function shape(changes: Partial<Shape & { steps: number }>): Shape & { readonly steps: number } {
  return {
    dataset: builtin("example4"),
    hidden_layers: 1,
    width: 20,
    weight_variance: 1,
    initial_weights: null,
    loss: "logistic",
    output_learning_rate: { ratio: 1 },
    steps: 100,
    drop: null,
    trajectory_every: null,
    measure: ["ntk", "hessian"],
    ...changes,
  };
}

const dot = (a: readonly number[], b: readonly number[]) =>
  a.reduce((sum, value, i) => sum + value * b[i]!, 0);

/** ℓ and ∂ℓ/∂f by the textbook formulas, for outputs of moderate size. */
function textbook(loss: Loss, y: number, f: number): [number, number] {
  if (loss === "exponential") return [Math.exp(-y * f), -y * Math.exp(-y * f)];
  if (loss === "squared") return [(f - y) ** 2 / 2, f - y];
  return [Math.log(1 + Math.exp(-y * f)), -y / (1 + Math.exp(y * f))];
}

/** Gradient descent on every weight of f = m^{−1/2} w2·(W1 x); losses before each step. */
function trainEveryWeight(
  { X, y }: Dataset,
  loss: Loss,
  W1: number[][],
  w2: number[],
  learningRate: number,
  steps: number,
): { losses: number[]; gradientNorm: number } {
  const scale = 1 / Math.sqrt(w2.length);
  const losses: number[] = [];
  let gradientNorm = 0;
  for (let t = 0; t <= steps; t++) {
    const hidden = X.map((x) => W1.map((row) => dot(row, Array.from(x)))); // n × m
    const parts = hidden.map((h, i) => textbook(loss, y[i]!, scale * dot(w2, h)));
    losses.push(parts.reduce((sum, [value]) => sum + value, 0) / X.length);
    const slopes = parts.map(([, slope]) => slope / X.length);
    const g = Array.from(X[0]!, (_, j) => X.reduce((sum, x, i) => sum + slopes[i]! * x[j]!, 0));
    const gradW1 = W1.map((row, a) => row.map((_, j) => scale * w2[a]! * g[j]!));
    const gradW2 = w2.map((_, a) => scale * slopes.reduce((s, v, i) => s + v * hidden[i]![a]!, 0));
    gradientNorm = Math.sqrt([...gradW1.flat(), ...gradW2].reduce((s, v) => s + v * v, 0));
    W1 = W1.map((row, a) => row.map((value, j) => value - learningRate * gradW1[a]![j]!));
    w2 = w2.map((value, a) => value - learningRate * gradW2[a]!);
  }
  return { losses, gradientNorm };
}

const entry = fc.integer({ min: -20, max: 20 }).map((k) => k / 10);

describe("the width-free recurrence", () => {
  test("is gradient descent on every weight, for any data, width and loss", () => {
    const problem = fc
      .record({
        n: fc.integer({ min: 1, max: 4 }),
        d: fc.integer({ min: 1, max: 4 }),
        m: fc.integer({ min: 1, max: 7 }),
      })
      .chain(({ n, d, m }) => {
        const matrix = (rows: number) =>
          fc.array(fc.array(entry, { minLength: d, maxLength: d }), {
            minLength: rows,
            maxLength: rows,
          });
        return fc.record({
          X: matrix(n).filter((X) => X.flat().some((value) => value !== 0)),
          y: fc.array(fc.constantFrom(-1, 1), { minLength: n, maxLength: n }),
          W1: matrix(m),
          w2: fc.array(entry, { minLength: m, maxLength: m }),
          loss: fc.constantFrom(...LOSSES),
          learningRate: fc.constantFrom(0.003, 0.02, 0.05),
        });
      });
    fc.assert(
      fc.property(problem, ({ X, y, W1, w2, loss, learningRate }) => {
        const dataset = { name: "random", X, y };
        const expected = trainEveryWeight(dataset, loss, W1, w2, learningRate, 15).losses;
        const { losses } = traceRun({
          dataset,
          width: w2.length,
          loss,
          steps: 15,
          learning_rate: learningRate,
          initial: { kind: "weights", W1, w2 },
          snapshot_steps: [],
        });
        const initial = expected[0]!;
        // Where plain loops leave every sane bound the comparison ends with them.
        for (const [t, value] of expected.entries()) {
          if (!(value < 1e3 * (1 + initial))) break;
          expect(Math.abs(losses[t]! - value)).toBeLessThanOrEqual(1e-9 * value + 1e-12 * initial);
        }
      }),
      { numRuns: 300, seed: 11 },
    );
  });

  test("starts from the weights that the draws give, and reports their gradient", () => {
    const cell = shape({ weight_variance: 0.5 });
    const { dataset, weight_variance, loss, steps } = cell;
    const width = numericWidth(cell)!;
    const [seed, learningRate] = [5, 0.7];
    const draws = new Float64Array(2 * width);
    fillNormals(seed, width, 1, 0, draws);
    const W1 = Array.from({ length: width }, (_, a) => [
      Math.sqrt(0.5) * draws[2 * a]!,
      Math.sqrt(0.5) * draws[2 * a + 1]!,
    ]);
    const output = new Float64Array(width);
    fillNormals(seed, width, 2, 0, output);
    const w2 = Array.from(output, (value) => Math.sqrt(0.5) * value);

    const expected = trainEveryWeight(dataset, loss, W1, w2, learningRate, steps);
    const columns = gramEngine.run({
      shape: shape({ weight_variance }),
      seeds: Float64Array.of(seed),
      learning_rates: Float64Array.of(learningRate),
    });
    expect(columns.loss_initial[0]).toBeCloseTo(expected.losses[0]!, 13);
    expect(columns.loss_final[0]).toBeCloseTo(expected.losses[steps]!, 11);
    expect(columns.gradient_norm[0]! / expected.gradientNorm).toBeCloseTo(1, 8);
  });

  test("at 1/m = 0 keeps its kernel", () => {
    const trace = traceRun({
      dataset: builtin("example4"),
      width: Number.POSITIVE_INFINITY,
      loss: "logistic",
      steps: 50,
      learning_rate: 0.3,
      initial: {
        kind: "reduced",
        S: [
          [0.5, 0],
          [0, 0.5],
        ],
        beta: [0.2, -0.3],
        q: 0.5,
      },
      snapshot_steps: [0, 50],
    });
    expect(trace.snapshots[1]!.S).toEqual(trace.snapshots[0]!.S);
    expect(trace.snapshots[1]!.ntk).toBe(trace.snapshots[0]!.ntk);
    expect(trace.phase).toBe("lazy");
  });

  test("refuses a start that does not fit the width", () => {
    const initial = { kind: "predictor", w: [1, 1] } as const;
    const request = { ...shape({}), width: 20, learning_rate: 1, initial, snapshot_steps: [] };
    expect(() => traceRun(request)).toThrow(RangeError);
  });
});

describe("rank-one data", () => {
  test.each(LOSSES)("λ² − 4f²/m shrinks by (1 − η²g²/m)² each step: %s", (loss) => {
    const [width, learning_rate] = [30, 1.3];
    const { snapshots } = traceRun({
      dataset: builtin("example3"),
      width,
      loss,
      steps: 6,
      learning_rate,
      initial: { kind: "drawn", seed: 2, weight_variance: 1 },
      snapshot_steps: [0, 1, 2, 3, 4, 5, 6],
    });
    for (let t = 0; t < 6; t++) {
      const [now, next] = [snapshots[t]!, snapshots[t + 1]!];
      const f = now.beta[0]!;
      const g = (textbook(loss, 1, f)[1] + textbook(loss, -1, f)[1]) / 2;
      const invariant = (s: typeof now) => s.ntk ** 2 - (4 * s.beta[0]! ** 2) / width;
      const factor = (1 - (learning_rate * g) ** 2 / width) ** 2;
      expect(invariant(next) / (invariant(now) * factor)).toBeCloseTo(1, 11);
      const change = ((learning_rate * g) / width) * (learning_rate * now.ntk * g - 4 * f);
      expect(next.ntk - now.ntk).toBeCloseTo(change, 12);
    }
  });

  test("squared loss with labels of mean zero diverges from η λ(0) = 4 on, at every width", () => {
    for (const width of [3, 100, 1000]) {
      for (let seed = 0; seed < 10; seed++) {
        const squared = shape({ dataset: builtin("example3"), loss: "squared", width });
        const train = (rate: number) =>
          gramEngine.run({
            shape: squared,
            seeds: Float64Array.of(seed),
            learning_rates: Float64Array.of(rate),
          });
        const critical = 4 / train(0.1).ntk_initial[0]!;
        expect(train(critical * (1 - 1e-6)).phase[0]).not.toBe(DIVERGENT);
        expect(train(critical * (1 + 1e-6)).phase[0]).toBe(DIVERGENT);
      }
    }
  });
});

describe("the batch", () => {
  const rank3: Dataset = {
    name: "rank3",
    X: [
      [1, 2, 0, 1],
      [0, 1, -1, 3],
      [2, 0, 1, 0],
      [3, 2, 1, 1],
    ],
    y: [1, -1, -1, 1],
  };
  const shapes = [
    shape({}),
    shape({ loss: "exponential", dataset: builtin("example3") }),
    shape({ dataset: rank3, width: 3 }),
    shape({ hidden_layers: 0, width: null, loss: "exponential" }),
  ];

  test("does not change a cell's bits", () => {
    const cell = fc.record({
      seed: fc.integer({ min: 0, max: 5 }),
      rate: fc.double({ min: 0.1, max: 40, noNaN: true }),
    });
    const cells = fc.array(cell, { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(fc.constantFrom(...shapes), cells, (group, batch) => {
        const run = (part: typeof batch) =>
          gramEngine.run({
            shape: group,
            seeds: Float64Array.from(part, ({ seed }) => seed),
            learning_rates: Float64Array.from(part, ({ rate }) => rate),
          });
        const together = run(batch);
        for (const [i, one] of batch.entries()) {
          const alone = run([one]);
          for (const { name } of RESULT_COLUMNS) expect(together[name][i]).toBe(alone[name][0]);
        }
      }),
      { numRuns: 60, seed: 3 },
    );
  });

  test("fills measures only where they are asked for, and canonical NaN elsewhere", () => {
    const run = (measure: Shape["measure"]) =>
      gramEngine.run({
        shape: shape({ measure, loss: "exponential" }),
        seeds: Float64Array.of(1, 1),
        learning_rates: Float64Array.of(0.02, 50),
      });
    const bare = run([]);
    const full = run(["ntk", "hessian"]);
    for (const name of ["ntk_initial", "ntk_final", "hessian_initial", "hessian_final"] as const) {
      expect(bare[name]).toEqual(Float64Array.of(Number.NaN, Number.NaN));
      expect(full[name][0]).toBeGreaterThan(0);
    }
    expect(full.hessian_initial[1]).toBe(full.hessian_initial[0]);
    expect(full.phase[1]).toBe(DIVERGENT);
    const canonical = new BigUint64Array(Float64Array.of(Number.NaN).buffer)[0];
    for (const { name } of RESULT_COLUMNS) {
      for (const [i, value] of full[name].entries()) {
        if (!Number.isNaN(value)) continue;
        expect(new BigUint64Array(full[name].slice(i, i + 1).buffer)[0]).toBe(canonical);
      }
    }
  });

  test("agrees with the trace of the same cell, bit for bit", () => {
    for (const group of shapes) {
      const [seed, rate] = [4, 0.35];
      const columns = gramEngine.run({
        shape: group,
        seeds: Float64Array.of(seed),
        learning_rates: Float64Array.of(rate),
      });
      const trace = traceRun({
        ...group,
        width: numericWidth(group),
        learning_rate: rate,
        initial: { kind: "drawn", seed, weight_variance: group.weight_variance },
        snapshot_steps: [0, group.steps],
      });
      expect(columns.loss_final[0]).toBe(trace.losses[group.steps]);
      expect(columns.hessian_initial[0]).toBe(trace.snapshots[0]!.hessian);
      expect(columns.ntk_final[0]).toBe(trace.snapshots[1]!.ntk);
    }
  });

  test("a saturated predictor stays unsettled at 64 T, with the numbers of T", () => {
    const saturated = shape({
      dataset: builtin("example1"),
      hidden_layers: 0,
      width: null,
      loss: "logistic",
      weight_variance: 0.01,
    });
    const batch = {
      shape: saturated,
      seeds: Float64Array.of(0),
      learning_rates: Float64Array.of(12),
    };
    const columns = gramEngine.run(batch);
    expect(columns.phase[0]).toBe(UNSETTLED);
    expect(columns.horizon_steps[0]).toBe(6400);
    expect(columns.increases[0]).toBeLessThanOrEqual(100);
    expect(columns.diverged_at[0]).toBe(-1);
  });

  test("supports one hidden layer with a width and the predictor without one", () => {
    expect(gramEngine.supports(shape({}))).toBe(true);
    expect(gramEngine.supports(shape({ hidden_layers: 0, width: null }))).toBe(true);
    expect(gramEngine.supports(shape({ width: null }))).toBe(false);
    const zero = { name: "zero", X: [[0, 0]], y: [1] };
    expect(gramEngine.supports(shape({ dataset: zero }))).toBe(false);
    const batch = { seeds: new Float64Array(1), learning_rates: new Float64Array(1) };
    expect(() => gramEngine.run({ ...batch, shape: shape({ width: null }) })).toThrow(RangeError);
  });
});

describe("initial draws", () => {
  const { cases } = JSON.parse(
    readFileSync(new URL("../../golden/sampler.json", import.meta.url), "utf8"),
  );
  test.each(cases as [{ data: string; m: number }])(
    "$data, m = $m: quantiles of λ(0) and L(0)",
    (golden) => {
      const { data, m, sigma_w2, probs, lam0_q, L0_logistic_q } = golden as never as {
        data: string;
        m: number;
        sigma_w2: number;
        probs: number[];
        lam0_q: number[];
        L0_logistic_q: number[];
      };
      const N = 20_000;
      const columns = gramEngine.run({
        shape: shape({
          dataset: builtin(data.replace("ex", "example")),
          width: m,
          weight_variance: sigma_w2,
          steps: 1,
          measure: ["ntk"],
        }),
        seeds: Float64Array.from({ length: N }, (_, seed) => seed),
        learning_rates: new Float64Array(N).fill(1e-3),
      });
      for (const [i, p] of probs.entries()) {
        const allowed = 3.5 * Math.sqrt(p * (1 - p) * (1 / N + 1 / 200_000));
        for (const [values, quantiles] of [
          [columns.ntk_initial, lam0_q],
          [columns.loss_initial, L0_logistic_q],
        ] as const) {
          const below = values.reduce((count, v) => count + (v <= quantiles[i]! ? 1 : 0), 0) / N;
          expect(Math.abs(below - p)).toBeLessThanOrEqual(allowed);
        }
      }
    },
  );
});
