/** dx/dt = F(x): writes F(x) into `out`. x, out: the dimension of the state */
export type VectorField = (x: Float64Array, out: Float64Array) => void;

/** Rows of the Butcher tableau below the first stage; the last row is the fifth-order solution. */
const STAGES: readonly (readonly number[])[] = [
  [1 / 5],
  [3 / 40, 9 / 40],
  [44 / 45, -56 / 15, 32 / 9],
  [19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729],
  [9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656],
  [35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84],
];

/** Fifth-order minus fourth-order weights: what the embedded pair takes for the local error. */
const ERROR_WEIGHTS: readonly number[] = [
  71 / 57600,
  0,
  -71 / 16695,
  71 / 1920,
  -17253 / 339200,
  22 / 525,
  -1 / 40,
];

/** Components this far below the largest one are measured against it rather than themselves. */
const SMALL = 1e-3;

/**
 * The explicit Runge–Kutta pair of orders 5 and 4 by Dormand and Prince (1980), for autonomous
 * systems. Holds no state between steps, so a step may be tried again with another length.
 */
export class DormandPrince {
  private readonly field: VectorField;
  private readonly slopes: readonly Float64Array[];
  private readonly point: Float64Array;

  constructor(field: VectorField, dimension: number) {
    this.field = field;
    this.slopes = ERROR_WEIGHTS.map(() => new Float64Array(dimension));
    this.point = new Float64Array(dimension);
  }

  /**
   * Writes the state `dt` later into `out` and returns the local error relative to the state;
   * NaN or Infinity if a value left the finite range. x, out: dimension (not the same array)
   */
  step(x: Float64Array, dt: number, out: Float64Array): number {
    const { slopes, point } = this;
    this.field(x, slopes[0]!);
    for (const [s, weights] of STAGES.entries()) {
      for (let i = 0; i < x.length; i++) {
        let sum = 0;
        for (let k = 0; k < weights.length; k++) sum += weights[k]! * slopes[k]![i]!;
        point[i] = x[i]! + dt * sum;
      }
      this.field(point, slopes[s + 1]!);
    }
    out.set(point); // the last stage is the solution ("first same as last")

    let largest = 0;
    for (let i = 0; i < x.length; i++) largest = Math.max(largest, Math.abs(x[i]!));
    let worst = 0;
    for (let i = 0; i < x.length; i++) {
      let error = 0;
      for (let k = 0; k < ERROR_WEIGHTS.length; k++) error += ERROR_WEIGHTS[k]! * slopes[k]![i]!;
      const scale = Math.max(Math.abs(x[i]!), Math.abs(out[i]!), SMALL * largest);
      worst = Math.max(worst, scale === 0 ? 0 : Math.abs(dt * error) / scale); // keeps a NaN
    }
    return worst;
  }
}

/** The factor by which to change a step of this error, for a method whose error falls as dt⁵. */
export function stepFactor(error: number, tolerance: number): number {
  if (!Number.isFinite(error)) return 0.1;
  return error === 0 ? 5 : Math.min(5, Math.max(0.1, 0.9 * (tolerance / error) ** 0.2));
}
