import { type Clock, sleep } from "../shared/clock.ts";
import { LinkError } from "./link_error.ts";

export const BACKOFF_MS_MIN = 200;

export interface Patience {
  readonly clock: Clock;
  /** The longest wait between two attempts. */
  readonly retry_ms_max: number;
  /** So long after the first attempt the error is thrown after all. */
  readonly connect_ms: number;
}

/**
 * Attempts something until it is done, while the line is what fails; undefined if it is not wanted
 * any more. `failed` hears of each failure that is followed by another attempt.
 * @throws what the attempt threw, if that is not the line or has gone on for too long
 */
export async function whileLineFails<T>(
  { clock, retry_ms_max, connect_ms }: Patience,
  isWanted: () => boolean,
  attempt: () => Promise<T>,
  failed: (error: LinkError) => void,
): Promise<T | undefined> {
  const began_ms = clock.nowMs();
  for (let backoff = BACKOFF_MS_MIN; isWanted(); backoff = Math.min(2 * backoff, retry_ms_max)) {
    try {
      return await attempt();
    } catch (error) {
      const passing = error instanceof LinkError && error.passing;
      if (!passing || clock.nowMs() - began_ms > connect_ms) throw error;
      failed(error);
      await sleep(clock, backoff);
    }
  }
  return undefined;
}
