import { describe, expect, test } from "vitest";
import { rowSpan } from "../../../worker/engine/span.ts";

const EXAMPLE_3 = [
  [1, 0],
  [1, 0],
];

const dot = (a: readonly number[], b: readonly number[]) =>
  a.reduce((sum, value, i) => sum + value * b[i]!, 0);

describe("the span of the data", () => {
  test("is the exact axis for Example 3", () => {
    const span = rowSpan(EXAMPLE_3);
    expect(span.rank).toBe(1);
    expect(Array.from(span.basis)).toEqual([1, 0]);
    expect(Array.from(span.coordinates)).toEqual([1, 1]);
  });

  test("leaves data of full rank as they are", () => {
    const X = [
      [1, 1],
      [1, -1],
      [-1, -2],
      [-1, 1],
    ];
    expect(Array.from(rowSpan(X).coordinates)).toEqual(X.flat());
  });

  test("keeps every inner product where it must turn", () => {
    const X = [
      [1, 2, 3],
      [2, 4, 6],
      [0, 1, -1],
      [1, 3, 2],
    ];
    const { rank, coordinates } = rowSpan(X);
    expect(rank).toBe(2);
    const Z = X.map((_, i) => Array.from(coordinates.slice(i * rank, (i + 1) * rank)));
    for (const [i, a] of X.entries()) {
      for (const [j, b] of X.entries()) expect(dot(Z[i]!, Z[j]!)).toBeCloseTo(dot(a, b), 12);
    }
  });
});
