import { closeSync, fsyncSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../shared/clock.ts";
import { formatNumber, formatTable, median } from "./table.ts";
import { type TaskTurn, takeTurn, taskContenders, WATCHED } from "./task_contender.ts";

/** Shards a second, ours by that of the fastest peer. Reported, never enforced. */
const TARGET = 3;

const SYNCS = 500;
/** Bytes of each write of the sync loop: about a part of the smallest shard. */
const SYNC_BYTES = 2_000;

export interface OrchestratorOptions {
  readonly rounds: number;
  /** Tasks of a turn that are submitted at once. */
  readonly tasks: number;
  /** Tasks of a turn that are submitted one after another. */
  readonly singles: number;
}

interface Row {
  readonly name: string;
  readonly durability: string;
  readonly setting: string;
  readonly tasks_per_second: number;
  /** Our speed by its speed: the median over rounds, the least and the largest. */
  readonly ours_over_it: number;
  readonly least_ratio: number;
  readonly largest_ratio: number;
  readonly latency_ms: number;
  readonly latency_p99_ms: number;
}

export interface OrchestratorReport {
  readonly tasks: number;
  readonly rows: readonly Row[];
  /** Merging the results of all those shards, which comes after the last commit. */
  readonly merge_seconds: number;
  /** Time of the processor that our coordinator takes for a task, with metrics and log by without. */
  readonly watched_ratio: number;
  /** Writes of one process to one file, each synced: what the disk can do. */
  readonly syncs_per_second: number;
  readonly skipped: readonly string[];
}

/** No-op shards through our whole path and no-op tasks through those of others, in turns. */
export async function benchOrchestrator(options: OrchestratorOptions): Promise<OrchestratorReport> {
  const { contenders, skipped } = taskContenders();
  const turns: TaskTurn[][] = contenders.map(() => []);
  const syncs: number[] = [];
  for (let round = 0; round < options.rounds; round++) {
    process.stderr.write(`round ${round + 1} of ${options.rounds}\n`);
    for (const [i, contender] of contenders.entries()) {
      turns[i]!.push(await takeTurn(contender, options.tasks, options.singles));
    }
    syncs.push(syncsPerSecond());
  }
  const rows = contenders.map(({ name, durability }, i) => {
    const own = turns[i]!;
    const ratios = own.map(
      ({ tasks_per_second }, round) => turns[0]![round]!.tasks_per_second / tasks_per_second,
    );
    const latencies = own.flatMap(({ latencies_ms }) => latencies_ms).sort((a, b) => a - b);
    return {
      ...{ name, durability, setting: own[0]!.setting },
      tasks_per_second: median(own.map(({ tasks_per_second }) => tasks_per_second)),
      ours_over_it: median(ratios),
      least_ratio: Math.min(...ratios),
      largest_ratio: Math.max(...ratios),
      latency_ms: median(latencies),
      latency_p99_ms: latencies[Math.floor(0.99 * latencies.length)]!,
    };
  });
  return {
    tasks: options.tasks,
    rows,
    merge_seconds: median(turns[0]!.map(({ merge_seconds }) => merge_seconds!)),
    watched_ratio: ratioOfLeast(turns[contenders.findIndex(isWatched)]!, turns[0]!),
    syncs_per_second: median(syncs),
    skipped,
  };
}

function isWatched({ name }: { readonly name: string }): boolean {
  return name === WATCHED;
}

/** What else the machine does only ever adds, so the least of each is taken. */
function ratioOfLeast(watched: readonly TaskTurn[], plain: readonly TaskTurn[]): number {
  const least = (turns: readonly TaskTurn[]) =>
    Math.min(...turns.map(({ cpu_us_per_task }) => cpu_us_per_task!));
  return least(watched) / least(plain);
}

function syncsPerSecond(): number {
  const folder = mkdtempSync(join(tmpdir(), "phasesweep-bench-"));
  const file = openSync(join(folder, "syncs"), "w");
  const bytes = Buffer.alloc(SYNC_BYTES);
  const began_ms = systemClock.nowMs();
  for (let i = 0; i < SYNCS; i++) {
    writeSync(file, bytes);
    fsyncSync(file);
  }
  const elapsed_ms = systemClock.nowMs() - began_ms;
  closeSync(file);
  rmSync(folder, { recursive: true });
  return (1000 * SYNCS) / elapsed_ms;
}

export function formatOrchestratorReport(report: OrchestratorReport): string {
  const { rows, skipped, tasks, merge_seconds, syncs_per_second } = report;
  const table = rows.map((row) => [
    row.name,
    formatNumber(row.tasks_per_second),
    formatNumber(row.ours_over_it),
    `${formatNumber(row.least_ratio)} – ${formatNumber(row.largest_ratio)}`,
    formatNumber(row.latency_ms),
    formatNumber(row.latency_p99_ms),
    row.durability,
    row.setting,
  ]);
  const head = ["", "tasks/s", "ours/it", "min – max", "one ms", "p99", "durability", "setting"];
  const others = rows.slice(1).filter((row) => !isWatched(row));
  const peers = others.toSorted((a, b) => a.ours_over_it - b.ours_over_it);
  const durable = peers.filter(({ durability }) => durability.includes("fsync"));
  const verdict = ({ name, ours_over_it }: Row) =>
    `${formatNumber(ours_over_it)} × ${name} (target ${TARGET} ×: ${ours_over_it >= TARGET ? "met" : "missed"})`;
  return [
    formatTable([head, ...table], [0, 6, 7]),
    "",
    ...peers.slice(0, 1).map((peer) => `ours / fastest peer: ${verdict(peer)}`),
    ...durable.slice(0, 1).map((peer) => `ours / fastest durable peer: ${verdict(peer)}`),
    `merge of our ${formatNumber(tasks)} parts afterwards: ${formatNumber(merge_seconds)} s`,
    `one write and fsync after another on this disk: ${formatNumber(syncs_per_second)} a second`,
    `processor time of our coordinator with metrics and log, by without: ${formatNumber(report.watched_ratio)}`,
    ...skipped.map((line) => `skipped ${line}`),
  ].join("\n");
}
