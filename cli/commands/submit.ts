import type { Connection } from "../../shared/connection.ts";
import { withCoordinator } from "../coordinator_client.ts";
import type { ProgressOptions } from "../progress/progress_display.ts";
import { fleetHardware, submitSweep } from "../submit_sweep.ts";
import { cachedText, formatCount } from "../text/format.ts";
import { endText, followToEnd } from "../watch_sweep.ts";

export interface SubmitOptions extends Connection, ProgressOptions {
  readonly watch?: boolean;
  readonly priority?: number;
  readonly json?: boolean;
}

/** Hands a sweep to a coordinator; with `watch`, follows it to its end. */
export async function submitCommand(sweepPath: string, options: SubmitOptions): Promise<void> {
  const { watch, json, priority } = options;
  const { plan, submitted } = await withCoordinator(options, (client) =>
    submitSweep(client, sweepPath, { priority, hardware: () => fleetHardware(client) }),
  );
  const { sweep, existing, cellsCached, notes } = submitted;
  for (const note of notes) process.stderr.write(`${note}\n`);
  const about = { sweep, existing, cells: plan.cells, cells_cached: cellsCached };
  if (cellsCached > 0 && !json) process.stdout.write(`${cachedText(cellsCached)}\n`);
  if (!watch) {
    const text = existing
      ? `sweep ${sweep} is there already`
      : `sweep ${sweep} submitted: ${formatCount(plan.cells)} cells`;
    process.stdout.write(`${json ? JSON.stringify(about) : text}\n`);
    return;
  }
  const end = await followToEnd(sweep, options);
  process.stdout.write(json ? `${JSON.stringify({ ...about, ...end })}\n` : endText(sweep, end));
}
