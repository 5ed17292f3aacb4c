import type { Clock } from "../../shared/clock.ts";

/** A stream says something every 4 s: of one that is silent for so long somebody asks what is wrong. */
const SILENCE_MS = 8_000;
/** How long after an answer it is asked again. */
const AGAIN_MS = 2_000;

/** One who is waited for, and may stand still. */
export interface Listening {
  /** Something came. */
  heard(): void;
  /** Nothing is waited for any more. */
  end(): void;
}

/**
 * Calls `ask` whenever nothing was heard for SILENCE_MS, and again until something is. Silence alone
 * is no reason to give somebody up, as a loaded machine is silent too.
 */
export function listenFor(clock: Clock, ask: () => Promise<void>): Listening {
  let isOver = false;
  let cancel = () => {};
  const wait = (delay_ms: number) => {
    cancel();
    if (isOver) return;
    cancel = clock.after(delay_ms, async () => {
      const asked = cancel;
      await ask();
      // What was heard meanwhile has begun to wait by itself.
      if (cancel === asked) wait(AGAIN_MS);
    });
  };
  wait(SILENCE_MS);
  return {
    heard: () => wait(SILENCE_MS),
    end: () => {
      isOver = true;
      cancel();
    },
  };
}
