import { expect, test } from "vitest";
import { BUILTIN_DATASETS } from "../../../shared/datasets.ts";
import { fillNormals } from "../../../shared/random.ts";
import { allocateTrajectories } from "../../../shared/result_columns.ts";
import { separableDataset } from "../../../shared/separable_data.ts";
import type { LearningRateDrop, Shape } from "../../../shared/shape_group.ts";
import { gramEngine } from "../../../worker/engine/gram.ts";
import { DRAWN_WIDTH_MAX, initialState } from "../../../worker/engine/initial_state.ts";
import { rowSpan } from "../../../worker/engine/span.ts";

const example4 = BUILTIN_DATASETS.find(({ name }) => name === "example4")!;

const BASE: Shape & { readonly steps: number } = {
  dataset: example4,
  hidden_layers: 1,
  width: 12,
  weight_variance: 0.5,
  initial_weights: null,
  loss: "logistic",
  output_learning_rate: { ratio: 1 },
  steps: 40,
  drop: null,
  trajectory_every: null,
  measure: ["ntk", "hessian"],
};

function run(changes: Partial<Shape>, seed: number, learning_rate: number) {
  return gramEngine.run({
    shape: { ...BASE, ...changes },
    seeds: Float64Array.of(seed),
    learning_rates: Float64Array.of(learning_rate),
  });
}

/** Every weight of the logistic net by plain gradient descent; the losses and outputs at the end. */
function everyWeight(
  seed: number,
  eta: number,
  etaOutput: number,
  drop: LearningRateDrop | null,
): { loss: number; beta: [number, number] } {
  const m = 12;
  const deviation = Math.sqrt(0.5);
  const W = new Float64Array(2 * m);
  const v = new Float64Array(m);
  fillNormals(seed, m, 1, 0, W);
  fillNormals(seed, m, 2, 0, v);
  for (let i = 0; i < 2 * m; i++) W[i]! *= deviation;
  for (let i = 0; i < m; i++) v[i]! *= deviation;
  let [rateW, rateV] = [eta, etaOutput];
  for (let t = 0; ; t++) {
    const beta: [number, number] = [0, 0];
    for (let i = 0; i < m; i++) {
      beta[0] += (v[i]! * W[2 * i]!) / Math.sqrt(m);
      beta[1] += (v[i]! * W[2 * i + 1]!) / Math.sqrt(m);
    }
    const g = [0, 0];
    let loss = 0;
    example4.X.forEach(([a, b], k) => {
      const y = example4.y[k]!;
      const u = y * (a! * beta[0] + b! * beta[1]);
      loss += Math.log1p(Math.exp(-u)) / 4;
      const slope = -y / (1 + Math.exp(u)) / 4;
      g[0]! += slope * a!;
      g[1]! += slope * b!;
    });
    if (t === 40) return { loss, beta };
    if (t === drop?.at) {
      [rateW, rateV] =
        "to" in drop ? [drop.to, drop.to] : [drop.factor * rateW, drop.factor * rateV];
    }
    for (let i = 0; i < m; i++) {
      const [w0, w1, out] = [W[2 * i]!, W[2 * i + 1]!, v[i]!];
      W[2 * i] = w0 - (rateW * out * g[0]!) / Math.sqrt(m);
      W[2 * i + 1] = w1 - (rateW * out * g[1]!) / Math.sqrt(m);
      v[i] = out - (rateV * (w0 * g[0]! + w1 * g[1]!)) / Math.sqrt(m);
    }
  }
}

test.each([
  [{ ratio: 1 }, 3, null],
  [{ ratio: 0.25 }, 0.75, null],
  [{ fixed: 5 }, 5, null],
  [{ ratio: 1 }, 3, { at: 17, factor: 0.1 }],
  [{ ratio: 2 }, 6, { at: 16, to: 0.5 }],
] as const)("rates %j and drop %3$j are those of the explicit net", (rate, etaOutput, drop) => {
  for (const seed of [0, 1, 2]) {
    const found = run({ output_learning_rate: rate, drop }, seed, 3);
    const expected = everyWeight(seed, 3, etaOutput, drop);
    expect(Math.abs(found.loss_final[0]! / expected.loss - 1)).toBeLessThan(1e-11);
  }
});

test("a drop to the same rate changes no bit", () => {
  const plain = run({}, 3, 2.5);
  const dropped = run({ drop: { at: 21, to: 2.5 } }, 3, 2.5);
  for (const [name, column] of Object.entries(plain)) {
    expect(Object.is(column[0], dropped[name as keyof typeof dropped][0]), name).toBe(true);
  }
});

test("Bartlett's triangle has the law of the folded weights, just above and below the switch", () => {
  const span = rowSpan(example4.X);
  const width = 40;
  // Both samplers at one width, by asking for the Bartlett one through a width beyond the switch
  // and comparing moments that scale with it exactly.
  const moments = (m: number, seeds: number) => {
    let [q, q2, s, beta2] = [0, 0, 0, 0];
    for (let seed = 0; seed < seeds; seed++) {
      const state = initialState(span, m, { kind: "drawn", seed, weight_variance: 1 });
      const [u00 = 0, u01 = 0, , u11 = 0, rho0 = 0, rho1 = 0, , , last = 0] = state;
      const size = last * last + (rho0 * rho0 + rho1 * rho1) / m;
      q += size / seeds;
      q2 += (size * size) / seeds;
      s += (u01 * u01 + u11 * u11) / seeds;
      beta2 += (u00 * rho0) ** 2 / seeds;
    }
    return { q, variance: (q2 - q * q) * m, s, beta2 };
  };
  for (const m of [width, DRAWN_WIDTH_MAX + 1, 10_000_000]) {
    const { q, variance, s, beta2 } = moments(m, m === width ? 4000 : 20_000);
    // q and S_11 have mean 1, m Var q = 2, and β_0 has variance 1 (times 1 + O(1/m)).
    expect(Math.abs(q - 1)).toBeLessThan(5 * Math.sqrt(2 / m / 4000));
    expect(Math.abs(s - 1)).toBeLessThan(5 * Math.sqrt(2 / m / 4000));
    expect(Math.abs(variance - 2)).toBeLessThan(0.3);
    expect(Math.abs(beta2 - 1)).toBeLessThan(m === width ? 0.2 : 0.1);
  }
});

test("wide nets approach the infinite width, whose kernel never moves", () => {
  const infinite = run({ width: "infinite", weight_variance: 1 }, 4, 1);
  expect(infinite.ntk_final[0]).toBe(infinite.ntk_initial[0]);
  const wide = run({ width: 10_000_000, weight_variance: 1 }, 4, 1);
  expect(Math.abs(wide.ntk_initial[0]! / infinite.ntk_initial[0]! - 1)).toBeLessThan(2e-3);
  expect(Math.abs(wide.ntk_final[0]! / wide.ntk_initial[0]! - 1)).toBeLessThan(1e-4);
});

test("separable data have exactly their margin, and training separates the test data too", () => {
  const dataset = separableDataset({ samples: 20, features: 3, margin: 0.4, seed: 1 });
  const margins = dataset.X.map((row, i) => row[0]! * dataset.y[i]!);
  expect(Math.min(...margins)).toBeCloseTo(0.4, 14);
  const test = separableDataset({ samples: 50, features: 3, margin: 2, seed: 9 });
  const found = run({ dataset: { ...dataset, test }, steps: 2000 }, 0, 0.5);
  expect(found.test_accuracy[0]).toBe(1);
  const flipped = { X: test.X, y: test.y.map((label) => -label) };
  const wrong = run({ dataset: { ...dataset, test: flipped }, steps: 2000 }, 0, 0.5);
  expect(wrong.test_accuracy[0]).toBe(0);
  // Held-out rows change neither the training nor what is measured on it.
  const alone = run({ dataset, steps: 2000 }, 0, 0.5);
  expect(alone.loss_final[0]! / found.loss_final[0]!).toBeCloseTo(1, 9);
  expect(alone.test_accuracy[0]).toBeNaN();
});

test("recording a trajectory changes no bit of the results, and its end is the reported state", () => {
  const cells = 40;
  const seeds = Float64Array.from({ length: cells }, (_, i) => Math.floor(i / 10));
  const learning_rates = Float64Array.from({ length: cells }, (_, i) => 2 * 1.6 ** (i % 10));
  for (const trajectory_every of [1, 7]) {
    const shape = { ...BASE, trajectory_every };
    const plain = gramEngine.run({ shape: BASE, seeds, learning_rates });
    const trajectories = allocateTrajectories(shape, cells)!;
    const recorded = gramEngine.run({ shape, seeds, learning_rates, trajectories });
    for (const [name, column] of Object.entries(plain)) {
      for (let i = 0; i < cells; i++) {
        const other = recorded[name as keyof typeof recorded][i];
        expect(Object.is(column[i], other), `${name} of cell ${i}`).toBe(true);
      }
    }
    expect(new Set(plain.phase).size).toBeGreaterThan(2);
    for (let i = 0; i < cells; i++) {
      const { points, counts, loss, ntk, hessian } = trajectories;
      const end = plain.diverged_at[i]! < 0 ? BASE.steps : plain.diverged_at[i]!;
      expect(counts[i]).toBe(Math.floor(end / trajectory_every) + 1);
      expect(loss[i * points]).toBe(plain.loss_initial[i]);
      expect(ntk![i * points]).toBe(plain.ntk_initial[i]);
      if (end % trajectory_every !== 0) continue;
      const last = i * points + counts[i]! - 1;
      expect(loss[last]).toBe(plain.loss_final[i]);
      expect(Object.is(ntk![last], plain.ntk_final[i])).toBe(true);
      expect(Object.is(hessian![last], plain.hessian_final[i])).toBe(true);
    }
  }
});
