/** How fast somebody trained, over at least the seconds asked for. */
export interface Timing {
  readonly runs: number;
  readonly seconds: number;
}

/** Somebody who trains the workload. */
export interface Contender {
  readonly name: string;
  /** What it runs with: batch size, number format, version. */
  readonly setting: string;
  /** Largest relative error of any loss L(t) of the cases, against the reference. */
  readonly largestError: number;
  /** Share of runs with the phase that our engine finds: of the batch for C, of the cases else. */
  readonly samePhase: number;
  time(seconds: number): Promise<Timing> | Timing;
  close(): void;
}

/** One run with known losses. */
export interface Case {
  readonly seed: number;
  readonly learning_rate: number;
  /** L(t), t = 0 … T, correct to the last bit or so. */
  readonly losses: readonly number[];
  /** Index into PHASES, as our engine finds it. */
  readonly phase: number;
}

/** Largest |L − reference| / reference over the steps of all cases. losses: cases × (T + 1) */
export function largestRelativeError(
  cases: readonly Case[],
  losses: readonly ArrayLike<number>[],
): number {
  let largest = 0;
  cases.forEach((known, i) => {
    known.losses.forEach((truth, t) => {
      const error = Math.abs(losses[i]![t]! - truth) / truth;
      if (!(error <= largest)) largest = error;
    });
  });
  return largest;
}
