import { systemClock } from "../../shared/clock.ts";
import { EXIT_FAILURE, EXIT_INTERRUPTED, messageOf } from "../../shared/errors.ts";
import { RunDashboard } from "../dashboard/run_dashboard.ts";
import { usableBackends } from "../devices.ts";
import { type LoadedSweepFile, loadPlans } from "../load_plans.ts";
import { localProcesses } from "../local_processes.ts";
import { SeveralSweeps } from "../progress/several_sweeps.ts";
import { resultsPlace } from "../results_place.ts";
import { formatDuration } from "../text/format.ts";
import { type RunOptions, type RunOutcome, runSweep } from "./run.ts";

/**
 * Runs sweep files one after another, each into a folder of its own; nothing runs unless all of them
 * are sound. One that fails does not keep the others back, but the exit code is then that of a
 * failure. Resolves with the exit code.
 */
export async function runCommand(paths: readonly string[], options: RunOptions): Promise<number> {
  const began_ms = systemClock.nowMs();
  const sweeps = await loadPlans(paths, async () => ({
    backends: await usableBackends(options.backend),
    hasCpu: options.slots !== 0,
  }));
  // What computes nothing is refused before a folder is made.
  for (const { usable } of sweeps) localProcesses({ ...options, backends: usable });
  const note = (line: string) => process.stderr.write(`${line}\n`);
  const dashboard = await RunDashboard.open(options, note);
  try {
    const [sweep] = sweeps as [LoadedSweepFile];
    const code =
      sweeps.length === 1
        ? await runOne(sweep, options, dashboard)
        : await runSeveral(sweeps, options, dashboard, began_ms);
    await dashboard?.stay(note);
    return code;
  } catch (error) {
    if (dashboard?.stays) note(messageOf(error));
    await dashboard?.stay(note);
    throw error;
  } finally {
    await dashboard?.close();
  }
}

async function runOne(
  sweep: LoadedSweepFile,
  options: RunOptions,
  dashboard: RunDashboard | undefined,
): Promise<number> {
  const place = resultsPlace(sweep.plan, options.results);
  const outcome = await runSweep(sweep, place, options, { dashboard, isLast: true });
  if (outcome.document !== undefined) printJson(outcome.document);
  return outcome.code;
}

async function runSeveral(
  sweeps: readonly LoadedSweepFile[],
  options: RunOptions,
  dashboard: RunDashboard | undefined,
  began_ms: number,
): Promise<number> {
  const among = sweeps.length;
  const documents: object[] = [];
  const several = new SeveralSweeps(
    sweeps.map(({ plan }) => plan.cells),
    systemClock,
  );
  const codes: { readonly name: string; readonly code: number }[] = [];
  for (const [index, sweep] of sweeps.entries()) {
    const { name } = sweep.plan;
    process.stderr.write(`sweep ${index + 1} of ${among}: ${name} (${sweep.path})\n`);
    const place = resultsPlace(sweep.plan, options.results, { among });
    const isLast = index === among - 1;
    let outcome: RunOutcome;
    try {
      outcome = await runSweep(sweep, place, options, {
        ...{ dashboard, isLast },
        among: (status) => several.among(index, status),
      });
    } catch (error) {
      process.stderr.write(`${messageOf(error)}\n`);
      const document = { sweep: name, error: messageOf(error) };
      outcome = { code: EXIT_FAILURE, document, interrupted: false };
    }
    if (outcome.document !== undefined) documents.push(outcome.document);
    codes.push({ name, code: outcome.code });
    if (outcome.interrupted && (outcome.code === EXIT_INTERRUPTED || !isLast)) {
      if (options.json) printJson(documents);
      return EXIT_INTERRUPTED;
    }
    if (!options.json) process.stdout.write("\n");
  }
  if (options.json) printJson(documents);
  const failed = codes.filter(({ code }) => code !== 0).map(({ name }) => name);
  const done = `${among - failed.length} of ${among} sweeps are done, in ${formatDuration(systemClock.nowMs() - began_ms)}`;
  process.stderr.write(
    failed.length === 0 ? `${done}\n` : `${done}; failed: ${failed.join(", ")}\n`,
  );
  return failed.length === 0 ? 0 : EXIT_FAILURE;
}

function printJson(document: object): void {
  process.stdout.write(`${JSON.stringify(document, null, 2)}\n`);
}
