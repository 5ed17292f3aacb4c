/** A half-open range of cells, first ≤ cell < end. */
export interface Range {
  readonly first: number;
  readonly end: number;
}

/**
 * Sets of cells as sorted, disjoint, non-touching, non-empty ranges. Every function is pure, and
 * costs the number of ranges, not of cells.
 */
export type RangeSet = readonly Range[];

export function size(set: RangeSet): number {
  let cells = 0;
  for (const { first, end } of set) cells += end - first;
  return cells;
}

export function union(a: RangeSet, b: RangeSet): Range[] {
  const all = [...a, ...b].filter(({ first, end }) => first < end);
  all.sort((x, y) => x.first - y.first);
  const merged: Range[] = [];
  for (const range of all) {
    const last = merged.at(-1);
    if (last !== undefined && range.first <= last.end) {
      merged[merged.length - 1] = { first: last.first, end: Math.max(last.end, range.end) };
    } else {
      merged.push(range);
    }
  }
  return merged;
}

/** The cells of `a` that are not in `b`. */
export function subtract(a: RangeSet, b: RangeSet): Range[] {
  const left: Range[] = [];
  let j = 0;
  for (const { first, end } of a) {
    while (j < b.length && b[j]!.end <= first) j++;
    let from = first;
    for (let k = j; k < b.length && b[k]!.first < end; k++) {
      if (b[k]!.first > from) left.push({ first: from, end: b[k]!.first });
      from = Math.max(from, b[k]!.end);
    }
    if (from < end) left.push({ first: from, end });
  }
  return left;
}

export function intersects(a: Range, b: Range): boolean {
  return a.first < b.end && b.first < a.end;
}
