import { EXIT_FAILURE, FailureError, UsageError } from "../shared/errors.ts";
import type { CoordinatorClient } from "../shared/generated/phasesweep/v1/Coordinator.ts";
import type { GetStatusResponse__Output } from "../shared/generated/phasesweep/v1/GetStatusResponse.ts";
import type { SubmitResponse__Output } from "../shared/generated/phasesweep/v1/SubmitResponse.ts";
import type { SweepStatus__Output } from "../shared/generated/phasesweep/v1/SweepStatus.ts";
import { backendOf, FLOAT64_EXACT } from "../shared/numeric_class.ts";
import { type Plan, serializePlan } from "../shared/plan.ts";
import { call } from "../shared/rpc.ts";
import { type Hardware, loadPlan } from "./load_plan.ts";
import { sendDatasets } from "./send_datasets.ts";
import { mismatchText } from "./text/status_text.ts";

/** Hands the sweep of a file to a coordinator, with the data sets that it lacks. @throws UsageError */
export async function submitSweep(
  client: CoordinatorClient,
  sweepPath: string,
  {
    priority,
    hardware,
  }: { readonly priority?: number | undefined; readonly hardware: () => Promise<Hardware> },
): Promise<{ readonly plan: Plan; readonly submitted: SubmitResponse__Output }> {
  const { plan, stored } = await loadPlan(sweepPath, hardware);
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
}

/** The last status of a sweep that has results. @throws FailureError if it has none */
export function finished(status: SweepStatus__Output): SweepStatus__Output {
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
export async function fleetHardware(client: CoordinatorClient): Promise<Hardware> {
  const { workers } = await call<GetStatusResponse__Output>((callback) =>
    client.GetStatus({}, callback),
  );
  return hardwareOf(workers);
}

/** What some workers compute on, as far as they are connected. */
export function hardwareOf(
  workers: readonly { readonly connected: boolean; readonly numericClasses: readonly string[] }[],
): Hardware {
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
