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

/** The first position of a set whose range ends after `cell`, by binary search. */
function firstEndingAfter(set: RangeSet, cell: number): number {
  let low = 0;
  let high = set.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (set[middle]!.end > cell) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The cells of one range that are not in a set: O(log n + those found). */
export function outside({ first, end }: Range, set: RangeSet): Range[] {
  const left: Range[] = [];
  let from = first;
  for (let i = firstEndingAfter(set, first); i < set.length && set[i]!.first < end; i++) {
    if (set[i]!.first > from) left.push({ first: from, end: set[i]!.first });
    from = Math.max(from, set[i]!.end);
  }
  if (from < end) left.push({ first: from, end });
  return left;
}

/** Adds a range to a set in place. */
export function addRange(set: Range[], { first, end }: Range): void {
  if (first >= end) return;
  // Touching ranges merge, so one that ends just at `first` counts.
  const from = firstEndingAfter(set, first - 1);
  let to = from;
  let [low, high] = [first, end];
  while (to < set.length && set[to]!.first <= end) {
    low = Math.min(low, set[to]!.first);
    high = Math.max(high, set[to]!.end);
    to++;
  }
  set.splice(from, to - from, { first: low, end: high });
}

/** Takes a range out of a set in place. */
export function removeRange(set: Range[], { first, end }: Range): void {
  if (first >= end) return;
  const from = firstEndingAfter(set, first);
  let to = from;
  while (to < set.length && set[to]!.first < end) to++;
  if (to === from) return;
  set.splice(from, to - from, ...subtract(set.slice(from, to), [{ first, end }]));
}
