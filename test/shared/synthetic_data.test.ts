import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { sha256Hex } from "../../shared/canonical.ts";
import type { Dataset } from "../../shared/datasets.ts";
import { nonSeparableDataset } from "../../shared/non_separable_data.ts";
import { separableDataset } from "../../shared/separable_data.ts";

const sizes = {
  samples: fc.integer({ min: 2, max: 60 }),
  features: fc.integer({ min: 1, max: 8 }),
};
const noise = fc.constantFrom(0, 0.1, 0.25, 0.5);
const seed = fc.nat();

/** y_i x_i */
function signed({ X, y }: Dataset): number[][] {
  return X.map((row, i) => Array.from(row, (value) => y[i]! * value));
}

describe("separable data", () => {
  test("have the margin, but for the labels that noise turns round", () => {
    fc.assert(
      fc.property(
        fc.record({ ...sizes, seed, label_noise: noise, margin: fc.constantFrom(0.01, 0.5, 3) }),
        (data) => {
          const clean = separableDataset({ ...data, label_noise: 0 });
          const margins = signed(clean).map(([first]) => first!);
          expect(Math.min(...margins)).toBeCloseTo(data.margin, 9);
          const noisy = separableDataset(data);
          expect(noisy.X).toEqual(clean.X);
          const turned = noisy.y.filter((label, i) => label !== clean.y[i]);
          expect(turned).toHaveLength(Math.round(data.label_noise * data.samples));
        },
      ),
    );
  });

  test("without noise are those of before", () => {
    const { name, X, y } = separableDataset({ samples: 6, features: 2, margin: 0.5, seed: 3 });
    expect(name).toBe("separable-n6-d2-margin0.5-seed3");
    expect(y).toEqual([1, -1, 1, -1, 1, -1]);
    expect(sha256Hex(JSON.stringify(X)).slice(0, 16)).toBe("d15d37e94c377f85");
  });
});

describe("data that are not separable", () => {
  const arbitrary = fc
    .record({ ...sizes, seed, label_noise: noise, distance: fc.constantFrom(0, 1, 6) })
    .filter(({ samples, features }) => samples > features);

  test("balance: a positive combination of all y_i x_i vanishes", () => {
    fc.assert(
      fc.property(arbitrary, (data) => {
        const z = signed(nonSeparableDataset(data));
        const weight = Math.sqrt(data.samples - 1);
        for (let j = 0; j < data.features; j++) {
          const sum = z.reduce((s, row, i) => s + (i < z.length - 1 ? 1 : weight) * row[j]!, 0);
          expect(sum).toBeCloseTo(0, 8);
        }
      }),
    );
  });

  test("so no direction classifies all of them, even weakly", () => {
    fc.assert(
      fc.property(
        arbitrary,
        fc.array(fc.double({ min: -1, max: 1, noNaN: true }), { minLength: 8 }),
        (data, w) => {
          fc.pre(w.slice(0, data.features).some((value) => Math.abs(value) > 1e-3));
          const margins = signed(nonSeparableDataset(data)).map((row) =>
            row.reduce((sum, value, j) => sum + w[j]! * value, 0),
          );
          expect(Math.min(...margins)).toBeLessThan(0);
        },
      ),
    );
  });

  test("have means apart by the distance", () => {
    const data = { samples: 1000, features: 2, distance: 4, label_noise: 0, seed: 1 };
    const { X, y } = nonSeparableDataset(data);
    const mean = (label: number) => {
      const rows = X.slice(0, -1).filter((_, i) => y[i] === label);
      return rows.reduce((sum, row) => sum + row[0]!, 0) / rows.length;
    };
    expect(mean(1) - mean(-1)).toBeCloseTo(4, 0);
  });
});
