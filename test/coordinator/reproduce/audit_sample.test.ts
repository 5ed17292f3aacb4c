import { describe, expect, test } from "vitest";
import {
  type AuditCandidate,
  chooseSample,
  ownCost,
  referenceCost,
} from "../../../coordinator/reproduce/audit_sample.ts";
import type { PlannedGroup } from "../../../shared/plan.ts";

const group = (numeric_class: string, width: number | "infinite" = 10) =>
  ({
    numeric_class,
    shape: {
      dataset: {
        X: [
          [1, 0],
          [0, 1],
        ],
        y: [1, -1],
      },
      hidden_layers: 2,
      width,
      measure: [],
      trajectory_every: null,
      steps: 100,
    },
  }) as unknown as PlannedGroup;

/** Buckets of 8 cells each: 40 groups of one class in two phases, and one of another class. */
const common = group("float64-exact");
const rare = group("float32-wasm");
const bucket = (first: number, phase: string, of: PlannedGroup): AuditCandidate[] =>
  Array.from({ length: 8 }, (_, i) => ({ cell: first + i, phase, group: of, steps: 100 }));
const buckets = [
  ...Array.from({ length: 40 }, (_, i) =>
    bucket(1000 * i, i % 8 === 0 ? "divergent" : "lazy", common),
  ),
  bucket(90_000, "lazy", rare),
];

describe("the sample", () => {
  test("keeps to its number of cells, and has every class and phase from the first cells on", () => {
    for (const cells of [3, 10, 64]) {
      const chosen = chooseSample(buckets, { cells, operations: 1e9 }, () => 1);
      expect(chosen).toHaveLength(cells);
      const kinds = new Set(chosen.map((each) => `${each.group.numeric_class} ${each.phase}`));
      expect(kinds.size).toBe(3);
      expect(new Set(chosen.map(({ cell }) => cell)).size).toBe(cells);
    }
  });

  test("is spread over the groups, and the same each time", () => {
    const sample = () => chooseSample(buckets, { cells: 20, operations: 1e9 }, () => 1);
    const groups = sample().map(({ cell }) => Math.floor(cell / 1000));
    expect(groups.some((each) => each < 10)).toBe(true);
    expect(groups.some((each) => each >= 30 && each < 40)).toBe(true);
    expect(sample()).toEqual(sample());
  });

  test("keeps to its operations, and passes over what alone would be too much", () => {
    const costOf = ({ group: { numeric_class } }: AuditCandidate) =>
      numeric_class === "float32-wasm" ? 1000 : 10;
    const chosen = chooseSample(buckets, { cells: 64, operations: 105 }, costOf);
    expect(chosen).toHaveLength(10);
    expect(chosen.every((each) => each.group === common)).toBe(true);
  });

  test("has none of nothing", () => {
    expect(chooseSample([], { cells: 64, operations: 1 }, () => 0)).toEqual([]);
  });
});

test("costs grow with steps and weights; the infinite width has no explicit net", () => {
  const at = (of: PlannedGroup, steps: number) => ({ cell: 0, phase: "lazy", group: of, steps });
  expect(ownCost(at(rare, 200))).toBeCloseTo(2 * ownCost(at(rare, 100)));
  expect(ownCost(at(group("float32-wasm", 100), 100))).toBeGreaterThan(50 * ownCost(at(rare, 100)));
  expect(referenceCost(at(rare, 200))).toBeCloseTo(2 * referenceCost(at(rare, 100)));
  expect(referenceCost(at(group("float64-exact", "infinite"), 1))).toBe(Number.POSITIVE_INFINITY);
});
