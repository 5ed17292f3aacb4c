import { beforeAll, describe, expect, test } from "vitest";
import { topHessian, topNtk } from "../../../../worker/engine/dense/curvature.ts";
import { DenseNet, disposeEvaluation } from "../../../../worker/engine/dense/net.ts";
import { createProblem } from "../../../../worker/engine/dense/problem.ts";
import type { Tfjs } from "../../../../worker/engine/dense/tfjs.ts";
import { expectRelative, type Fixture, fixture, LOSS_NAMES, named } from "../golden_fixture.ts";
import { shapeOf, TESTED } from "./dense_fixture.ts";

/** What float32 leaves of numbers of order one after some steps. */
const FLOAT32 = 2e-5;

describe.for(TESTED)("on $backend", ({ missing, open }) => {
  let tf: Tfjs;

  beforeAll(async () => {
    if (missing === undefined) tf = await open();
  });

  for (const golden of fixture("deep").cases) {
    test.skipIf(missing !== undefined)(
      `${golden.H} hidden layers, bias ${golden.bias}, ${golden.loss}`,
      async () => {
        const problem = createProblem(
          tf,
          shapeOf({
            dataset: named(golden.data),
            hidden_layers: golden.H,
            width: golden.m,
            loss: LOSS_NAMES[golden.loss]!,
            engine: "dense",
            ...(golden.bias ? { bias_variance: 1 } : {}),
            ...(golden.s_in === 1 ? {} : { input_scale: golden.s_in }),
          }),
        );
        const floats = (rows: number[][] | number[]) => Float64Array.from(rows.flat());
        const weights = {
          W: golden.W.map(floats),
          w: floats(golden.w),
          biases: golden.bias ? { b: golden.b.map(floats), b_out: golden.b_out } : null,
        };
        const net = DenseNet.create(problem, [{ weights, lanes: 2 }]);
        const eta = tf.tensor2d([golden.eta, 0], [2, 1]);
        const last = Math.max(...golden.snaps.map((snap: Fixture) => snap.t));
        for (let t = 0; t <= last; t++) {
          const evaluation = net.evaluate();
          const snap = golden.snaps.find((candidate: Fixture) => candidate.t === t);
          if (snap !== undefined) {
            const f = await evaluation.f.data();
            for (const [i, value] of snap.f.entries()) expectRelative(f[i]!, value, FLOAT32, 0.1);
            expectRelative((await evaluation.loss.data())[0]!, snap.L, FLOAT32);
            expectRelative((await topNtk(net, evaluation))[0]!, snap.ntk_top, FLOAT32);
            expectRelative((await topHessian(net, evaluation))[0]!, snap.hess_top, 1e-4);
          }
          net.move(evaluation, eta, eta);
          disposeEvaluation(net, evaluation);
        }
        const start = golden.snaps.find(({ t }: Fixture) => t === 0);
        const evaluation = net.evaluate();
        // The other lane's learning rate is 0.
        if (start !== undefined)
          expectRelative((await evaluation.loss.data())[1]!, start.L, FLOAT32);
        expect(last).toBeGreaterThan(0);
      },
    );
  }
});
