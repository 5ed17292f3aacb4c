import { systemClock } from "../../shared/clock.ts";

/**
 * Work of a fixed length: so many steps of a generator, each of which waits for the one before.
 * Returns how many milliseconds it took, and the last state, so that nobody can leave it out.
 */
export default function spin(steps: number): { elapsed_ms: number; state: number } {
  const began_ms = systemClock.nowMs();
  let state = 1;
  for (let i = 0; i < steps; i++) state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
  return { elapsed_ms: systemClock.nowMs() - began_ms, state };
}

const CALIBRATION_STEPS = 1e8;
const CALIBRATION_RUNS = 5;

/** Steps a millisecond of this machine when nobody disturbs it. */
export function stepsPerMs(): number {
  let fastest_ms = Number.POSITIVE_INFINITY;
  for (let i = 0; i < CALIBRATION_RUNS; i++) {
    fastest_ms = Math.min(fastest_ms, spin(CALIBRATION_STEPS).elapsed_ms);
  }
  return CALIBRATION_STEPS / fastest_ms;
}
