import { exp, exp2, log } from "../../shared/elementary.ts";
import type { LearningRateAxis } from "../../shared/spec/axes.ts";

/** Learning rates on the lattice of log axes are looked for with this step, in octaves. */
const FINEST_OCTAVES = 2 ** -40;

/**
 * The learning rates that cut [low, high] into `parts` (a power of two) of equal length in log η,
 * without the ends. Between points of the lattice they are points of it, so other sweeps that come
 * by here have them too. Undefined where the interval is too short for doubles.
 */
export function cutInterval(
  low: number,
  high: number,
  parts: number,
): LearningRateAxis | undefined {
  const [from, to] = [latticeIndex(low), latticeIndex(high)];
  if (from !== undefined && to !== undefined) {
    const step = (to - from) / parts;
    // An axis counts in steps from η = 1, and its step is a power of two octaves.
    if (exp2(Math.round(Math.log2(step))) === step && Number.isInteger(from / step)) {
      return {
        scale: "log",
        octaves_per_step: step * FINEST_OCTAVES,
        first: from / step + 1,
        points: parts - 1,
      };
    }
  }
  const length = log(high / low);
  const values: number[] = [];
  for (let i = 1; i < parts; i++) {
    const value = low * exp(length * (i / parts));
    if (value > (values.at(-1) ?? low) && value < high) values.push(value);
  }
  return values.length === 0 ? undefined : { scale: "list", values };
}

/** Of a learning rate 2^(index · FINEST_OCTAVES); undefined for others. */
function latticeIndex(learning_rate: number): number | undefined {
  const index = Math.round(Math.log2(learning_rate) / FINEST_OCTAVES);
  return exp2(index * FINEST_OCTAVES) === learning_rate ? index : undefined;
}
