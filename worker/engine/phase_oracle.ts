import type { Phase } from "../../shared/phases.ts";
import { phasesOfRates, type TraceRequest } from "./gram.ts";

/**
 * The phases of one start at many learning rates, in their order. Whoever asks hands over as many
 * learning rates at once as can be had, so that a batch kernel may serve.
 */
export type PhaseOracle = (learning_rates: readonly number[]) => readonly Phase[];

/** What a run needs besides its learning rate and what is to be measured. */
export type StartRequest = Omit<TraceRequest, "learning_rate" | "snapshot_steps">;

/** Phases from the gram engine, many learning rates together. Errors: RangeError as `traceRun` throws. */
export function gramPhaseOracle(start: StartRequest): PhaseOracle {
  return (learning_rates) => phasesOfRates(start, learning_rates);
}
