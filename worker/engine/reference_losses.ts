import type { Loss } from "../../shared/losses.ts";

/** ℓ(y, f) and its first two derivatives in f, written down as they stand in a textbook. */
export interface PlainLoss {
  value(y: number, f: number): number;
  slope(y: number, f: number): number;
  curvature(y: number, f: number): number;
}

/**
 * The losses of the reference engine. They rest on the platform's Math and share no code with the
 * engines they check. Overflow goes to Infinity; it is never clipped.
 */
export const PLAIN_LOSSES: Readonly<Record<Loss, PlainLoss>> = {
  exponential: {
    value: (y, f) => Math.exp(-y * f),
    slope: (y, f) => -y * Math.exp(-y * f),
    curvature: (y, f) => y * y * Math.exp(-y * f),
  },
  logistic: {
    // log(1 + e^−u), u = yf: the larger of 0 and −u is taken out, so that nothing overflows.
    value: (y, f) => Math.max(0, -y * f) + Math.log1p(Math.exp(-Math.abs(y * f))),
    // −y / (1 + e^u), where e^u = Infinity rightly gives 0.
    slope: (y, f) => -y / (1 + Math.exp(y * f)),
    curvature: (y, f) => {
      const t = Math.exp(-Math.abs(y * f));
      return (y * y * t) / ((1 + t) * (1 + t));
    },
  },
  squared: {
    value: (y, f) => (f - y) ** 2 / 2,
    slope: (y, f) => f - y,
    curvature: () => 1,
  },
};
