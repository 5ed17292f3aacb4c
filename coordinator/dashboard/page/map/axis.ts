/** The scale of an axis. Positions on it are log2 of its values, or its values. */
export interface Scale {
  readonly is_log: boolean;
}

export function positionOf({ is_log }: Scale, value: number): number {
  return is_log ? Math.log2(value) : value;
}

export function valueAt({ is_log }: Scale, position: number): number {
  return is_log ? 2 ** position : position;
}

/**
 * Whether ascending values are better shown on a logarithmic axis: the plan does not say, and rounds
 * add values of their own. Evenly spaced ones are linear; others that are positive and span more
 * than a factor of 2 are logarithmic.
 */
export function isLog(values: readonly number[] | Float64Array): boolean {
  const first = values[0] ?? 0;
  const last = values[values.length - 1] ?? 0;
  if (!(first > 0) || values.length < 3) return first > 0 && last > 10 * first;
  const even = (last - first) / (values.length - 1);
  let isEven = true;
  for (let i = 1; i < values.length && isEven; i++) {
    isEven = Math.abs(values[i]! - values[i - 1]! - even) < 1e-6 * even;
  }
  return !isEven && last > 2 * first;
}

/**
 * Edges of the intervals around ascending positions, one more than those: the midpoints, and the
 * outermost as far out as the next midpoint is in.
 */
export function edgesAround(positions: Float64Array): Float64Array {
  const { length } = positions;
  const edges = new Float64Array(length + 1);
  for (let i = 1; i < length; i++) edges[i] = (positions[i - 1]! + positions[i]!) / 2;
  const half = length > 1 ? (positions[1]! - positions[0]!) / 2 : 0.5;
  const last_half = length > 1 ? (positions[length - 1]! - positions[length - 2]!) / 2 : 0.5;
  edges[0] = positions[0]! - half;
  edges[length] = positions[length - 1]! + last_half;
  return edges;
}

/** The interval that a position lies in: the largest i with edges[i] ≤ position; −1 before the first. */
export function intervalAt(edges: Float64Array, position: number): number {
  let low = 0;
  let high = edges.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (edges[middle]! <= position) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** The first of ascending values that is at least `value`; their number if none is. */
export function lowerBound(ascending: Float64Array | Uint32Array, value: number): number {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ascending[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Ticks of [low, high] on a scale, at most about `wanted`, ascending. */
export function ticksOf({ is_log }: Scale, low: number, high: number, wanted: number): number[] {
  if (!is_log || high / low < 3)
    return evenTicks(low, high, wanted).filter((t) => !is_log || t > 0);
  for (const multiples of [[1, 2, 3, 5, 7], [1, 2, 5], [1, 3], [1]]) {
    const ticks = decadeTicks(low, high, multiples);
    if (ticks.length <= wanted) return ticks.length > 1 ? ticks : evenTicks(low, high, wanted);
  }
  const decades = decadeTicks(low, high, [1]);
  const stride = Math.ceil(decades.length / wanted);
  return decades.filter((_, index) => index % stride === 0);
}

/** At multiples of 1, 2 or 5 times a power of ten. */
function evenTicks(low: number, high: number, wanted: number): number[] {
  const raw = (high - low) / Math.max(1, wanted);
  if (!(raw > 0)) return [low];
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * ([1, 2, 5, 10].find((multiple) => multiple * power >= raw * 0.999) ?? 10);
  const ticks: number[] = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high * (1 + 1e-12); i++) {
    ticks.push(Number((i * step).toPrecision(12)));
  }
  return ticks;
}

function decadeTicks(low: number, high: number, multiples: readonly number[]): number[] {
  const ticks: number[] = [];
  for (let decade = Math.floor(Math.log10(low)); decade <= Math.log10(high); decade++) {
    for (const multiple of multiples) {
      const tick = Number(`${multiple}e${decade}`);
      if (tick >= low && tick <= high) ticks.push(tick);
    }
  }
  return ticks;
}
