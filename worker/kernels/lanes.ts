/**
 * Lanes: many runs as a struct of arrays, four to a block. Column c of lane i is the float64 at
 *
 *     blocks + ⌊i/4⌋ · blockBytes + 32 c + 8 (i mod 4)
 *
 * so a block has two SIMD vectors a column and all its columns side by side in the cache. The
 * arithmetic of a lane never looks at another, so its numbers do not depend on its place.
 */
import { constant } from "./elementary";

/** Bytes from one column of a block to the next. */
export const STRIDE: usize = 32;

/** Columns of a lane; worker/engine/gram_kernel.ts has the same list. */
export const ETA_INPUT: usize = 0;
export const ETA_OUTPUT: usize = 1;
export const LOSS_INITIAL: usize = 2;
export const SIZE_BOUND: usize = 3;
export const LOSS: usize = 4;
export const LOSS_MAX: usize = 5;
export const LOSS_MAX_STEP: usize = 6;
export const INCREASES: usize = 7;
export const LAST_INCREASE: usize = 8;
export const DIVERGED_AT: usize = 9;
export const EXCESS: usize = 10;
export const STATE: usize = 11;

export const EXPONENTIAL: i32 = 0;
export const LOGISTIC: i32 = 1;
export const SQUARED: i32 = 2;


/** Factors 1 + exp(−|u|) ≤ 2 that are multiplied before one log1p, which takes up to 2^1000. */
export const FACTORS_A_LOG: i32 = 512;

export let blocks: usize = 0;
export let blockBytes: usize = 0;
export let data: usize = 0;
export let scratch: usize = 0;
export let memoryEnd: usize = 0;
export let rankOfData: i32 = 0;
/** Directions that occur once, with the label's sign in them; they come first in the data. */
export let singles: i32 = 0;
/** Directions z that occur several times, as yx = +z or −z; each is followed by both counts. */
export let repeated: i32 = 0;
export let samples: i32 = 0;
export let inverseWidth: f64 = 0;
export let riseOfCurrent: f64 = 0;
export let riseOfInitial: f64 = 0;
export let boundFactor: f64 = 0;

/** Lays out memory for lanes with so many state columns, and for data of n × r. */
export function layOut(
  lanes: i32,
  rank: i32,
  singleCount: i32,
  repeatedCount: i32,
  sampleCount: i32,
  stateColumns: i32,
): void {
  rankOfData = rank;
  samples = sampleCount;
  singles = singleCount;
  repeated = repeatedCount;
  blocks = (__heap_base + 63) & ~63;
  blockBytes = (STATE + <usize>stateColumns) * STRIDE;
  data = blocks + <usize>(lanes / 4) * blockBytes;
  scratch = (data + <usize>(rank * singleCount + (rank + 2) * repeatedCount) * 8 + 63) & ~63;
  memoryEnd = scratch + <usize>rank * 32;
}

export function setRules(oneOverWidth: f64, ofCurrent: f64, ofInitial: f64, bound: f64): void {
  inverseWidth = oneOverWidth;
  riseOfCurrent = ofCurrent;
  riseOfInitial = ofInitial;
  boundFactor = bound;
}

// @ts-ignore: decorator
@inline
export function get(lane: usize, column: usize): v128 {
  return v128.load(lane + column * STRIDE);
}

// @ts-ignore: decorator
@inline
export function put(lane: usize, column: usize, value: v128): void {
  v128.store(lane + column * STRIDE, value);
}

// @ts-ignore: decorator
@inline
export function times(a: v128, b: v128): v128 {
  return f64x2.mul(a, b);
}

// @ts-ignore: decorator
@inline
export function plus(a: v128, b: v128): v128 {
  return f64x2.add(a, b);
}

// @ts-ignore: decorator
@inline
export function minus(a: v128, b: v128): v128 {
  return f64x2.sub(a, b);
}

/** s where mask, else t. */
// @ts-ignore: decorator
@inline
export function choose(mask: v128, s: v128, t: v128): v128 {
  return v128.bitselect(s, t, mask);
}

/** −∂ℓ/∂u of the logistic loss, given t = exp(−|u|): t/(1 + t), or 1/(1 + t) where u < 0. */
// @ts-ignore: decorator
@inline
export function logisticSlope(u: v128, t: v128): v128 {
  const one = constant(6);
  const top = v128.bitselect(one, t, f64x2.lt(u, f64x2.splat(0)));
  return f64x2.div(top, plus(one, t));
}

/** Stores a new state number in the lanes that passed. */
// @ts-ignore: decorator
@inline
export function move(lane: usize, column: usize, value: v128, passed: v128): void {
  put(lane, column, v128.bitselect(value, get(lane, column), passed));
}

/**
 * The bookkeeping of step t for two lanes, given loss, squared size and a number that is 0 exactly
 * when the gradient is finite. Returns the mask of lanes that passed the test.
 */
// @ts-ignore: decorator
@inline
export function observe(lane: usize, t: i32, tail: i32, loss: v128, size: v128, zero: v128): v128 {
  const step = f64x2.splat(<f64>t);
  if (t == 0) {
    put(lane, LOSS_INITIAL, loss);
    put(lane, SIZE_BOUND, times(f64x2.splat(boundFactor), plus(f64x2.splat(1), size)));
    put(lane, LOSS, loss);
  }
  const initial = get(lane, LOSS_INITIAL);
  const previous = get(lane, LOSS);
  const finite = f64x2.eq(plus(minus(loss, loss), zero), f64x2.splat(0));
  const passed = v128.and(finite, f64x2.le(size, get(lane, SIZE_BOUND)));

  // New maxima and rises are rare after the first steps, so their stores stand behind branches.
  const larger = f64x2.gt(loss, get(lane, LOSS_MAX));
  if (v128.any_true(larger)) {
    move(lane, LOSS_MAX, loss, larger);
    move(lane, LOSS_MAX_STEP, step, larger);
  }
  put(lane, LOSS, loss);

  const tolerance = plus(
    times(f64x2.splat(riseOfCurrent), previous),
    times(f64x2.splat(riseOfInitial), initial),
  );
  const rose = v128.and(passed, f64x2.gt(minus(loss, previous), tolerance));
  if (v128.any_true(rose)) {
    put(lane, INCREASES, plus(get(lane, INCREASES), v128.and(rose, constant(6))));
    move(lane, LAST_INCREASE, step, rose);
  }
  if (t >= tail) put(lane, EXCESS, plus(get(lane, EXCESS), minus(loss, initial)));

  if (!i64x2.all_true(passed)) {
    // A lane that failed is never stepped again, so it fails again; only the first time counts.
    const before = get(lane, DIVERGED_AT);
    const now = v128.andnot(f64x2.lt(before, f64x2.splat(0)), passed);
    put(lane, DIVERGED_AT, v128.bitselect(step, before, now));
  }
  return passed;
}

