import { DormandPrince, stepFactor } from "./dormand_prince.ts";
import { TopHessian } from "./hessian.ts";
import { initialState } from "./initial_state.ts";
import { EmpiricalLoss } from "./loss_functions.ts";
import type { StartRequest } from "./phase_oracle.ts";
import { rowSpan } from "./span.ts";

/** Local error of a step, relative: it adds up to below 1e-8 over the hundreds of steps. */
const STEP_TOLERANCE = 1e-11;

/** No step adds more than this fraction to the time, so that no crossing is stepped over. */
const GROWTH = 0.02;

/** Halvings of the step that holds the crossing: more than a double has digits. */
const BISECTIONS = 60;

/** A model under gradient flow dθ/dt = −∂L/∂θ, in coordinates of the data's span. */
interface Flow {
  readonly initial: Float64Array;
  derivative(state: Float64Array, out: Float64Array): void;
  /** Largest eigenvalue of the Hessian of L at a state. */
  topHessian(state: Float64Array): number;
}

/** 2/h at the start, the scale of the learning rates; 1 where h is not positive and finite. */
export function learningRateScale(start: StartRequest): number {
  const flow = createFlow(start);
  const scale = 2 / flow.topHessian(flow.initial);
  return scale > 0 && scale < Number.POSITIVE_INFINITY ? scale : 1;
}

/**
 * The curvature boundary: the smallest η with η·h = 2, where h is the top Hessian eigenvalue on the
 * gradient flow at time ηT. Null when there is none up to `learningRateMax`.
 * Errors: RangeError for a start that does not fit the width.
 */
export function curvatureBoundary(start: StartRequest, learningRateMax: number): number | null {
  const flow = createFlow(start);
  const solver = new DormandPrince((x, out) => flow.derivative(x, out), flow.initial.length);
  const reached = (t: number, state: Float64Array) =>
    (t / start.steps) * flow.topHessian(state) >= 2;

  const first = 1e-3 / flow.topHessian(flow.initial);
  if (!(first > 0 && first < Number.POSITIVE_INFINITY)) return null;
  const end = learningRateMax * start.steps;
  let x = flow.initial.slice();
  let next = new Float64Array(x.length);
  let t = 0;
  let dt = Math.min(first, end);
  while (t < end && t + dt > t) {
    const error = solver.step(x, dt, next);
    if (error <= STEP_TOLERANCE) {
      if (reached(t + dt, next)) {
        const within = crossing(dt, (part) => {
          solver.step(x, part, next);
          return reached(t + part, next);
        });
        return (t + within) / start.steps;
      }
      t += dt;
      [x, next] = [next, x];
    }
    const longest = Math.min(end - t, Math.max(GROWTH * t, first));
    dt = Math.min(dt * stepFactor(error, STEP_TOLERANCE), longest);
  }
  return null;
}

/** The part of a step at which `reached` turns true. */
function crossing(dt: number, reached: (part: number) => boolean): number {
  let low = 0;
  let high = dt;
  for (let i = 0; i < BISECTIONS; i++) {
    const middle = 0.5 * (low + high);
    if (reached(middle)) high = middle;
    else low = middle;
  }
  return high;
}

function createFlow(start: StartRequest): Flow {
  const { dataset, width, loss } = start;
  const span = rowSpan(dataset.X);
  const { rank, coordinates } = span;
  const samples = dataset.y.length;
  const initial = initialState(span, width, start.initial);
  const empirical = new EmpiricalLoss(coordinates, dataset.y, rank, loss);
  const hessian = new TopHessian(coordinates, samples, rank);
  return width === null
    ? predictorFlow(initial, empirical, hessian)
    : netFlow(initial, empirical, hessian, rank, 1 / width);
}

/** w' = −g, g = (1/n) Σ ℓ'_i z_i. State: w (r) */
function predictorFlow(initial: Float64Array, empirical: EmpiricalLoss, hessian: TopHessian): Flow {
  const g = new Float64Array(initial.length);
  return {
    initial,
    derivative(state, out) {
      empirical.evaluate(state, g);
      for (let j = 0; j < g.length; j++) out[j] = -g[j]!;
    },
    topHessian(state) {
      empirical.evaluate(state, g);
      return hessian.ofPredictor(empirical.curvatures());
    },
  };
}

/**
 * The limit η → 0 of the width-free step on the state [U, ρ, σ, s] of initial_state.ts:
 *
 *     U' = −ρ gᵀ/m     ρ' = −U g     σ' = −s g     s' = −σ·g/m
 */
function netFlow(
  initial: Float64Array,
  empirical: EmpiricalLoss,
  hessian: TopHessian,
  rank: number,
  inverseWidth: number,
): Flow {
  const rho = rank * rank;
  const sigma = rho + rank;
  const last = sigma + rank;
  const beta = new Float64Array(rank);
  const g = new Float64Array(rank);

  const evaluate = (state: Float64Array) => {
    for (let j = 0; j < rank; j++) {
      let sum = state[last]! * state[sigma + j]!;
      for (let k = 0; k < rank; k++) sum += state[k * rank + j]! * state[rho + k]!;
      beta[j] = sum; // β = Uᵀρ + sσ
    }
    empirical.evaluate(beta, g);
  };
  return {
    initial,
    derivative(state, out) {
      evaluate(state);
      let alongSigma = 0;
      for (let k = 0; k < rank; k++) {
        let along = 0;
        for (let j = 0; j < rank; j++) {
          along += state[k * rank + j]! * g[j]!;
          out[k * rank + j] = -inverseWidth * state[rho + k]! * g[j]!;
        }
        out[rho + k] = -along;
        out[sigma + k] = -state[last]! * g[k]!;
        alongSigma += state[sigma + k]! * g[k]!;
      }
      out[last] = -inverseWidth * alongSigma;
    },
    topHessian(state) {
      evaluate(state);
      const S = new Float64Array(rank * rank);
      let q = state[last]! * state[last]!;
      for (let i = 0; i < rank; i++) {
        for (let j = 0; j < rank; j++) {
          let sum = inverseWidth * state[sigma + i]! * state[sigma + j]!;
          for (let k = 0; k < rank; k++) sum += state[k * rank + i]! * state[k * rank + j]!;
          S[i * rank + j] = sum;
        }
        q += inverseWidth * state[rho + i]! * state[rho + i]!;
      }
      return hessian.ofNet(empirical.curvatures(), S, q, beta, g, inverseWidth);
    },
  };
}
