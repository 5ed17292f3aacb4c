import { systemClock } from "../../shared/clock.ts";
import { EXIT_FAILURE, FailureError } from "../../shared/errors.ts";
import type { CoordinatorClient } from "../../shared/generated/phasesweep/v1/Coordinator.ts";
import type { GetStatusResponse__Output } from "../../shared/generated/phasesweep/v1/GetStatusResponse.ts";
import type { SubmitResponse__Output } from "../../shared/generated/phasesweep/v1/SubmitResponse.ts";
import { backendOf, FLOAT64_EXACT } from "../../shared/numeric_class.ts";
import { serializePlan } from "../../shared/plan.ts";
import { call } from "../../shared/rpc.ts";
import { watchSweep, withCoordinator } from "../coordinator_client.ts";
import { cachedText, formatCount } from "../format.ts";
import { type Hardware, loadPlan } from "../load_plan.ts";
import { mismatchText, ProgressDisplay } from "../progress.ts";
import { sendDatasets } from "../send_datasets.ts";

export interface SubmitOptions {
  readonly coordinator: string;
  readonly watch?: boolean;
  readonly priority?: number;
  readonly json?: boolean;
}

/** Hands a sweep to a coordinator; with `watch`, follows it to its end. */
export async function submitCommand(sweepPath: string, options: SubmitOptions): Promise<void> {
  const priority = options.priority === undefined ? {} : { priority: options.priority };
  await withCoordinator(options.coordinator, async (client) => {
    const { plan, stored } = await loadPlan(sweepPath, () => fleetHardware(client));
    const planJson = serializePlan(plan);
    await sendDatasets(client, stored.all());
    const { sweep, existing, cellsCached, notes } = await call<SubmitResponse__Output>((callback) =>
      client.Submit({ planJson, ...priority }, callback),
    );
    for (const note of notes) process.stderr.write(`${note}\n`);
    const about = { sweep, existing, cells: plan.cells, cells_cached: cellsCached };
    if (cellsCached > 0 && !options.json) process.stdout.write(`${cachedText(cellsCached)}\n`);
    if (!options.watch) {
      const text = existing
        ? `sweep ${sweep} is there already`
        : `sweep ${sweep} submitted: ${formatCount(plan.cells)} cells`;
      process.stdout.write(`${options.json ? JSON.stringify(about) : text}\n`);
      return;
    }
    const display = new ProgressDisplay(process.stderr, systemClock, process.env);
    const status = await watchSweep(client, sweep, (now) => display.show(now));
    display.end();
    if (status.state === "cancelled") {
      throw new FailureError({
        place: sweep,
        problem: "it was cancelled",
        fix: "submit it again to go on from what is committed",
      });
    }
    if (status.state === "failed") {
      throw new FailureError({
        place: sweep,
        problem: `not every cell could be computed:\n  ${status.error}`,
        fix: "mend the cause and submit the sweep again: it goes on from what is there",
      });
    }
    if (status.error !== "") {
      process.stderr.write(
        `the results lack cells that could not be computed:\n  ${status.error}\n`,
      );
      process.exitCode = EXIT_FAILURE;
    }
    process.stderr.write(mismatchText(status));
    const { resultsFolder: folder, resultsSha256: sha256 } = status;
    process.stdout.write(
      options.json
        ? `${JSON.stringify({ ...about, folder, sha256 })}\n`
        : `sweep ${sweep} is done: ${folder} on the coordinator's machine, sha256 ${sha256}\n`,
    );
  });
}

/** What the workers that are connected compute on: the fleet that is there fixes the classes. */
async function fleetHardware(client: CoordinatorClient): Promise<Hardware> {
  const { workers } = await call<GetStatusResponse__Output>((callback) =>
    client.GetStatus({}, callback),
  );
  const connected = workers.filter((worker) => worker.connected);
  const classes = new Set(connected.flatMap((worker) => worker.numericClasses));
  const backends = [...classes].map(backendOf).filter((backend) => backend !== undefined);
  return { backends, hasCpu: connected.length === 0 || classes.has(FLOAT64_EXACT) };
}
