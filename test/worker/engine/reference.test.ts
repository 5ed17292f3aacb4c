import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LOSSES, type Loss } from "../../../shared/losses.ts";
import { traceRun } from "../../../worker/engine/gram.ts";
import { ReferenceModel, traceReference } from "../../../worker/engine/reference.ts";
import type { NetLayout } from "../../../worker/engine/reference_net.ts";
import { flattenWeights, realizeReduced } from "../../../worker/engine/reference_start.ts";
import { expectRelative, type Fixture, fixture, LOSS_NAMES, named } from "./golden_fixture.ts";

const oneHidden = (inputs: number, width: number): NetLayout => ({
  inputs,
  layers: 1,
  width,
  bias: false,
  inputScale: 1,
});

describe("deep networks", () => {
  for (const golden of fixture("deep").cases) {
    test(`${golden.H} hidden layers, bias ${golden.bias}, ${golden.loss}`, () => {
      const biases = golden.bias ? { b: golden.b, b_out: golden.b_out } : null;
      const trace = traceReference({
        dataset: named(golden.data),
        layout: {
          inputs: golden.data.X[0].length,
          layers: golden.H,
          width: golden.m,
          bias: golden.bias,
          inputScale: golden.s_in,
        },
        loss: LOSS_NAMES[golden.loss]!,
        steps: 20,
        learning_rate: golden.eta,
        parameters: flattenWeights({ W: golden.W, w: golden.w, biases }),
        snapshot_steps: golden.snaps.map((snap: Fixture) => snap.t),
      });
      expect(trace.snapshots.length).toBe(golden.snaps.length);
      for (const [i, snap] of golden.snaps.entries()) {
        const actual = trace.snapshots[i]!;
        expect(actual.step).toBe(snap.t);
        expectRelative(actual.loss, snap.L, golden.rtol);
        expectRelative(trace.losses[snap.t]!, snap.L, golden.rtol);
        expectRelative(actual.ntk, snap.ntk_top, golden.rtol);
        expectRelative(actual.hessian, snap.hess_top, snap.hess_rtol);
        for (const [k, f] of snap.f.entries()) {
          expectRelative(actual.outputs[k]!, f, golden.rtol, 1e-3);
        }
      }
    });
  }
});

describe("one-hidden-layer trajectories", () => {
  for (const golden of fixture("one_hidden_trajectories").cases) {
    test(golden.id, () => {
      const trace = traceReference({
        dataset: named(golden.data),
        layout: oneHidden(golden.data.X[0].length, golden.m),
        loss: LOSS_NAMES[golden.loss]!,
        steps: golden.T,
        learning_rate: golden.eta,
        parameters: flattenWeights({ W: [golden.W1], w: golden.w2, biases: null }),
        snapshot_steps: golden.snaps.map((snap: Fixture) => snap.t),
      });
      expect(trace.losses.length).toBe(golden.losses.length);
      for (const [t, loss] of trace.losses.entries()) {
        expectRelative(loss, golden.losses[t], golden.rtol);
      }
      expect(trace.diverged_at).toBe(golden.diverged_at);
      expect(trace.increases).toBe(golden.n_inc);
      expect(trace.last_increase_step ?? -1).toBe(golden.last_inc);
      const derived = Math.max(1e3 * golden.rtol, 1e-9);
      expect(trace.snapshots.length).toBe(golden.snaps.length);
      for (const [i, snap] of golden.snaps.entries()) {
        expectRelative(trace.snapshots[i]!.ntk, snap.ntk_top, derived);
        expectRelative(trace.snapshots[i]!.hessian, snap.hess_top, derived);
      }
    });
  }
});

describe("linear predictor", () => {
  for (const golden of fixture("linear_predictor").cases) {
    for (const run of golden.runs) {
      test(`${golden.id}, learning rate ${run.eta}`, () => {
        const trace = traceReference({
          dataset: named(golden.data),
          layout: { inputs: 1, layers: 0, width: 1, bias: false, inputScale: 1 },
          loss: LOSS_NAMES[golden.loss]!,
          steps: 200,
          learning_rate: run.eta,
          parameters: Float64Array.of(golden.w0),
          snapshot_steps: Array.from({ length: 21 }, (_, t) => t),
        });
        for (const [t, loss] of run.L.entries()) {
          // Beyond |w| = 100 the loss cosh w magnifies an error in w more than a hundredfold; see
          // golden.test.ts, where the gram engine is held to the same.
          const tolerance = run.rtol_first20 * (Math.abs(run.w[t]!) > 100 ? 5 : 1);
          expectRelative(trace.losses[t]!, loss, tolerance);
          expectRelative(trace.snapshots[t]!.parameters[0]!, run.w[t], run.rtol_first20, 1e-4);
        }
        expect(trace.diverged_at !== null && trace.diverged_at <= 200).toBe(run.diverged_by_200);
        if (!run.diverged_by_200) expectRelative(trace.losses[200]!, run.L_200, run.rtol_200);
      });
    }
  }
});

test("dense Hessian and NTK at explicit weights", () => {
  const { cases } = fixture("hessian");
  expect(cases.length).toBeGreaterThan(0);
  for (const golden of cases) {
    const dataset = named(golden.data);
    const model = new ReferenceModel(
      dataset,
      oneHidden(golden.data.X[0].length, golden.m),
      LOSS_NAMES[golden.loss]!,
    );
    const theta = flattenWeights({ W: [golden.W1], w: golden.w2, biases: null });
    expectRelative(model.hessian(theta, model.outputs(theta)), golden.hess_top, golden.rtol);
    expectRelative(model.ntk(theta), golden.ntk_top, golden.rtol);
  }
});

const number = fc.double({ min: -1.2, max: 1.2, noNaN: true }).map((x) => x + 0.01);
const numbers = (length: number) => fc.array(number, { minLength: length, maxLength: length });
const label = fc.constantFrom(-1, 1);

/** A network of any depth with its data and θ. */
const network = fc
  .record({
    n: fc.integer({ min: 1, max: 4 }),
    d: fc.integer({ min: 1, max: 3 }),
    layers: fc.integer({ min: 0, max: 3 }),
    width: fc.integer({ min: 1, max: 4 }),
    bias: fc.boolean(),
    loss: fc.constantFrom(...LOSSES),
  })
  .chain(({ n, d, layers, width, bias, loss }) => {
    const layout: NetLayout = { inputs: d, layers, width, bias, inputScale: 0.8 };
    const probe = new ReferenceModel(named({ X: [], y: [] }), layout, loss);
    return fc.record({
      layout: fc.constant(layout),
      loss: fc.constant<Loss>(loss),
      X: fc.array(numbers(d), { minLength: n, maxLength: n }),
      y: fc.array(label, { minLength: n, maxLength: n }),
      theta: numbers(probe.net.parameters),
      v: numbers(probe.net.parameters),
    });
  });

test("gradient and Hessian are the derivatives of loss and gradient", () => {
  const step = 1e-5;
  fc.assert(
    fc.property(network, ({ layout, loss, X, y, theta, v }) => {
      const model = new ReferenceModel(named({ X, y }), layout, loss);
      const at = (t: number) => Float64Array.from(theta, (value, p) => value + t * v[p]!);
      const lossAt = (t: number) => model.lossAt(model.outputs(at(t)));
      const gradientAt = (t: number) => model.gradient(at(t), model.outputs(at(t)));
      const gradient = gradientAt(0);
      const along = gradient.reduce((sum, value, p) => sum + value * v[p]!, 0);
      const scale = 1 + Math.abs(lossAt(0)) + Math.abs(along);
      expect(Math.abs((lossAt(step) - lossAt(-step)) / (2 * step) - along) / scale).toBeLessThan(
        1e-6,
      );
      const product = model.hessianProduct(at(0), model.outputs(at(0)), Float64Array.from(v));
      const [up, down] = [gradientAt(step), gradientAt(-step)];
      const size = 1 + Math.max(...product.map(Math.abs));
      for (let p = 0; p < product.length; p++) {
        const difference = (up[p]! - down[p]!) / (2 * step);
        expect(Math.abs(difference - product[p]!) / size).toBeLessThan(1e-6);
      }
    }),
    { numRuns: 200 },
  );
});

test("the gram engine equals the reference on random data, widths and losses", () => {
  const run = fc
    .record({
      n: fc.integer({ min: 1, max: 5 }),
      d: fc.integer({ min: 1, max: 4 }),
      width: fc.integer({ min: 1, max: 20 }), // both the dense Hessian and Lanczos
    })
    .chain(({ n, d, width }) =>
      fc.record({
        X: fc.array(numbers(d), { minLength: n, maxLength: n }),
        y: fc.array(label, { minLength: n, maxLength: n }),
        W1: fc.array(numbers(d), { minLength: width, maxLength: width }),
        w2: numbers(width),
        loss: fc.constantFrom(...LOSSES),
        learning_rate: fc.double({ min: 0.01, max: 0.5, noNaN: true }),
      }),
    );
  fc.assert(
    fc.property(run, ({ X, y, W1, w2, loss, learning_rate }) => {
      const width = w2.length;
      const dataset = named({ X, y });
      const common = { dataset, loss, learning_rate, steps: 20, snapshot_steps: [0, 7, 20] };
      const fast = traceRun({ ...common, width, initial: { kind: "weights", W1, w2 } });
      const slow = traceReference({
        ...common,
        layout: oneHidden(X[0]!.length, width),
        parameters: flattenWeights({ W: [W1], w: w2, biases: null }),
      });
      expect(fast.diverged_at).toBe(slow.diverged_at);
      expect(fast.losses.length).toBe(slow.losses.length);
      for (const [t, loss] of fast.losses.entries()) {
        if (loss < 1e6) expectRelative(loss, slow.losses[t]!, 1e-9, 1e-6);
      }
      for (const [i, { ntk, hessian }] of fast.snapshots.entries()) {
        if (!(fast.snapshots[i]!.loss < 1e6)) continue;
        expectRelative(ntk, slow.snapshots[i]!.ntk, 1e-9, 1e-6);
        expectRelative(hessian, slow.snapshots[i]!.hessian, 1e-8, 1e-6);
      }
    }),
    { numRuns: 300 },
  );
});

test("explicit weights can be found for a reduced state, and not where there are none", () => {
  const X = [
    [1, 2],
    [0.5, -1],
  ];
  const reduced = {
    S: [
      [0.6, 0.1],
      [0.1, 0.4],
    ],
    beta: [0.2, -0.1],
    q: 0.5,
  };
  const width = 7;
  const weights = realizeReduced(X, width, reduced)!;
  const [W1] = weights.W;
  for (const i of [0, 1]) {
    for (const j of [0, 1]) {
      const sum = W1!.reduce((total, row) => total + row[i]! * row[j]!, 0);
      expectRelative(sum / width, reduced.S[i]![j]!, 1e-14);
    }
    const beta = W1!.reduce((total, row, k) => total + row[i]! * weights.w[k]!, 0);
    expectRelative(beta / Math.sqrt(width), reduced.beta[i]!, 1e-14);
  }
  expectRelative(weights.w.reduce((total, w) => total + w * w, 0) / width, reduced.q, 1e-14);
  expect(realizeReduced(X, 2, reduced)).toBeNull(); // two units for rank two leave none for s
  expect(realizeReduced(X, width, { ...reduced, q: 1e-6 })).toBeNull();
});
