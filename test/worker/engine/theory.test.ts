import { describe, expect, test } from "vitest";
import type { Dataset } from "../../../shared/datasets.ts";
import type { Loss } from "../../../shared/losses.ts";
import { fillNormals } from "../../../shared/random.ts";
import { learningRateScale } from "../../../worker/engine/gradient_flow.ts";
import { traceRun } from "../../../worker/engine/gram.ts";
import { locateBoundaries } from "../../../worker/engine/locate.ts";
import { gramPhaseOracle, type StartRequest } from "../../../worker/engine/phase_oracle.ts";
import { expectRelative, fixture } from "./golden_fixture.ts";

/** Example 3 of Huang et al. 2020: rank one, and labels of mean zero. */
const EXAMPLE_3: Dataset = {
  name: "example3",
  X: [
    [1, 0],
    [1, 0],
  ],
  y: [1, -1],
};
const EXAMPLE_1: Dataset = { name: "example1", X: [[1], [1]], y: [1, -1] };

const rtols = new Map<string, number>(
  fixture("theory").items.map(({ id, rtol }: { id: string; rtol: number }) => [id, rtol]),
);
const WIDTHS = [1, 3, 20, 100, 1000];

/** Weights of a width-m net, N(0, variance), for a seed. */
function netStart(width: number, seed: number, variance: number, loss: Loss): StartRequest {
  const draws = new Float64Array(3 * width);
  fillNormals(seed, width, 1, 0, draws);
  const values = Array.from(draws, (draw) => draw * Math.sqrt(variance));
  return {
    dataset: EXAMPLE_3,
    width,
    loss,
    steps: 100,
    initial: {
      kind: "weights",
      W1: Array.from({ length: width }, (_, i) => values.slice(2 * i, 2 * i + 2)),
      w2: values.slice(2 * width),
    },
  };
}

/** f, λ and h at the start. */
function measured(start: StartRequest, learning_rate = 1e-3, step = 0) {
  const trace = traceRun({ ...start, learning_rate, snapshot_steps: [step] });
  const { ntk, hessian, beta } = trace.snapshots[0]!;
  return { ntk, hessian, f: beta[0]! };
}

function boundariesOf(start: StartRequest) {
  return locateBoundaries(gramPhaseOracle(start), learningRateScale(start));
}

/** Smaller root of a η² − b η + 2 = 0, written so that a → 0 loses nothing. */
function smallerRoot(a: number, b: number): number {
  return 4 / (b + Math.sqrt(b * b - 8 * a));
}

describe.each(WIDTHS)("rank-one data with labels of mean zero, width %i", (width) => {
  test.each([0, 1, 2])("squared loss, seed %i: η1 · λ0 = 4", (seed) => {
    const start = netStart(width, seed, 0.5, "squared");
    expectRelative(
      boundariesOf(start).eta1! * measured(start).ntk,
      4,
      rtols.get("mse-eta1-exact")!,
    );
  });

  test("squared loss: η0 is the smaller root of (f0²/m) η² − λ0 η + 2 = 0", () => {
    const start = netStart(width, 1, 0.5, "squared");
    const { ntk, f } = measured(start);
    expectRelative(
      boundariesOf(start).eta0!,
      smallerRoot((f * f) / width, ntk),
      rtols.get("mse-eta0")!,
    );
  });
});

test.each([
  [100, 0],
  [100, 1],
  [1000, 0],
  [1000, 2],
])(
  "exponential loss, width %i, seed %i: η0 is the smaller root of (g0²/m) η² − λ0 (g0/f0) η + 2 = 0",
  (width, seed) => {
    const start = netStart(width, seed, 0.5, "exponential");
    const { ntk, f } = measured(start);
    const g = Math.sinh(f);
    const { eta0 } = boundariesOf(start);
    expectRelative(eta0!, smallerRoot((g * g) / width, (ntk * g) / f), rtols.get("exp-eta0")!);
  },
);

test.each([
  [20, 0],
  [100, 1],
  [200, 2],
])("logistic loss, width %i, seed %i: no divergence up to max(16/λ0, √(8m))", (width, seed) => {
  const start = netStart(width, seed, 0.5, "logistic");
  const safe = Math.max(16 / measured(start).ntk, Math.sqrt(8 * width));
  const phases = gramPhaseOracle(start)(
    Array.from({ length: 400 }, (_, i) => safe * 10 ** (-(i + 1e-9) / 200)),
  );
  expect(phases).not.toContain("divergent");
  const { eta1 } = boundariesOf(start);
  expect(eta1!).toBeGreaterThan(safe * (1 - 1e-9));
});

test.each([
  ["exponential", 1, 1],
  ["squared", 1, 1],
  ["logistic", 0.25, 4],
] as const)("%s loss: h is %d λ once converged", (loss, share, learning_rate) => {
  const { ntk, hessian } = measured(netStart(50, 0, 0.5, loss), learning_rate, 100);
  expectRelative(hessian, share * ntk, rtols.get("final-hessian")!);
});

test("λ² − 4 f²/m is multiplied by (1 − η² g²/m)² each step", () => {
  const width = 20;
  for (const loss of ["exponential", "logistic", "squared"] as const) {
    const slope = { exponential: Math.sinh, logistic: (f: number) => Math.tanh(f / 2) / 2 };
    const start = netStart(width, 3, 0.5, loss);
    const eta = loss === "logistic" ? 8 : 1.9;
    const steps = [0, 1, 2, 3, 4, 5];
    const trace = traceRun({ ...start, learning_rate: eta, snapshot_steps: steps });
    const states = trace.snapshots.map(({ ntk, beta }) => ({ ntk, f: beta[0]! }));
    const invariant = ({ ntk, f }: { ntk: number; f: number }) => ntk ** 2 - (4 * f * f) / width;
    expect(states.length).toBe(steps.length);
    for (let t = 0; t + 1 < states.length; t++) {
      const { f } = states[t]!;
      const g = loss === "squared" ? f : slope[loss](f);
      const factor = (1 - (eta * eta * g * g) / width) ** 2;
      expectRelative(
        invariant(states[t + 1]!),
        factor * invariant(states[t]!),
        rtols.get("invariant")!,
      );
    }
  }
});

describe("Theorem 1: a linear predictor on Example 1", () => {
  const predictor = (w: number, loss: Loss): StartRequest => ({
    dataset: EXAMPLE_1,
    width: null,
    loss,
    steps: 100,
    initial: { kind: "predictor", w: [w] },
  });

  test("exponential loss: η_critical = 2 w0/sinh w0 is 1.66843 for |w0| = 1.061667", () => {
    for (const w0 of [1.061667, -1.061667]) {
      const { eta0, eta1 } = boundariesOf(predictor(w0, "exponential"));
      expectRelative(eta0!, (2 * w0) / Math.sinh(w0), 1e-8);
      expectRelative(eta0!, 1.66843, 1e-6);
      expectRelative(eta1!, eta0!, 1e-8); // no catapult: one step too many is the end
    }
  });

  test("logistic loss: η_critical solves −w = w − (η/2) sinh w/(1 + cosh w); 8.485 for 0.8581", () => {
    const w0 = 0.8581;
    const critical = (4 * w0 * (1 + Math.cosh(w0))) / Math.sinh(w0);
    expectRelative(critical, 8.485, 1e-4);
    const found = boundariesOf(predictor(w0, "logistic"));
    expectRelative(found.eta0!, critical, 1e-8);
    expect(found.eta1).toBeNull(); // it oscillates for ever, and stays bounded
    const below = traceRun({
      ...predictor(w0, "logistic"),
      learning_rate: 7.9,
      snapshot_steps: [100],
    });
    expect(below.phase).toBe("lazy");
    expect(Math.abs(below.snapshots[0]!.beta[0]!)).toBeLessThan(0.1);
  });
});
