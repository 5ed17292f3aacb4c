/**
 * Gradient descent for many runs at once: linear predictors, and one-hidden-layer nets by the
 * width-free recurrence (equations in worker/engine/gram_kernel.ts, which owns this module).
 *
 * Lanes and their columns are in lanes.ts.
 */
import { expPair, log1pPair } from "./elementary";
import {
  blockBytes, blocks, data, EXPONENTIAL, layOut, LOGISTIC, memoryEnd, setRules, SQUARED,
} from "./lanes";
import { largeStep } from "./large_step";
import { smallStep } from "./small_step";

/** Lays out memory for lanes of `stateColumns` state columns and data of n × r. Returns its start. */
export function configure(
  lanes: i32,
  rank: i32,
  singleCount: i32,
  repeatedCount: i32,
  sampleCount: i32,
  stateColumns: i32,
  oneOverWidth: f64,
  ofCurrent: f64,
  ofInitial: f64,
  bound: f64,
): usize {
  layOut(lanes, rank, singleCount, repeatedCount, sampleCount, stateColumns);
  setRules(oneOverWidth, ofCurrent, ofInitial, bound);
  const pages = <i32>((memoryEnd + 0xffff) >>> 16);
  if (pages > memory.size()) memory.grow(pages - memory.size());
  return blocks;
}

/** Where the directions go: singles (r numbers each), then repeated ones (r + 2 numbers each). */
export function dataStart(): usize {
  return data;
}

/**
 * Blocks that take each step together: while one waits for the end of its chain of operations, the
 * processor begins the next.
 */
const GROUP_BLOCKS: i32 = 8;

/**
 * Steps t = from .. to−1 of the first `count` lanes (an even number). At each step the state is
 * tested and noted, then moved. `tail`: from this step on losses count for the mean of the last
 * ones. `watchFirst` false: the state before `from` is noted already. `moveLast` false: leave the
 * state as it stands before step to−1, so that it can be measured.
 */
// @ts-ignore: decorator
@inline
function steps(
  rank: i32,
  loss: i32,
  hidden: bool,
  count: i32,
  from: i32,
  to: i32,
  tail: i32,
  watchFirst: bool,
  moveLast: bool,
): void {
  for (let i = 0; i < count; i += 4 * GROUP_BLOCKS) {
    const first = blocks + <usize>(i / 4) * blockBytes;
    const group = min(GROUP_BLOCKS, (count - i + 3) / 4);
    let going: i32 = (1 << group) - 1; // one bit a block
    for (let t = from; t < to && going != 0; t++) {
      const watched = watchFirst || t > from;
      const moves = moveLast || t < to - 1;
      let lane = first;
      for (let bit = 1; bit <= going; bit <<= 1) {
        if (going & bit) {
          let on: bool;
          if (rank > 0) {
            on = smallStep(rank, loss, hidden, lane, t, tail, watched, moves);
          } else {
            on = largeStep(loss, hidden, lane, t, tail, watched, moves);
            if (largeStep(loss, hidden, lane + 16, t, tail, watched, moves)) on = true;
          }
          if (!on) going &= ~bit;
        }
        lane += blockBytes;
      }
    }
  }
}

// One function for each loss, model and rank (N: any). A single one with a switch is so large that
// its variables no longer stay in registers.

export function exponentialPredictor1(n: i32, from: i32, to: i32, tail: i32, watch: bool, move: bool): void {
  steps(1, EXPONENTIAL, false, n, from, to, tail, watch, move);
}

export function exponentialPredictor2(n: i32, from: i32, to: i32, tail: i32, watch: bool, move: bool): void {
  steps(2, EXPONENTIAL, false, n, from, to, tail, watch, move);
}

export function exponentialPredictorN(n: i32, from: i32, to: i32, tail: i32, watch: bool, move: bool): void {
  steps(0, EXPONENTIAL, false, n, from, to, tail, watch, move);
}

export function exponentialNet1(n: i32, from: i32, to: i32, tail: i32, watch: bool, move: bool): void {
  steps(1, EXPONENTIAL, true, n, from, to, tail, watch, move);
}

export function exponentialNet2(n: i32, from: i32, to: i32, tail: i32, watch: bool, move: bool): void {
  steps(2, EXPONENTIAL, true, n, from, to, tail, watch, move);
}

export function exponentialNetN(n: i32, from: i32, to: i32, tail: i32, watch: bool, move: bool): void {
  steps(0, EXPONENTIAL, true, n, from, to, tail, watch, move);
}

export function logisticPredictor1(n: i32, from: i32, to: i32, tail: i32, watch: bool, move: bool): void {
  steps(1, LOGISTIC, false, n, from, to, tail, watch, move);
}

export function logisticPredictor2(n: i32, from: i32, to: i32, tail: i32, watch: bool, move: bool): void {
  steps(2, LOGISTIC, false, n, from, to, tail, watch, move);
}

export function logisticPredictorN(n: i32, from: i32, to: i32, tail: i32, watch: bool, move: bool): void {
  steps(0, LOGISTIC, false, n, from, to, tail, watch, move);
}

export function logisticNet1(n: i32, from: i32, to: i32, tail: i32, watch: bool, move: bool): void {
  steps(1, LOGISTIC, true, n, from, to, tail, watch, move);
}

export function logisticNet2(n: i32, from: i32, to: i32, tail: i32, watch: bool, move: bool): void {
  steps(2, LOGISTIC, true, n, from, to, tail, watch, move);
}

export function logisticNetN(n: i32, from: i32, to: i32, tail: i32, watch: bool, move: bool): void {
  steps(0, LOGISTIC, true, n, from, to, tail, watch, move);
}

export function squaredPredictor1(n: i32, from: i32, to: i32, tail: i32, watch: bool, move: bool): void {
  steps(1, SQUARED, false, n, from, to, tail, watch, move);
}

export function squaredPredictor2(n: i32, from: i32, to: i32, tail: i32, watch: bool, move: bool): void {
  steps(2, SQUARED, false, n, from, to, tail, watch, move);
}

export function squaredPredictorN(n: i32, from: i32, to: i32, tail: i32, watch: bool, move: bool): void {
  steps(0, SQUARED, false, n, from, to, tail, watch, move);
}

export function squaredNet1(n: i32, from: i32, to: i32, tail: i32, watch: bool, move: bool): void {
  steps(1, SQUARED, true, n, from, to, tail, watch, move);
}

export function squaredNet2(n: i32, from: i32, to: i32, tail: i32, watch: bool, move: bool): void {
  steps(2, SQUARED, true, n, from, to, tail, watch, move);
}

export function squaredNetN(n: i32, from: i32, to: i32, tail: i32, watch: bool, move: bool): void {
  steps(0, SQUARED, true, n, from, to, tail, watch, move);
}

/** e^x, for tests of the accuracy. */
export function exp(x: f64): f64 {
  return f64x2.extract_lane(expPair(f64x2.splat(x), f64x2.splat(0), true), 0);
}

/** log(1 + x), x ≥ 0, for tests of the accuracy. */
export function log1p(x: f64): f64 {
  return f64x2.extract_lane(log1pPair(f64x2.splat(x), f64x2.splat(0)), 0);
}
