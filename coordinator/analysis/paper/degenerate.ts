/**
 * Degenerate data, {(1, +1), (1, −1)} along one direction, where the loss is an even function of the
 * output x alone, so that |x| can be read off it:
 *
 *     exponential  L = cosh x
 *     logistic     L = log(2 cosh(x/2))
 *     squared      L = (x² + 1)/2
 */
import { exp, log } from "../../../shared/elementary.ts";
import type { Loss } from "../../../shared/losses.ts";

/** |x|, the size of the output that has a loss; 0 for one that rounding put below the least. */
export function outputOfLoss(loss: Loss, value: number): number {
  if (loss === "squared") return Math.sqrt(Math.max(0, 2 * value - 1));
  if (loss === "exponential") return acosh(value);
  // cosh(x/2) = e^L/2, and for a large L, x = 2 L.
  return value > 300 ? 2 * value : 2 * acosh(exp(value) / 2);
}

function acosh(c: number): number {
  if (!(c > 1)) return Number.isNaN(c) ? c : 0;
  // Beyond 1e150 the square would overflow, and 1 is nothing beside it.
  return c > 1e150 ? log(c) + log(2) : log(c + Math.sqrt(c * c - 1));
}

/**
 * η_critical of Theorem 1 for a linear predictor that starts at |w| on Example 1: 2 w/sinh w for
 * exponential loss, 4 w (1 + cosh w)/sinh w for logistic loss.
 */
export function criticalRate(loss: "exponential" | "logistic", w: number): number {
  const [up, down] = [exp(w), exp(-w)];
  const [sinh, cosh] = [(up - down) / 2, (up + down) / 2];
  return loss === "exponential" ? (2 * w) / sinh : (4 * w * (1 + cosh)) / sinh;
}
