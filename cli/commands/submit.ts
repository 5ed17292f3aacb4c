import { systemClock } from "../../shared/clock.ts";
import type { Connection } from "../../shared/connection.ts";
import { EXIT_FAILURE, FailureError, UsageError } from "../../shared/errors.ts";
import type { CoordinatorClient } from "../../shared/generated/phasesweep/v1/Coordinator.ts";
import type { GetStatusResponse__Output } from "../../shared/generated/phasesweep/v1/GetStatusResponse.ts";
import type { SubmitResponse__Output } from "../../shared/generated/phasesweep/v1/SubmitResponse.ts";
import type { SweepStatus__Output } from "../../shared/generated/phasesweep/v1/SweepStatus.ts";
import { backendOf, FLOAT64_EXACT } from "../../shared/numeric_class.ts";
import { type Plan, serializePlan } from "../../shared/plan.ts";
import { call } from "../../shared/rpc.ts";
import { followSweep, withCoordinator } from "../coordinator_client.ts";
import { cachedText, formatCount } from "../format.ts";
import { type Hardware, loadPlan } from "../load_plan.ts";
import { mismatchText, ProgressDisplay } from "../progress.ts";
import { sendDatasets } from "../send_datasets.ts";

export interface SubmitOptions extends Connection {
  readonly watch?: boolean;
  readonly priority?: number;
  readonly json?: boolean;
}

/** Hands a sweep to a coordinator; with `watch`, follows it to its end. */
export async function submitCommand(sweepPath: string, options: SubmitOptions): Promise<void> {
  const { watch, json, priority } = options;
  const { plan, submitted } = await withCoordinator(options, async (client) => {
    const { plan, stored } = await loadPlan(sweepPath, () => fleetHardware(client));
    await requireKernelsKnown(client, plan);
    await sendDatasets(client, stored.all());
    const request = {
      planJson: serializePlan(plan),
      ...(priority === undefined ? {} : { priority }),
    };
    const submitted = await call<SubmitResponse__Output>((callback) =>
      client.Submit(request, callback),
    );
    return { plan, submitted };
  });
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

/** The last status of a sweep that has results. @throws FailureError if it has none */
function finished(status: SweepStatus__Output): SweepStatus__Output {
  const { sweep, state, error } = status;
  if (state === "cancelled") {
    throw new FailureError({
      place: sweep,
      problem: "it was cancelled",
      fix: "submit it again to go on from what is committed",
    });
  }
  if (state === "failed") {
    throw new FailureError({
      place: sweep,
      problem: `not every cell could be computed:\n  ${error}`,
      fix: "mend the cause and submit the sweep again: it goes on from what is there",
    });
  }
  if (error !== "") {
    process.stderr.write(`the results lack cells that could not be computed:\n  ${error}\n`);
    process.exitCode = EXIT_FAILURE;
  }
  process.stderr.write(mismatchText(status));
  return status;
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

/** Coordinators of the first release lease cells to workers of any kernels. @throws UsageError */
async function requireKernelsKnown(client: CoordinatorClient, plan: Plan): Promise<void> {
  const stated = plan.groups.find(({ kernel_version }) => kernel_version !== undefined);
  if (stated === undefined) return;
  const { version, protocol } = await call<GetStatusResponse__Output>((callback) =>
    client.GetStatus({}, callback),
  );
  if (protocol !== null) return;
  throw new UsageError({
    place: plan.name,
    problem: `its cells are of kernel version ${stated.kernel_version}, which a coordinator of version ${version} does not tell from others`,
    fix: "upgrade the coordinator first, then its workers",
  });
}
