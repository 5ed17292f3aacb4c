import { expect, test } from "vitest";
import { figure5Findings } from "../../../../coordinator/analysis/paper/figure5.ts";
import { figure6Findings } from "../../../../coordinator/analysis/paper/figure6.ts";
import { firstRoot } from "../../../../coordinator/analysis/paper/phi_steps.ts";
import type { Trajectory } from "../../../../coordinator/analysis/paper/trajectories.ts";

const ETA = 10;
const logistic = (w: number) => Math.log(2 * Math.cosh(w / 2));

/** A predictor on Example 1 with logistic loss, trained here; `push` falsifies its steps. */
function predictor(start: number, push = 1): Trajectory {
  const losses = [logistic(start)];
  for (let w = start, step = 0; step < 200; step++) {
    w -= push * ETA * 0.5 * Math.tanh(w / 2);
    losses.push(logistic(w));
  }
  return {
    ...{ grid: 0, dataset: "example1", loss: "logistic", width: null, seed: 0 },
    ...{ learning_rate: ETA, phase: "unsettled", losses, ntk: [] },
  };
}

test("φ tells the steps of a real run, and not those of one with another rate", () => {
  const found = (...runs: Trajectory[]) => figure5Findings(runs).map(({ agrees }) => agrees);
  expect(found(predictor(0.5), predictor(3))).toEqual(["yes", "yes"]);
  expect(found(predictor(0.5, 0.3))).toEqual(["no", "no"]);
});

/** A net on Example 3 with exponential loss: f and λ by the paper's eq 8. */
function net(eta: number, f0: number, ntk0: number, m: number): Trajectory {
  const losses = [Math.cosh(f0)];
  const ntk = [ntk0];
  for (let f = f0, l = ntk0, step = 0; step < 100; step++) {
    const s = Math.sinh(f);
    const next = f - eta * l * s + (eta * eta * f * s * s) / m;
    l = l - (4 * eta * f * s) / m + (eta * eta * l * s * s) / m;
    f = next;
    losses.push(Math.cosh(f));
    ntk.push(l);
  }
  return {
    ...{ grid: 0, dataset: "example3", loss: "exponential", width: m, seed: 0 },
    ...{ learning_rate: eta, phase: "catapult", losses, ntk },
  };
}

test("φ_λ tells the steps of a net, and its zero moves as λ falls", () => {
  const run = net(2.1, 0.2, 1, 100);
  expect(figure6Findings([run]).map(({ agrees }) => agrees)).toEqual(["yes", "yes"]);
  const wrong = { ...run, ntk: run.ntk.map(() => 0.2) };
  expect(figure6Findings([wrong])[0]!.agrees).not.toBe("yes");
});

test("the zero of φ is where the predictor of logistic loss oscillates", () => {
  const curve = { loss: "logistic", learning_rate: ETA, ntk: 1, inverse_width: 0 } as const;
  const root = firstRoot(curve, 10)!;
  expect(ETA * 0.5 * Math.tanh(root / 2)).toBeCloseTo(2 * root, 12);
  expect(firstRoot(curve, 10, { upward: true })).toBeUndefined();
  expect(firstRoot({ ...curve, loss: "exponential" }, 10)).toBeUndefined();
});
