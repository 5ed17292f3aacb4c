import { systemClock } from "../../shared/clock.ts";
import type { Connection } from "../../shared/connection.ts";
import { followSweep, withCoordinator } from "../coordinator_client.ts";
import { finished, fleetHardware, submitSweep } from "../submit_sweep.ts";
import { cachedText, formatCount } from "../text/format.ts";
import { ProgressDisplay } from "../text/progress.ts";

export interface SubmitOptions extends Connection {
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
  const display = new ProgressDisplay(process.stderr, systemClock, process.env);
  const status = await followSweep(options, sweep, (now) => display.show(now));
  display.end();
  const { resultsFolder: folder, resultsSha256: sha256 } = finished(status);
  process.stdout.write(
    json
      ? `${JSON.stringify({ ...about, folder, sha256 })}\n`
      : `sweep ${sweep} is done: ${folder} on the coordinator's machine, sha256 ${sha256}\n`,
  );
}
