import type { Connection } from "../../shared/connection.ts";
import type { SweepStatus__Output } from "../../shared/generated/phasesweep/v1/SweepStatus.ts";
import { call } from "../../shared/rpc.ts";
import { withCoordinator } from "../coordinator_client.ts";
import { requireSweep } from "../require_sweep.ts";
import { formatCount } from "../text/format.ts";
import { sweepStatusJson } from "../text/status_json.ts";

export interface ControlOptions extends Connection {
  readonly json?: boolean;
}

/** What is wanted of a sweep; what is not given stays as it is. */
export interface ControlWish {
  readonly control?: "running" | "paused" | "cancelled";
  readonly priority?: number;
}

/** Pauses, resumes, cancels or prioritises a sweep. */
export async function controlCommand(
  sweep: string,
  wish: ControlWish,
  { json, ...connection }: ControlOptions,
): Promise<void> {
  const status = await withCoordinator(connection, async (client) => {
    await requireSweep(client, sweep);
    return call<SweepStatus__Output>((callback) => client.Control({ sweep, ...wish }, callback));
  });
  if (json) {
    process.stdout.write(`${JSON.stringify(sweepStatusJson(status), null, 2)}\n`);
    return;
  }
  const { state, cellsDone, cells, priority } = status;
  process.stdout.write(
    `sweep ${sweep} is ${state}, priority ${priority}: ${formatCount(cellsDone)} of ${formatCount(cells)} cells are committed\n`,
  );
}
