import { withCoordinator } from "../coordinator_client.ts";
import { requireSweep } from "../require_sweep.ts";
import { endText, followToEnd, type WatchOptions } from "../watch_sweep.ts";

/** Follows a sweep that somebody submitted, to its end. */
export async function watchCommand(sweep: string, options: WatchOptions): Promise<void> {
  await withCoordinator(options, (client) => requireSweep(client, sweep));
  const end = await followToEnd(sweep, options);
  process.stdout.write(
    options.json ? `${JSON.stringify({ sweep, ...end })}\n` : endText(sweep, end),
  );
}
