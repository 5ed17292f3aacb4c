import { resolve } from "node:path";
import { type Clock, sleep, systemClock } from "../../shared/clock.ts";
import { EXIT_FAILURE, EXIT_INTERRUPTED, UsageError } from "../../shared/errors.ts";
import type { SweepStatus__Output } from "../../shared/generated/phasesweep/v1/SweepStatus.ts";
import { backendOf } from "../../shared/numeric_class.ts";
import { type Plan, planDigest } from "../../shared/plan.ts";
import { shellWord } from "../../shared/shell_word.ts";
import { explainFailure, failureText, printFailure } from "../failure/explain_failure.ts";
import { loadPlan } from "../load_plan.ts";
import { ProgressDisplay } from "../progress/progress_display.ts";
import { resultsPlace } from "../results_place.ts";
import { onSignals } from "../signals.ts";
import { dryRun } from "../slurm/dry_run.ts";
import type { Fleet, JobRole } from "../slurm/fleet.ts";
import { fleetId, newFleetId, prepareFolder, readOutcomes } from "../slurm/fleet_folder.ts";
import { FleetKeeper } from "../slurm/fleet_keeper.ts";
import { fleetOf, type SlurmOptions } from "../slurm/fleet_options.ts";
import { followFleet } from "../slurm/follow_fleet.ts";
import { queueText } from "../slurm/queue.ts";
import { Slurm } from "../slurm/slurm.ts";
import { finished } from "../submit_sweep.ts";

/** Jobs have so long to leave by themselves when the sweep is done. */
const LEAVING_MS = 30_000;
const LOOK_MS = 1_000;

/** Computes a sweep on a Slurm cluster: starts the jobs, follows the sweep, and ends them. */
export async function slurmCommand(sweepPath: string, options: SlurmOptions): Promise<number> {
  const { plan } = await loadPlan(sweepPath, async () => ({ backends: [], hasCpu: true }));
  const results = resolve(resultsPlace(plan, options.results).folder);
  const there = fleetId(results);
  const fleet = fleetOf(options, results, there ?? newFleetId());
  if (options.dryRun) {
    process.stdout.write(dryRun(fleet, options.json === true));
    return 0;
  }
  const slurm = new Slurm();
  await slurm.check();
  if (options.cancel) {
    if (there !== undefined) return cancel(slurm, fleet, options.json === true);
    const problem = "`phasesweep slurm` has started nothing for this folder";
    throw new UsageError({ place: results, problem, fix: "give the folder with --results" });
  }
  const ended = readOutcomes(results)?.find(({ sweep }) => sweep === plan.name);
  const isDone = ended?.state === "done" && ended.error === "";
  if (isDone && ended.planDigest === planDigest(plan)) return tell(plan, ended, options);

  const roles: JobRole[] = ["coordinator", "cpu", "gpu"];
  prepareFolder(fleet, roles, systemClock.wallMs());
  return follow(sweepPath, plan, fleet, slurm, options);
}

async function follow(
  sweepPath: string,
  plan: Plan,
  fleet: Fleet,
  slurm: Slurm,
  options: SlurmOptions,
): Promise<number> {
  const display = new ProgressDisplay(process.stderr, systemClock, process.env, options);
  const needsDevices = plan.groups.some(
    ({ numeric_class }) => backendOf(numeric_class) !== undefined,
  );
  if (fleet.gpuTasks > 0 && !needsDevices) {
    display.note("no cell of this sweep is in float32, so GPU tasks compute on their cores");
  }
  const keeper = new FleetKeeper({
    fleet,
    slurm,
    clock: systemClock,
    note: (line) => display.note(line),
    firstWorkers: needsDevices && fleet.gpuTasks > 0 ? "gpu" : undefined,
  });
  onSignals(["SIGINT", "SIGTERM"], () => {
    display.end();
    process.stderr.write(comeBack(sweepPath, fleet, options));
    process.exit(EXIT_INTERRUPTED);
  });
  let status: SweepStatus__Output;
  try {
    await keeper.start();
    const followed = followFleet({
      ...{ fleet, sweepPath, sweep: plan.name },
      ...{ keeper, display, clock: systemClock },
    });
    status = await Promise.race([followed, keeper.failed]);
  } catch (error) {
    display.end();
    if (error instanceof UsageError) throw error;
    process.stderr.write(failureText(explainFailure(error)));
    if (options.json) printFailure(error);
    // There may be lines to a coordinator that nobody waits for any more.
    process.exit(EXIT_FAILURE);
  }
  await keeper.stop();
  display.end();
  if (!fleet.keep) await leave(slurm, fleet, systemClock);
  return tell(plan, status, options);
}

/** Jobs leave when the sweep is done; whatever does not is ended. */
async function leave(slurm: Slurm, fleet: Fleet, clock: Clock): Promise<void> {
  // A job that ends by itself meanwhile is an error to scancel, and is what is wanted.
  await slurm.cancelWaiting(fleet).catch(() => {});
  for (const began_ms = clock.nowMs(); clock.nowMs() - began_ms < LEAVING_MS; ) {
    const queue = await slurm.queue(fleet);
    // What Slurm is still tidying up needs nobody.
    if (queue.every(({ state }) => state === "COMPLETING")) return;
    await sleep(clock, LOOK_MS);
  }
  await slurm.cancel(await slurm.queue(fleet)).catch(() => {});
}

async function cancel(slurm: Slurm, fleet: Fleet, json: boolean): Promise<number> {
  const queue = await slurm.queue(fleet);
  await slurm.cancel(queue);
  if (json) {
    const cancelled = queue.map(({ id, role, state }) => ({ job: id, role, state }));
    process.stdout.write(`${JSON.stringify({ folder: fleet.results, cancelled }, null, 2)}\n`);
    return 0;
  }
  process.stdout.write(
    queue.length === 0
      ? `no job of ${fleet.results} is in the queue\n`
      : `ended ${queueText(queue)}; what is committed stays in ${fleet.results}\n`,
  );
  return 0;
}

function comeBack(sweepPath: string, fleet: Fleet, options: SlurmOptions): string {
  const results = options.results === undefined ? "" : ` --results ${shellWord(options.results)}`;
  const again = `phasesweep slurm ${shellWord(sweepPath)}${results}`;
  return `The jobs go on, write to ${fleet.results}, and leave by themselves when the sweep is done.
  to follow it again, and start what is missing then: ${again}, with the options of before
  to end the jobs: ${again} --cancel
`;
}

/** Says how the sweep ended. @throws FailureError if it has no results */
function tell(plan: Plan, status: SweepStatus__Output, { json }: SlurmOptions): number {
  const { error, resultsFolder: folder, resultsSha256: sha256 } = finished(status);
  process.stdout.write(
    json
      ? `${JSON.stringify({ sweep: plan.name, cells: status.cells, folder, sha256 })}\n`
      : `sweep ${plan.name} is done: ${folder}, sha256 ${sha256}\n  boundaries and figures: phasesweep analyze ${shellWord(folder)}\n`,
  );
  return error === "" ? 0 : EXIT_FAILURE;
}
