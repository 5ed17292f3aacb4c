import { EXIT_USAGE } from "./errors.ts";

/** How a process ended. */
export interface Death {
  /** Its signal or exit code, in words. */
  readonly how: string;
  /** It died of what it did, such as a fault of its own memory; killed from outside it did not. */
  readonly crashed: boolean;
}

/** Signals of a process that went wrong by itself. */
const CRASH_SIGNALS = ["SIGSEGV", "SIGABRT", "SIGBUS", "SIGILL", "SIGFPE", "SIGTRAP", "SIGSYS"];
/** How shells, and wrappers like them, tell SIGKILL and SIGTERM. */
const KILLED_CODES = [128 + 9, 128 + 15];

export function deathOf(code: number | null, signal: NodeJS.Signals | null): Death {
  if (signal !== null) return { how: signal, crashed: CRASH_SIGNALS.includes(signal) };
  const crashed = code !== null && code > EXIT_USAGE && !KILLED_CODES.includes(code);
  return { how: `exit code ${code}`, crashed };
}
