import { spawnSync } from "node:child_process";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { systemClock } from "../../shared/clock.ts";
import { benchDashboard, formatDashboardReport } from "./dashboard.ts";
import { benchDense, formatDenseReport } from "./dense.ts";
import { benchEfficiency, formatEfficiencyReport } from "./efficiency.ts";
import { endToEnd, watchSweepFile } from "./end_to_end.ts";
import { benchGpu, formatGpuReport } from "./gpu.ts";
import { benchGrowth, formatGrowthReport, measureGrowthPoint } from "./growth.ts";
import { benchJournal, formatJournalReport } from "./journal.ts";
import { benchKernel, formatKernelReport } from "./kernel.ts";
import { benchMap, formatMapReport } from "./map.ts";
import { benchMixedFleet, formatMixedReport } from "./mixed_fleet.ts";
import { benchOrchestrator, formatOrchestratorReport } from "./orchestrator.ts";
import { benchRestart, formatRestartReport } from "./restart.ts";
import { benchScheduler, formatSchedulerReport } from "./scheduler.ts";
import { benchView, formatViewReport } from "./view.ts";

const USAGE = `usage: npm run bench -- [kernel] [--rounds N] [--seconds S] [--json]
       npm run bench -- growth [--large] [--json]
       npm run bench -- dense [--json]
       npm run bench -- gpu [--json]
       npm run bench -- mixed [--seeds N] [--json]
       npm run bench -- scheduler [--json]
       npm run bench -- restart [--json]
       npm run bench -- journal [--rounds N] [--seconds S] [--json]
       npm run bench -- end-to-end [--cells N] [--json]
       npm run bench -- end-to-end SWEEP.yaml RESULTS_DIR
       npm run bench -- map [--cells N] [--json]
       npm run bench -- dashboard [--json]
       npm run bench -- view [--json]
       npm run bench -- orchestrator [--rounds N] [--tasks N] [--singles N] [--json]
       npm run bench -- efficiency [--rounds N] [--shards N] [--json]`;

const PINNED = "PHASESWEEP_BENCH_PINNED";

/**
 * Starts this program again on one core, the last one, where taskset is there to do it; children
 * stay on that core. Returns the exit status, or null when it is pinned already or cannot be.
 */
function runPinned(): number | null {
  if (process.env[PINNED] !== undefined) return null;
  const core = String(availableParallelism() - 1);
  const script = fileURLToPath(import.meta.url);
  const { error, status } = spawnSync(
    "taskset",
    ["-c", core, process.execPath, script, ...process.argv.slice(2)],
    { stdio: "inherit", env: { ...process.env, [PINNED]: "1" } },
  );
  if (error === undefined) return status;
  process.stderr.write("no taskset: not pinned to a core\n");
  return null;
}

async function main(): Promise<void> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      rounds: { type: "string" },
      seconds: { type: "string", default: "0.4" },
      large: { type: "boolean", default: false },
      tasks: { type: "string", default: "20000" },
      shards: { type: "string", default: "200" },
      singles: { type: "string", default: "200" },
      cells: { type: "string", default: "1000000" },
      seeds: { type: "string", default: "6000" },
      json: { type: "boolean", default: false },
    },
  });
  const print = (report: unknown, table: string): void => {
    process.stdout.write(`${values.json ? JSON.stringify(report, null, 2) : table}\n`);
  };
  const command = positionals[0] ?? "kernel";
  if (command === "kernel") {
    const options = { rounds: Number(values.rounds ?? 7), seconds: Number(values.seconds) };
    const report = await benchKernel(options);
    print(report, formatKernelReport(report));
  } else if (command === "growth") {
    const rows = benchGrowth(fileURLToPath(import.meta.url), values.large);
    print(rows, formatGrowthReport(rows));
  } else if (command === "dense") {
    const report = await benchDense(() => systemClock.nowMs());
    print(report, formatDenseReport(report));
  } else if (command === "mixed") {
    const report = benchMixedFleet(Number(values.seeds));
    print(report, formatMixedReport(report));
  } else if (command === "dashboard") {
    const report = await benchDashboard();
    print(report, formatDashboardReport(report));
  } else if (command === "view") {
    const rows = await benchView();
    print(rows, formatViewReport(rows));
    // A coordinator whose merge never ends.
    process.exit(0);
  } else if (command === "gpu") {
    const report = await benchGpu(() => systemClock.nowMs());
    print(report, formatGpuReport(report));
  } else if (command === "scheduler") {
    const sizes = [
      [10, 1e6],
      [100, 1e7],
      [1_000, 1e8],
      [10_000, 1e9],
    ] as const;
    const rows = sizes.map(([workers, cells]) => benchScheduler(workers, cells, 60_000));
    print(rows, formatSchedulerReport(rows));
  } else if (command === "restart") {
    const rows = [];
    for (const parts of [1e3, 1e4, 1e5, 1e6]) rows.push(await benchRestart(parts));
    print(rows, formatRestartReport(rows));
  } else if (command === "journal") {
    const rows = await benchJournal(Number(values.rounds ?? 5), Number(values.seconds));
    print(rows, formatJournalReport(rows));
  } else if (command === "end-to-end") {
    const [, sweep, results] = positionals;
    const report =
      sweep !== undefined && results !== undefined
        ? await watchSweepFile(sweep, results)
        : await endToEnd(Number(values.cells));
    process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
  } else if (command === "map") {
    const report = await benchMap(Number(values.cells), () => systemClock.nowMs());
    print(report, formatMapReport(report));
  } else if (command === "orchestrator") {
    const rounds = Number(values.rounds ?? 5);
    const options = { rounds, tasks: Number(values.tasks), singles: Number(values.singles) };
    const report = await benchOrchestrator(options);
    print(report, formatOrchestratorReport(report));
  } else if (command === "efficiency") {
    const options = { rounds: Number(values.rounds ?? 5), shards: Number(values.shards) };
    const report = await benchEfficiency(options);
    print(report, formatEfficiencyReport(report));
  } else if (command === "growth-point") {
    measureGrowthPoint(positionals[1]!);
  } else {
    process.stderr.write(`${USAGE}\n`);
    process.exitCode = 2;
  }
}

/** A whole run uses every core; the other commands compare one. */
const WHOLE_MACHINE = [
  "dashboard",
  "end-to-end",
  "journal",
  "map",
  "mixed",
  "orchestrator",
  "efficiency",
  "view",
];
const status = WHOLE_MACHINE.includes(process.argv[2] ?? "") ? null : runPinned();
if (status === null) await main();
else process.exitCode = status;
