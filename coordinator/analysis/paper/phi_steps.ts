/** The curves φ of the paper's proofs against the steps of runs on degenerate data. */
import { type PhiCurve, phi } from "../../../shared/phi.ts";
import { outputOfLoss } from "./degenerate.ts";
import type { Trajectory } from "./trajectories.ts";

/** One step of a run: where it began, what φ says there, and whether the loss rose. */
export interface PhiStep {
  /** |x|, the size of the output. */
  readonly x: number;
  /** φ(|x|), positive where a step raises the loss. */
  readonly phi: number;
  readonly rises: boolean;
}

/** The curve that holds at a step of a run; λ is 1 for the linear predictor. */
export function curveAt({ loss, learning_rate, width, ntk }: Trajectory, step: number): PhiCurve {
  const linear = width === null;
  return {
    loss,
    learning_rate,
    ntk: linear ? 1 : ntk[step]!,
    inverse_width: linear ? 0 : 1 / width,
  };
}

/**
 * The steps of a run on which φ and the change of the loss can be told from rounding: |φ| at least
 * 1e−6 |x| and x at least 1e−3, below which the loss no longer resolves x.
 */
export function phiSteps(run: Trajectory): PhiStep[] {
  return run.losses.slice(0, -1).flatMap((loss, step) => {
    const next = run.losses[step + 1]!;
    const x = outputOfLoss(run.loss, loss);
    const { phi: value } = phi(curveAt(run, step), x);
    if (!Number.isFinite(value) || !(Math.abs(value) >= 1e-6 * x) || !(x >= 1e-3)) return [];
    return [{ x, phi: value, rises: !(next <= loss) }];
  });
}

/**
 * The x > 0 nearest to 0 at which φ changes its sign in (0, limit], by bisection; or undefined. With
 * `upward`, only where it does so from below: x_* of the proof of Theorem 2, which parts Phase 1 from
 * Phase 2.
 */
export function firstRoot(
  curve: PhiCurve,
  limit: number,
  { upward = false }: { readonly upward?: boolean } = {},
): number | undefined {
  const points = 2000;
  const at = (x: number) => phi(curve, x).phi;
  for (let i = 1; i < points; i++) {
    let [low, high] = [(limit * i) / points, (limit * (i + 1)) / points];
    if (at(low) > 0 === at(high) > 0) continue;
    if (upward && at(low) > 0) return undefined;
    for (let halving = 0; halving < 60; halving++) {
      const middle = (low + high) / 2;
      if (at(middle) > 0 === at(low) > 0) low = middle;
      else high = middle;
    }
    return (low + high) / 2;
  }
  return undefined;
}

/** φ, or its derivative, at evenly spaced x in [0, limit]. */
export function phiPoints(
  curve: PhiCurve,
  limit: number,
  which: "phi" | "derivative",
): [number, number][] {
  return Array.from({ length: 161 }, (_, i) => {
    const x = (limit * i) / 160;
    return [x, phi(curve, x)[which]];
  });
}
