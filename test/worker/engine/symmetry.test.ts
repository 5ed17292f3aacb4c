import fc from "fast-check";
import { expect, test } from "vitest";
import { LOSSES } from "../../../shared/losses.ts";
import { traceRun } from "../../../worker/engine/gram.ts";

/** A random problem of rank two, and a start (S, β, q) with S positive definite. */
const problem = fc.record({
  rows: fc.array(
    fc.record({
      x: fc.tuple(fc.integer({ min: -20, max: 20 }), fc.integer({ min: 1, max: 20 })),
      y: fc.constantFrom(-1, 1),
    }),
    { minLength: 3, maxLength: 7 },
  ),
  loss: fc.constantFrom(...LOSSES),
  width: fc.integer({ min: 4, max: 400 }),
  beta: fc.tuple(fc.integer({ min: -9, max: 9 }), fc.integer({ min: -9, max: 9 })),
  eta: fc.double({ min: 0.01, max: 0.6, noNaN: true }),
});

const S = [
  [1.1, 0.2],
  [0.2, 0.9],
];

interface Setting {
  readonly X: number[][];
  readonly y: number[];
  readonly loss: (typeof LOSSES)[number];
  readonly width: number;
  readonly beta: number[];
  readonly S?: number[][];
  readonly learning_rate: number;
}

function run({ X, y, loss, width, beta, learning_rate, ...rest }: Setting) {
  return traceRun({
    dataset: { name: "t", X, y },
    width,
    loss,
    steps: 25,
    learning_rate,
    initial: { kind: "reduced", S: rest.S ?? S, beta, q: 1.05 },
    snapshot_steps: [0, 1, 10],
  });
}

function settingOf(p: typeof problem extends fc.Arbitrary<infer T> ? T : never): Setting {
  const scale = 0.2;
  return {
    X: p.rows.map(({ x: [a, b] }) => [a / 10, b / 10]),
    y: p.rows.map(({ y }) => y),
    loss: p.loss,
    width: p.width,
    beta: p.beta.map((b) => b * scale * 0.1),
    learning_rate: p.eta,
  };
}

/** Equal but for rounding, as long as the run has not blown up and lost its digits. */
function expectSame(a: readonly number[], b: readonly number[]): void {
  for (const [t, value] of a.entries()) {
    if (!(value < 1e3 * a[0]!)) return;
    expect(Math.abs(value - b[t]!)).toBeLessThanOrEqual(1e-7 * Math.abs(value) + 1e-12);
  }
}

test("the order of the samples does not matter", () => {
  fc.assert(
    fc.property(problem, (p) => {
      const setting = settingOf(p);
      const order = setting.y.map((_, i) => setting.y.length - 1 - i);
      const permuted = run({
        ...setting,
        X: order.map((i) => setting.X[i]!),
        y: order.map((i) => setting.y[i]!),
      });
      expectSame(run(setting).losses, permuted.losses);
    }),
    { numRuns: 150, seed: 3 },
  );
});

test("flipping every label and the start mirrors the run, bit for bit", () => {
  fc.assert(
    fc.property(problem, (p) => {
      const setting = settingOf(p);
      const mirrored = run({
        ...setting,
        y: setting.y.map((y) => -y),
        beta: setting.beta.map((b) => -b),
      });
      expect(mirrored.losses).toEqual(run(setting).losses);
    }),
    { numRuns: 150, seed: 4 },
  );
});

test("X → cX, β → β/c, η → η/c², 1/m → c²/m changes no loss", () => {
  fc.assert(
    fc.property(problem, (p) => {
      const setting = settingOf(p);
      const c = 2; // a power of two, so that scaling itself does not round
      const scaled = run({
        ...setting,
        X: setting.X.map((row) => row.map((x) => c * x)),
        beta: setting.beta.map((b) => b / c),
        learning_rate: setting.learning_rate / (c * c),
        width: setting.width / (c * c),
      });
      const plain = run(setting);
      expectSame(plain.losses, scaled.losses);
      expect(scaled.snapshots[0]!.ntk / plain.snapshots[0]!.ntk).toBeCloseTo(c * c, 9);
    }),
    { numRuns: 150, seed: 5 },
  );
});

test("rank one: λ' − λ = (η/m) g (η λ g − 4f)", () => {
  fc.assert(
    fc.property(problem, (p) => {
      const { loss, width, learning_rate, beta } = settingOf(p);
      const [X, y] = [
        [[1], [1]],
        [1, -1],
      ];
      const { snapshots } = run({ X, y, loss, width, learning_rate, beta: [beta[0]!], S: [[1.1]] });
      const [before, after] = snapshots;
      if (after === undefined) return;
      const f = before!.beta[0]!;
      const slope = { exponential: Math.sinh(f), logistic: Math.tanh(f / 2) / 2, squared: f };
      const g = slope[loss];
      const change = (learning_rate / width) * g * (learning_rate * before!.ntk * g - 4 * f);
      expect(Math.abs(after.ntk - before!.ntk - change)).toBeLessThan(1e-13 * before!.ntk);
    }),
    { numRuns: 300, seed: 6 },
  );
});
