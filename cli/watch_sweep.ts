import { systemClock } from "../shared/clock.ts";
import { type Connection, connectionArgs } from "../shared/connection.ts";
import { EXIT_INTERRUPTED } from "../shared/errors.ts";
import { shellWord } from "../shared/shell_word.ts";
import { followSweep } from "./coordinator_client.ts";
import { ProgressDisplay, type ProgressOptions } from "./progress/progress_display.ts";
import { onSignals } from "./signals.ts";
import { finished } from "./submit_sweep.ts";

export interface WatchOptions extends Connection, ProgressOptions {
  readonly json?: boolean;
}

/** The merged results of a sweep. */
export interface SweepEnd {
  /** On the coordinator's machine. */
  readonly folder: string;
  readonly sha256: string;
}

/**
 * Follows a sweep to its end and shows its progress, for machines as lines of JSON on standard output.
 * @throws FailureError if it has no results
 */
export async function followToEnd(sweep: string, options: WatchOptions): Promise<SweepEnd> {
  const { json, ...shown } = options;
  const display = json
    ? new ProgressDisplay(process.stdout, systemClock, process.env, { ...shown, progress: "json" })
    : new ProgressDisplay(process.stderr, systemClock, process.env, shown);
  const ignoreSignals = onSignals(["SIGINT", "SIGTERM"], () => {
    display.end();
    process.stderr.write(goesOnText(sweep, options));
    process.exit(EXIT_INTERRUPTED);
  });
  try {
    const status = await followSweep(options, sweep, (now) => display.show(now));
    display.end();
    const { resultsFolder: folder, resultsSha256: sha256 } = finished(status);
    return { folder, sha256 };
  } finally {
    ignoreSignals();
    display.end();
  }
}

/** Whoever leaves is told that nothing ended, and how to come back. */
function goesOnText(sweep: string, options: Connection): string {
  const args = connectionArgs(options).map(shellWord).join(" ");
  return `sweep ${sweep} goes on without this command
  to follow it again: phasesweep watch ${sweep} ${args}
  to end it:          phasesweep cancel ${sweep} ${args}
`;
}

/** Where the results of a sweep are, for people. */
export function endText(sweep: string, { folder, sha256 }: SweepEnd): string {
  return `sweep ${sweep} is done: ${folder} on the coordinator's machine, sha256 ${sha256}\n`;
}
