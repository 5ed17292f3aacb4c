/** One step for data of any rank; β and g live in scratch memory. */
import { constant, expPair, log1pPair, second } from "./elementary";
import {
  data, ETA_INPUT, ETA_OUTPUT, EXPONENTIAL, get, inverseWidth, LOGISTIC, logisticSlope, minus,
  move, observe, plus, rankOfData, choose, FACTORS_A_LOG, repeated, samples, scratch, singles, STATE, STRIDE, times,
} from "./lanes";

/** Step t of the two lanes of a vector. Returns whether either goes on. */
// @ts-ignore: decorator
@inline
export function largeStep(
  loss: i32,
  hidden: bool,
  lane: usize,
  t: i32,
  tail: i32,
  watched: bool,
  moves: bool,
): bool {
  const zero = f64x2.splat(0);
  const narrow = f64x2.splat(inverseWidth);
  const rank = <usize>rankOfData;
  const rho = lane + (STATE + rank * rank) * STRIDE;
  const sigma = rho + rank * STRIDE;
  const sColumn = sigma + rank * STRIDE;
  const matrix = lane + STATE * STRIDE;
  const beta = scratch;
  const g = scratch + rank * 16;

  let size = zero;
  let thin = zero;
  if (hidden) {
    const s = v128.load(sColumn);
    for (let j: usize = 0; j < rank; j++) {
      let along = times(s, v128.load(sigma + j * STRIDE));
      for (let k: usize = 0; k < rank; k++) {
        const u = v128.load(matrix + (k * rank + j) * STRIDE);
        size = plus(size, times(u, u));
        along = plus(along, times(u, v128.load(rho + k * STRIDE)));
      }
      const a = v128.load(rho + j * STRIDE);
      const b = v128.load(sigma + j * STRIDE);
      thin = plus(thin, plus(times(a, a), times(b, b)));
      v128.store(beta + j * 16, along);
    }
    size = plus(size, plus(times(s, s), times(narrow, thin)));
  } else {
    for (let j: usize = 0; j < rank; j++) {
      const b = v128.load(matrix + j * STRIDE);
      size = plus(size, times(b, b));
      v128.store(beta + j * 16, b);
    }
  }

  for (let j: usize = 0; j < rank; j++) v128.store(g + j * 16, zero);
  let sum = zero;
  let product = zero;
  let z = data;
  for (let i = 0; i < singles; i++) {
    let u = zero;
    for (let j: usize = 0; j < rank; j++) {
      u = plus(u, times(v128.load64_splat(z + j * 8), v128.load(beta + j * 16)));
    }
    let slope: v128;
    if (loss == EXPONENTIAL) {
      slope = expPair(f64x2.neg(u), zero, true);
      sum = plus(sum, slope);
    } else if (loss == LOGISTIC) {
      const absolute = f64x2.abs(u);
      const e = expPair(f64x2.neg(absolute), zero, false);
      slope = logisticSlope(u, e);
      product = plus(product, plus(e, times(product, e)));
      sum = plus(sum, times(constant(7), minus(absolute, u)));
      if ((i & (FACTORS_A_LOG - 1)) == FACTORS_A_LOG - 1) {
        sum = plus(sum, log1pPair(product, zero));
        product = zero;
      }
    } else {
      slope = minus(f64x2.splat(1), u);
      sum = plus(sum, times(constant(7), times(slope, slope)));
    }
    for (let j: usize = 0; j < rank; j++) {
      const before = v128.load(g + j * 16);
      v128.store(g + j * 16, plus(before, times(slope, v128.load64_splat(z + j * 8))));
    }
    z += rank * 8;
  }
  let factors: i32 = singles & (FACTORS_A_LOG - 1);
  for (let i = 0; i < repeated; i++) {
    let u = zero;
    for (let j: usize = 0; j < rank; j++) {
      u = plus(u, times(v128.load64_splat(z + j * 8), v128.load(beta + j * 16)));
    }
    const counts = z + rank * 8;
    const plusCount = v128.load64_splat(counts); // samples with yx = +z
    const minusCount = v128.load64_splat(counts + 8); // samples with yx = −z
    let slope: v128;
    if (loss == EXPONENTIAL) {
      const fall = times(plusCount, expPair(f64x2.neg(u), u, true));
      const rise = times(minusCount, second());
      slope = minus(fall, rise);
      sum = plus(sum, plus(fall, rise));
    } else if (loss == LOGISTIC) {
      const absolute = f64x2.abs(u);
      const e = expPair(f64x2.neg(absolute), zero, false);
      const one = constant(6);
      const wrong = f64x2.div(one, plus(one, e));
      const right = times(e, wrong);
      const below = f64x2.lt(u, zero);
      slope = minus(
        times(plusCount, choose(below, wrong, right)),
        times(minusCount, choose(below, right, wrong)),
      );
      sum = plus(sum, times(absolute, choose(below, plusCount, minusCount)));
      const count = <i32>(load<f64>(counts) + load<f64>(counts + 8));
      for (let k = 0; k < count; k++) {
        product = plus(product, plus(e, times(product, e)));
        factors++;
        if (factors == FACTORS_A_LOG) {
          sum = plus(sum, log1pPair(product, zero));
          product = zero;
          factors = 0;
        }
      }
    } else {
      const one = constant(6);
      const a = minus(one, u);
      const b = plus(one, u);
      slope = minus(times(plusCount, a), times(minusCount, b));
      const squares = plus(times(plusCount, times(a, a)), times(minusCount, times(b, b)));
      sum = plus(sum, times(constant(7), squares));
    }
    for (let j: usize = 0; j < rank; j++) {
      const before = v128.load(g + j * 16);
      v128.store(g + j * 16, plus(before, times(slope, v128.load64_splat(z + j * 8))));
    }
    z += rank * 8 + 16;
  }
  if (loss == LOGISTIC) sum = plus(sum, log1pPair(product, zero));
  const mean = f64x2.splat(1 / <f64>samples);
  const minusMean = f64x2.neg(mean);
  let finite = zero;
  for (let j: usize = 0; j < rank; j++) {
    const component = times(v128.load(g + j * 16), minusMean);
    v128.store(g + j * 16, component);
    finite = plus(finite, times(component, zero));
  }

  let passed = i64x2.splat(-1);
  if (watched) passed = observe(lane, t, tail, times(sum, mean), size, finite);
  if (!moves) return true;
  if (!v128.any_true(passed)) return false;

  const etaInput = get(lane, ETA_INPUT);
  if (!hidden) {
    for (let j: usize = 0; j < rank; j++) {
      const next = minus(v128.load(beta + j * 16), times(etaInput, v128.load(g + j * 16)));
      move(lane, STATE + j, next, passed);
    }
    return true;
  }
  const etaOutput = get(lane, ETA_OUTPUT);
  const thinInput = times(etaInput, narrow);
  const s = v128.load(sColumn);
  const pull = times(etaInput, s);
  let alongSigma = zero;
  for (let k: usize = 0; k < rank; k++) {
    const rhoK = v128.load(rho + k * STRIDE);
    const change = times(thinInput, rhoK);
    let along = zero; // (U g)_k
    for (let j: usize = 0; j < rank; j++) {
      const u = v128.load(matrix + (k * rank + j) * STRIDE);
      const gj = v128.load(g + j * 16);
      along = plus(along, times(u, gj));
      move(lane, STATE + k * rank + j, minus(u, times(change, gj)), passed);
    }
    move(lane, STATE + rank * rank + k, minus(rhoK, times(etaOutput, along)), passed);
    const sigmaK = v128.load(sigma + k * STRIDE);
    const gk = v128.load(g + k * 16);
    alongSigma = plus(alongSigma, times(sigmaK, gk));
    const column = STATE + rank * rank + rank + k;
    move(lane, column, minus(sigmaK, times(pull, gk)), passed);
  }
  const last = STATE + rank * rank + 2 * rank;
  move(lane, last, minus(s, times(times(etaOutput, narrow), alongSigma)), passed);
  return true;
}

