import fc from "fast-check";
import { expect, test } from "vitest";
import {
  addRange,
  outside,
  type Range,
  removeRange,
  size,
  subtract,
  union,
} from "../../shared/ranges.ts";

const range = fc
  .tuple(fc.nat(60), fc.nat(9))
  .map(([first, length]) => ({ first, end: first + length }));
const ranges = fc.array(range, { maxLength: 8 });

/** The cells of a set, one by one. */
function cells(set: readonly Range[]): number[] {
  return set.flatMap(({ first, end }) => Array.from({ length: end - first }, (_, i) => first + i));
}

function expectSet(set: readonly Range[], expected: Set<number>): void {
  expect(cells(set)).toEqual([...expected].sort((a, b) => a - b));
  for (const [i, { first, end }] of set.entries()) {
    expect(first).toBeLessThan(end);
    // Sorted, and never touching: there is one way to write a set.
    if (i > 0) expect(set[i - 1]!.end).toBeLessThan(first);
  }
}

test("sets of ranges are sets of cells", () => {
  fc.assert(
    fc.property(ranges, ranges, range, (a, b, one) => {
      const [A, B] = [union(a, []), union(b, [])];
      const [setA, setB] = [new Set(cells(A)), new Set(cells(B))];
      expectSet(union(a, b), new Set([...setA, ...setB]));
      expectSet(subtract(A, B), new Set([...setA].filter((cell) => !setB.has(cell))));
      expect(size(A)).toBe(setA.size);
      const mine = cells([one]);
      expect(cells(outside(one, A))).toEqual(mine.filter((cell) => !setA.has(cell)));
      const added = [...A];
      addRange(added, one);
      expectSet(added, new Set([...setA, ...mine]));
      const removed = [...A];
      removeRange(removed, one);
      expectSet(removed, new Set([...setA].filter((cell) => !mine.includes(cell))));
    }),
    { numRuns: 2000 },
  );
});
