import fc from "fast-check";
import { expect, test } from "vitest";
import { exp, log1p } from "../../../shared/elementary.ts";
import type { Loss } from "../../../shared/losses.ts";
import { gramEngine } from "../../../worker/engine/gram.ts";
import { kernelFunctions } from "../../../worker/engine/gram_kernel.ts";
import { EXP, LOG1P } from "./function_values.ts";

const kernel = kernelFunctions();

/** Distance between neighbouring doubles at x. */
function ulp(x: number): number {
  return 2 ** Math.max(-1074, Math.floor(Math.log2(Math.abs(x))) - 52);
}

test("the kernel's exp and log1p are within 2 ulp", () => {
  for (const [x, high, low] of EXP) {
    expect(Math.abs(kernel.exp(x) - high - low) / ulp(high), `exp(${x})`).toBeLessThan(2);
  }
  for (const [x, high, low] of LOG1P) {
    expect(Math.abs(kernel.log1p(x) - high - low) / ulp(high), `log1p(${x})`).toBeLessThan(2);
  }
});

test("they agree with our scalar functions to 3 ulp everywhere, subnormal results included", () => {
  fc.assert(
    fc.property(fc.double({ min: -745, max: 709.7, noNaN: true }), (x) => {
      const value = exp(x);
      expect(Math.abs(kernel.exp(x) - value)).toBeLessThanOrEqual(3 * ulp(value));
      const small = Math.abs(x);
      expect(Math.abs(kernel.log1p(small) - log1p(small))).toBeLessThanOrEqual(
        3 * ulp(log1p(small)),
      );
    }),
    { numRuns: 5000 },
  );
});

test("exp keeps the edges of IEEE arithmetic", () => {
  expect(kernel.exp(710)).toBe(Number.POSITIVE_INFINITY);
  expect(kernel.exp(Number.POSITIVE_INFINITY)).toBe(Number.POSITIVE_INFINITY);
  expect(kernel.exp(709.78)).toBeLessThan(Number.POSITIVE_INFINITY);
  expect(kernel.exp(-745.13)).toBe(5e-324);
  expect(kernel.exp(-746)).toBe(0);
  expect(kernel.exp(Number.NEGATIVE_INFINITY)).toBe(0);
  expect(kernel.exp(Number.NaN)).toBeNaN();
  expect(kernel.exp(0)).toBe(1);
});

test("a cell's bits do not depend on its neighbours, its lane or the size of the batch", () => {
  const axis = (loss: Loss) => (loss === "logistic" ? [2, 60] : [0.2, 4]);
  const data = {
    rank1: { name: "a", X: [[1], [1]], y: [1, -1] },
    rank2: {
      name: "b",
      X: [
        [1, 1],
        [1, -1],
        [-1, -2],
        [-1, 1],
      ],
      y: [-1, 1, 1, 1],
    },
    rank3: {
      name: "c",
      X: [
        [1, 0, 2],
        [0, 1, -1],
        [1, 1, 0],
        [2, -1, 1],
      ],
      y: [1, -1, 1, 1],
    },
  };
  for (const dataset of Object.values(data)) {
    for (const loss of ["exponential", "logistic", "squared"] as const) {
      for (const width of [null, 30]) {
        const shape = {
          dataset,
          hidden_layers: width === null ? (0 as const) : (1 as const),
          width,
          weight_variance: 0.5,
          initial_weights: null,
          loss,
          output_learning_rate: { ratio: 1 },
          steps: 60,
          drop: null,
          trajectory_every: null,
          measure: ["ntk" as const],
        };
        const count = 203;
        const [from, to] = axis(loss) as [number, number];
        const seeds = Float64Array.from({ length: count }, (_, i) => Math.floor(i / 29));
        const learning_rates = Float64Array.from(
          { length: count },
          (_, i) => from * (to / from) ** ((i % 29) / 28),
        );
        const whole = gramEngine.run({ shape, seeds, learning_rates });
        for (const i of [0, 1, 17, 28, 29, 100, 202]) {
          const alone = gramEngine.run({
            shape,
            seeds: seeds.subarray(i, i + 1),
            learning_rates: learning_rates.subarray(i, i + 1),
          });
          for (const [name, column] of Object.entries(whole)) {
            const one = alone[name as keyof typeof alone];
            expect(Object.is(one[0], column[i]), `${name} of cell ${i}`).toBe(true);
          }
        }
      }
    }
  }
});
