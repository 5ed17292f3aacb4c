import { edgesAround, positionOf, type Scale } from "./axis.ts";

/** The learning rates of several lists as one, ascending, and who has which. */
export interface Columns {
  readonly rates: Float64Array;
  /** In positions on the x axis; one more than rates. */
  readonly edges: Float64Array;
  /** Entries of column c: start[c], …, start[c + 1] − 1; one for every list that has its rate. */
  readonly start: Uint32Array;
  readonly list: Uint32Array;
  /** Position of the rate in its list. */
  readonly index: Uint32Array;
  /** By list: the column of each of its rates. */
  readonly column_of: readonly ListPlaces[];
}

interface ListPlaces {
  readonly places: Uint32Array;
  readonly isAscending: boolean;
}

export function columnsOf(lists: readonly (readonly number[])[], x: Scale): Columns {
  const total = lists.reduce((sum, { length }) => sum + length, 0);
  const all = new Float64Array(total);
  const list = new Uint32Array(total);
  const index = new Uint32Array(total);
  let at = 0;
  for (const [i, rates] of lists.entries()) {
    for (const [j, each] of rates.entries()) {
      all[at] = each;
      list[at] = i;
      index[at++] = j;
    }
  }
  const order = Uint32Array.from(all, (_, i) => i).sort((a, b) => all[a]! - all[b]! || a - b);
  const rates: number[] = [];
  const start: number[] = [];
  for (const [entry, source] of order.entries()) {
    if (entry === 0 || all[source]! !== rates[rates.length - 1]) {
      rates.push(all[source]!);
      start.push(entry);
    }
  }
  start.push(total);
  const column_of = lists.map(({ length }) => new Uint32Array(length));
  for (let column = 0; column + 1 < start.length; column++) {
    for (let entry = start[column]!; entry < start[column + 1]!; entry++) {
      const source = order[entry]!;
      column_of[list[source]!]![index[source]!] = column;
    }
  }
  const positions = Float64Array.from(rates, (each) => positionOf(x, each));
  return {
    rates: Float64Array.from(rates),
    edges: edgesAround(positions),
    start: Uint32Array.from(start),
    list: order.map((source) => list[source]!),
    index: order.map((source) => index[source]!),
    column_of: column_of.map((places) => ({
      places,
      isAscending: places.every((column, i) => i === 0 || column > places[i - 1]!),
    })),
  };
}
