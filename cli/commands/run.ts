import { randomBytes } from "node:crypto";
import { analyzeResults } from "../../coordinator/analysis/analyze.ts";
import { Coordinator } from "../../coordinator/coordinator.ts";
import { type CoordinatorServer, serveCoordinator } from "../../coordinator/rpc/server.ts";
import { RULES_COMMON } from "../../coordinator/state/state.ts";
import { FolderStorage } from "../../coordinator/storage.ts";
import { systemClock } from "../../shared/clock.ts";
import { EXIT_FAILURE, EXIT_INTERRUPTED, FailureError } from "../../shared/errors.ts";
import type { SweepStatus__Output } from "../../shared/generated/phasesweep/v1/SweepStatus.ts";
import { float32Class } from "../../shared/numeric_class.ts";
import { type Plan, serializePlan } from "../../shared/plan.ts";
import { shellWord } from "../../shared/shell_word.ts";
import type { BackendChoice } from "../backend_choice.ts";
import { watchSweep, withCoordinator } from "../coordinator_client.ts";
import type { RunDashboard, RunDashboardOptions } from "../dashboard/run_dashboard.ts";
import type { LoadedSweepFile } from "../load_plans.ts";
import { localProcesses } from "../local_processes.ts";
import { ProgressDisplay, type ProgressOptions } from "../progress/progress_display.ts";
import type { Among } from "../progress/progress_line.ts";
import type { ResultsPlace } from "../results_place.ts";
import { storeDatasets } from "../send_datasets.ts";
import { onSignals } from "../signals.ts";
import { startEngine } from "../start_engine.ts";
import { analysisJson, analysisText } from "../text/analysis_text.ts";
import { cachedText, formatCount, formatDuration } from "../text/format.ts";
import { mismatchText, phaseCounts } from "../text/status_text.ts";
import { WorkerProcesses } from "../worker_processes.ts";

export interface RunOptions extends ProgressOptions, RunDashboardOptions {
  readonly results?: string;
  readonly workers: number;
  readonly slots?: number;
  readonly backend: BackendChoice;
  readonly devices?: readonly string[];
  readonly retryFailed?: boolean;
  readonly json?: boolean;
}

const LEASE = { lease_ms: 10_000, renew_ms: 500 };
const RULES = {
  ...RULES_COMMON,
  lease_ms: LEASE.lease_ms,
  reconnect_ms: 3_000,
  shard_ms: 1_000,
  company_ms: 0,
  storage_patience_ms: 15_000,
};

/** How a run is shown beside others, and while it goes on. */
export interface ShownRun {
  readonly dashboard?: RunDashboard | undefined;
  /** Of several sweeps: which may be looked at for as long as somebody likes. */
  readonly isLast: boolean;
  /** How far all of several sweeps are. */
  readonly among?: (status: SweepStatus__Output) => Among | undefined;
}

export interface RunOutcome {
  readonly code: number;
  /** What was found, for machines; undefined where that was printed for people, or nothing was. */
  readonly document: object | undefined;
  /** Whether a signal asked for an end, in time or not. */
  readonly interrupted: boolean;
}

/**
 * The whole sweep on this machine: a coordinator on loopback in this process, workers in processes
 * of their own, results, boundaries and picture in one folder.
 */
export async function runSweep(
  { path, plan, stored, usable }: LoadedSweepFile,
  { folder, siblings }: ResultsPlace,
  options: RunOptions,
  shown: ShownRun,
): Promise<RunOutcome> {
  const planJson = serializePlan(plan);
  const classes = new Set(plan.groups.map(({ numeric_class }) => numeric_class));
  const hint = resumeHint(path, options.results === undefined ? undefined : folder);
  const display = new ProgressDisplay(process.stderr, systemClock, process.env, options);
  const began_ms = systemClock.nowMs();

  const storage = await FolderStorage.open(folder, true, { siblings });
  const monitor = shown.dashboard?.monitor;
  const coordinator = await Coordinator.open({
    ...{ storage, singleSweep: true, clock: systemClock, rules: RULES },
    observer: monitor?.prepare(storage),
  });
  monitor?.leads(coordinator, storage.journal.epoch);
  let workers: WorkerProcesses | undefined;
  let server: CoordinatorServer | undefined;
  let interrupted = false;
  let ignoreSignals = () => {};
  try {
    await storeDatasets(coordinator.datasets, stored.all());
    const { cellsCached, notes } = await coordinator.submit(planJson, {
      retry_failed: options.retryFailed === true,
    });
    for (const note of notes) display.note(note);
    if (cellsCached > 0) display.note(cachedText(cellsCached));
    server = await serveCoordinator(coordinator, "127.0.0.1", 0, LEASE);
    const { address } = server;
    const cellsBefore = coordinator.watch.status(plan.name)!.cellsDone ?? 0;
    if (Number(cellsBefore) > 0 && cellsCached === 0) {
      display.note(`${formatCount(Number(cellsBefore))} cells are there from before`);
    }

    const outcome = await withCoordinator({ coordinator: address }, async (client) => {
      return await new Promise<SweepStatus__Output | "interrupted">((resolve, reject) => {
        const startWorkers = () => {
          const backends = usable.filter((backend) => classes.has(float32Class(backend)));
          const local = localProcesses({ ...options, backends });
          // Before they are: a signal while processes are started must not leave them behind.
          ignoreSignals = onSignals(["SIGINT", "SIGTERM"], (signal, times) => {
            interrupted = true;
            if (times > 1) {
              workers?.kill();
              process.exit(EXIT_INTERRUPTED);
            }
            display.note(`${signal}: handing in what is finished; once more to stop at once`);
            workers!.drain(signal).then(() => resolve("interrupted"), reject);
          });
          workers = new WorkerProcesses({
            processes: local.map((args) => ["--coordinator", address, "--quiet", ...args]),
            name: `local-${randomBytes(4).toString("hex")}`,
            goesOn: false,
            onDeath: (worker, { how, crashed }) => coordinator.workerDied(worker, how, crashed),
            note: (line) => display.note(line),
            clock: systemClock,
          });
          workers.ended.then((givenUp) => {
            if (givenUp === undefined) return;
            const { problem } = givenUp;
            reject(new FailureError({ place: plan.name, problem, fix: hint }));
          });
        };
        watchSweep(client, plan.name, (status) => {
          // All of its cells may be there, and still call for more.
          if (status.state === "running" && workers === undefined) {
            try {
              startWorkers();
            } catch (error) {
              reject(error);
            }
          }
          display.show(status, shown.among?.(status));
        }).then(resolve, reject);
      });
    });
    display.end();
    if (outcome === "interrupted") {
      const { cellsDone = 0 } = coordinator.watch.status(plan.name)!;
      display.note(
        `${formatCount(Number(cellsDone))} of ${formatCount(plan.cells)} cells are kept in ${folder}; ${hint}`,
      );
      return { code: EXIT_INTERRUPTED, document: undefined, interrupted };
    }
    await workers?.drain("the sweep is over");
    if (outcome.state === "cancelled") {
      const problem = "it was cancelled; what is committed is kept";
      throw new FailureError({ place: folder, problem, fix: hint });
    }
    const cellsCopied = coordinator.cellsCopied(plan.name);
    if (outcome.state === "failed") {
      const problem = `not every cell could be computed:\n  ${outcome.error}`;
      const fix = `mend the cause; then ${hint}`;
      throw new FailureError({ place: folder, problem, fix });
    }
    const document = await report(folder, outcome, {
      elapsed_ms: systemClock.nowMs() - began_ms,
      // What rounds added may have been there in earlier sweeps, as the sweep's own cells.
      cells: Number(outcome.cells) - Number(cellsBefore) - (cellsCopied - cellsCached),
      cells_cached: cellsCopied,
      json: options.json === true,
      reproduces: plan.reproduces,
    });
    if (outcome.error !== "") {
      display.note(
        `the results lack cells that could not be computed:\n  ${outcome.error}\n  fix: mend the cause and run again with --retry-failed`,
      );
      return { code: EXIT_FAILURE, document, interrupted };
    }
    return { code: 0, document, interrupted };
  } finally {
    ignoreSignals();
    display.end();
    workers?.kill();
    const close = async () => {
      await monitor?.standsBy("the run is over");
      await (server ?? coordinator).close();
    };
    if (shown.isLast && !interrupted && shown.dashboard?.stays) shown.dashboard.keep(close);
    else await close();
  }
}

/** Prints the boundaries, and where everything is; for machines it gives that as a document. */
async function report(
  folder: string,
  status: SweepStatus__Output,
  run: {
    readonly elapsed_ms: number;
    readonly cells: number;
    readonly cells_cached: number;
    readonly json: boolean;
    readonly reproduces: Plan["reproduces"];
  },
): Promise<object | undefined> {
  const analysis = await analyzeResults(folder, startEngine(folder));
  const { plan } = analysis;
  // The cells that it asks for are the same with this key and without, so the folder's plan stays.
  if (plan.reproduces !== run.reproduces) {
    process.stderr.write(
      `${folder} was made by a sweep file that reproduces ${plan.reproduces ?? "nothing"}; to draw ${run.reproduces ?? "nothing"}, rename the folder beside where it is and run again: its cells are taken over\n`,
    );
  }
  if (run.json) {
    const { lazy, catapult, divergent, unsettled } = status.phases!;
    return {
      sweep: plan.name,
      cells: plan.cells,
      cells_computed: run.cells,
      cells_cached: run.cells_cached,
      elapsed_ms: Math.round(run.elapsed_ms),
      phases: { lazy, catapult, divergent, unsettled },
      duplicates: status.duplicates,
      mismatches: status.mismatches,
      mismatch_reports: status.mismatchReports,
      ...analysisJson(analysis, folder),
      results_sha256: status.resultsSha256,
    };
  }
  const rate =
    run.cells > 0 ? ` (${formatCount((1000 * run.cells) / run.elapsed_ms)} cells/s)` : "";
  process.stdout.write(
    `sweep ${plan.name}: ${formatCount(plan.cells)} cells, ${phaseCounts(status.phases)}\n` +
      `${formatCount(run.cells)} cells computed now, in ${formatDuration(run.elapsed_ms)}${rate}\n\n` +
      analysisText(analysis, folder, { results_sha256: status.resultsSha256 }),
  );
  process.stderr.write(mismatchText(status));
  return undefined;
}

function resumeHint(sweepPath: string, folder: string | undefined): string {
  const results = folder === undefined ? "" : ` --results ${shellWord(folder)}`;
  return `\`phasesweep run ${shellWord(sweepPath)}${results}\` goes on from there`;
}
