/** One step for data of rank 1 or 2, where β, g and the state fit into variables. */
import { constant, expPair, log1pPair, second } from "./elementary";
import {
  data, ETA_INPUT, ETA_OUTPUT, EXPONENTIAL, get, inverseWidth, LOGISTIC, logisticSlope, minus,
  move, observe, plus, choose, FACTORS_A_LOG, repeated, samples, singles, put, STATE, times,
} from "./lanes";

/** Step t of four lanes of rank 1 or 2. Returns whether any of them goes on. */
// @ts-ignore: decorator
@inline
export function smallStep(
  rank: i32,
  loss: i32,
  hidden: bool,
  p: usize,
  t: i32,
  tail: i32,
  watched: bool,
  moves: bool,
): bool {
  const zero = f64x2.splat(0);
  // Two vectors at once give the processor two chains to work on, and share every constant.
  const o = p + 16;
  const bp0 = smallBeta(rank, hidden, p, 0);
  const bo0 = smallBeta(rank, hidden, o, 0);
  const bp1 = rank == 2 ? smallBeta(rank, hidden, p, 1) : zero;
  const bo1 = rank == 2 ? smallBeta(rank, hidden, o, 1) : zero;

  let gp0 = zero;
  let gp1 = zero;
  let go0 = zero;
  let go1 = zero;
  let sumP = zero;
  let sumO = zero;
  let productP = zero; // Π (1 + t_i) − 1
  let productO = zero;
  let z = data;
  for (let i = 0; i < singles; i++) {
    const z0 = v128.load64_splat(z);
    let up = times(z0, bp0); // y_i f_i
    let uo = times(z0, bo0);
    let z1 = zero;
    if (rank == 2) {
      z1 = v128.load64_splat(z + 8);
      up = plus(up, times(z1, bp1));
      uo = plus(uo, times(z1, bo1));
    }
    z += <usize>rank * 8;
    let slopeP: v128; // −∂ℓ/∂u
    let slopeO: v128;
    if (loss == EXPONENTIAL) {
      slopeP = expPair(f64x2.neg(up), f64x2.neg(uo), true);
      slopeO = second();
      sumP = plus(sumP, slopeP);
      sumO = plus(sumO, slopeO);
    } else if (loss == LOGISTIC) {
      const sizeP = f64x2.abs(up);
      const sizeO = f64x2.abs(uo);
      const ep = expPair(f64x2.neg(sizeP), f64x2.neg(sizeO), false);
      const eo = second();
      slopeP = logisticSlope(up, ep);
      slopeO = logisticSlope(uo, eo);
      productP = plus(productP, plus(ep, times(productP, ep)));
      productO = plus(productO, plus(eo, times(productO, eo)));
      const half = constant(7);
      sumP = plus(sumP, times(half, minus(sizeP, up)));
      sumO = plus(sumO, times(half, minus(sizeO, uo)));
      if ((i & (FACTORS_A_LOG - 1)) == FACTORS_A_LOG - 1) {
        sumP = plus(sumP, log1pPair(productP, productO));
        sumO = plus(sumO, second());
        productP = zero;
        productO = zero;
      }
    } else {
      slopeP = minus(f64x2.splat(1), up);
      slopeO = minus(f64x2.splat(1), uo);
      sumP = plus(sumP, times(constant(7), times(slopeP, slopeP)));
      sumO = plus(sumO, times(constant(7), times(slopeO, slopeO)));
    }
    gp0 = plus(gp0, times(slopeP, z0));
    go0 = plus(go0, times(slopeO, z0));
    if (rank == 2) {
      gp1 = plus(gp1, times(slopeP, z1));
      go1 = plus(go1, times(slopeO, z1));
    }
  }
  let factors: i32 = singles & (FACTORS_A_LOG - 1);
  for (let i = 0; i < repeated; i++) {
    const z0 = v128.load64_splat(z);
    let up = times(z0, bp0); // z·β, the margin of the samples with yx = +z
    let uo = times(z0, bo0);
    let z1 = zero;
    if (rank == 2) {
      z1 = v128.load64_splat(z + 8);
      up = plus(up, times(z1, bp1));
      uo = plus(uo, times(z1, bo1));
    }
    z += <usize>rank * 8;
    const plusCount = v128.load64_splat(z); // samples with yx = +z
    const minusCount = v128.load64_splat(z + 8); // samples with yx = −z
    z += 16;
    let slopeP: v128;
    let slopeO: v128;
    if (loss == EXPONENTIAL) {
      const fallP = times(plusCount, expPair(f64x2.neg(up), f64x2.neg(uo), true));
      const fallO = times(plusCount, second());
      const riseP = times(minusCount, expPair(up, uo, true));
      const riseO = times(minusCount, second());
      slopeP = minus(fallP, riseP);
      slopeO = minus(fallO, riseO);
      sumP = plus(sumP, plus(fallP, riseP));
      sumO = plus(sumO, plus(fallO, riseO));
    } else if (loss == LOGISTIC) {
      const sizeP = f64x2.abs(up);
      const sizeO = f64x2.abs(uo);
      const ep = expPair(f64x2.neg(sizeP), f64x2.neg(sizeO), false);
      const eo = second();
      // 1/(1 + t) and t/(1 + t): the slopes on the wrong and on the right side of u = 0.
      const one = constant(6);
      const wrongP = f64x2.div(one, plus(one, ep));
      const wrongO = f64x2.div(one, plus(one, eo));
      const rightP = times(ep, wrongP);
      const rightO = times(eo, wrongO);
      const belowP = f64x2.lt(up, zero);
      const belowO = f64x2.lt(uo, zero);
      slopeP = minus(
        times(plusCount, choose(belowP, wrongP, rightP)),
        times(minusCount, choose(belowP, rightP, wrongP)),
      );
      slopeO = minus(
        times(plusCount, choose(belowO, wrongO, rightO)),
        times(minusCount, choose(belowO, rightO, wrongO)),
      );
      // c₊ max(−u, 0) + c₋ max(u, 0)
      sumP = plus(sumP, times(sizeP, choose(belowP, plusCount, minusCount)));
      sumO = plus(sumO, times(sizeO, choose(belowO, plusCount, minusCount)));
      const count = <i32>(load<f64>(z - 16) + load<f64>(z - 8));
      for (let k = 0; k < count; k++) {
        productP = plus(productP, plus(ep, times(productP, ep)));
        productO = plus(productO, plus(eo, times(productO, eo)));
        factors++;
        if (factors == FACTORS_A_LOG) {
          sumP = plus(sumP, log1pPair(productP, productO));
          sumO = plus(sumO, second());
          productP = zero;
          productO = zero;
          factors = 0;
        }
      }
    } else {
      const one = constant(6);
      const aP = minus(one, up);
      const aO = minus(one, uo);
      const bP = plus(one, up);
      const bO = plus(one, uo);
      slopeP = minus(times(plusCount, aP), times(minusCount, bP));
      slopeO = minus(times(plusCount, aO), times(minusCount, bO));
      const squaresP = plus(times(plusCount, times(aP, aP)), times(minusCount, times(bP, bP)));
      const squaresO = plus(times(plusCount, times(aO, aO)), times(minusCount, times(bO, bO)));
      sumP = plus(sumP, times(constant(7), squaresP));
      sumO = plus(sumO, times(constant(7), squaresO));
    }
    gp0 = plus(gp0, times(slopeP, z0));
    go0 = plus(go0, times(slopeO, z0));
    if (rank == 2) {
      gp1 = plus(gp1, times(slopeP, z1));
      go1 = plus(go1, times(slopeO, z1));
    }
  }
  if (loss == LOGISTIC) {
    sumP = plus(sumP, log1pPair(productP, productO));
    sumO = plus(sumO, second());
  }
  const mean = f64x2.splat(1 / <f64>samples);
  const minusMean = f64x2.neg(mean);
  const a = smallFinish(rank, hidden, p, t, tail, watched, moves, times(sumP, mean), times(gp0, minusMean), times(gp1, minusMean), bp0, bp1);
  const b = smallFinish(rank, hidden, o, t, tail, watched, moves, times(sumO, mean), times(go0, minusMean), times(go1, minusMean), bo0, bo1);
  return a || b;
}

/** β_j = (Uᵀρ)_j + s σ_j, or w_j. */
// @ts-ignore: decorator
@inline
function smallBeta(rank: i32, hidden: bool, lane: usize, j: i32): v128 {
  if (!hidden) return get(lane, STATE + <usize>j);
  const RHO: usize = STATE + <usize>(rank * rank);
  const SIGMA: usize = RHO + <usize>rank;
  const S: usize = SIGMA + <usize>rank;
  let along = times(get(lane, STATE + <usize>j), get(lane, RHO));
  if (rank == 2) {
    along = plus(along, times(get(lane, STATE + <usize>(2 + j)), get(lane, RHO + 1)));
  }
  return plus(along, times(get(lane, S), get(lane, SIGMA + <usize>j)));
}

/** The bookkeeping and the move of two lanes, given loss, gradient and β. */
// @ts-ignore: decorator
@inline
function smallFinish(
  rank: i32,
  hidden: bool,
  lane: usize,
  t: i32,
  tail: i32,
  watched: bool,
  moves: bool,
  loss: v128,
  g0: v128,
  g1: v128,
  b0: v128,
  b1: v128,
): bool {
  const zero = f64x2.splat(0);
  const narrow = f64x2.splat(inverseWidth);
  const RHO: usize = STATE + <usize>(rank * rank);
  const SIGMA: usize = RHO + <usize>rank;
  const S: usize = SIGMA + <usize>rank;
  const finite = rank == 2 ? plus(times(g0, zero), times(g1, zero)) : times(g0, zero);
  const etaInput = get(lane, ETA_INPUT);

  if (!hidden) {
    let size = times(b0, b0);
    if (rank == 2) size = plus(size, times(b1, b1));
    const passed = watched ? observe(lane, t, tail, loss, size, finite) : i64x2.splat(-1);
    if (!moves) return true;
    const next0 = minus(b0, times(etaInput, g0));
    const next1 = minus(b1, times(etaInput, g1));
    if (i64x2.all_true(passed)) {
      put(lane, STATE, next0);
      if (rank == 2) put(lane, STATE + 1, next1);
      return true;
    }
    move(lane, STATE, next0, passed);
    if (rank == 2) move(lane, STATE + 1, next1, passed);
    return v128.any_true(passed);
  }

  const s = get(lane, S);
  const u00 = get(lane, STATE);
  const rho0 = get(lane, RHO);
  const sigma0 = get(lane, SIGMA);
  let u01 = zero;
  let u10 = zero;
  let u11 = zero;
  let rho1 = zero;
  let sigma1 = zero;
  // tr S + q = |U|² + s² + (|ρ|² + |σ|²)/m
  let size = plus(times(u00, u00), times(s, s));
  let thin = plus(times(rho0, rho0), times(sigma0, sigma0));
  if (rank == 2) {
    u01 = get(lane, STATE + 1);
    u10 = get(lane, STATE + 2);
    u11 = get(lane, STATE + 3);
    rho1 = get(lane, RHO + 1);
    sigma1 = get(lane, SIGMA + 1);
    size = plus(size, plus(times(u01, u01), plus(times(u10, u10), times(u11, u11))));
    thin = plus(thin, plus(times(rho1, rho1), times(sigma1, sigma1)));
  }
  size = plus(size, times(narrow, thin));
  const passed = watched ? observe(lane, t, tail, loss, size, finite) : i64x2.splat(-1);
  if (!moves) return true;
  const all = i64x2.all_true(passed);
  if (!all && !v128.any_true(passed)) return false;

  // U' = U − (η_W/m) ρgᵀ,  ρ' = ρ − η_v U g,  σ' = σ − η_W s g,  s' = s − (η_v/m) σ·g
  const etaOutput = get(lane, ETA_OUTPUT);
  const thinInput = times(etaInput, narrow);
  const change0 = times(thinInput, rho0);
  const change1 = times(thinInput, rho1);
  const pull = times(etaInput, s);
  let along0 = times(u00, g0); // (U g)_0
  let alongSigma = times(sigma0, g0);
  if (rank == 2) {
    along0 = plus(along0, times(u01, g1));
    alongSigma = plus(alongSigma, times(sigma1, g1));
  }
  const next00 = minus(u00, times(change0, g0));
  const nextRho0 = minus(rho0, times(etaOutput, along0));
  const nextSigma0 = minus(sigma0, times(pull, g0));
  const nextS = minus(s, times(times(etaOutput, narrow), alongSigma));
  if (all) {
    put(lane, STATE, next00);
    put(lane, RHO, nextRho0);
    put(lane, SIGMA, nextSigma0);
    put(lane, S, nextS);
    if (rank == 2) {
      put(lane, STATE + 1, minus(u01, times(change0, g1)));
      put(lane, STATE + 2, minus(u10, times(change1, g0)));
      put(lane, STATE + 3, minus(u11, times(change1, g1)));
      put(lane, RHO + 1, minus(rho1, times(etaOutput, plus(times(u10, g0), times(u11, g1)))));
      put(lane, SIGMA + 1, minus(sigma1, times(pull, g1)));
    }
    return true;
  }
  move(lane, STATE, next00, passed);
  move(lane, RHO, nextRho0, passed);
  move(lane, SIGMA, nextSigma0, passed);
  move(lane, S, nextS, passed);
  if (rank == 2) {
    move(lane, STATE + 1, minus(u01, times(change0, g1)), passed);
    move(lane, STATE + 2, minus(u10, times(change1, g0)), passed);
    move(lane, STATE + 3, minus(u11, times(change1, g1)), passed);
    const along1 = plus(times(u10, g0), times(u11, g1));
    move(lane, RHO + 1, minus(rho1, times(etaOutput, along1)), passed);
    move(lane, SIGMA + 1, minus(sigma1, times(pull, g1)), passed);
  }
  return true;
}

