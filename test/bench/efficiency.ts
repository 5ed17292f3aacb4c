import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { systemClock } from "../../shared/clock.ts";
import { Fleet } from "./fleet.ts";
import { stepsPerMs } from "./spin.ts";
import { formatNumber, formatTable, median } from "./table.ts";

/** Time of the plain loop by our time. Reported, never enforced. */
const TARGET = 0.95;

/** Workers of one slot each, and processes of the plain loop. */
const WORKERS = 2;
const SHARD_MS = 100;
/** The first shard of a worker has so many cells: they take SHARD_MS, so that all others do too. */
const SHARD_CELLS = 64;

export interface EfficiencyOptions {
  readonly rounds: number;
  readonly shards: number;
}

export interface EfficiencyReport {
  /** Shards' worth of work; the scheduler cuts a few more, as the last ones are smaller. */
  readonly shards: number;
  readonly ours_ms: number;
  readonly loop_ms: number;
  /** loop / ours of the same round. */
  readonly efficiencies: readonly number[];
  /** The share of our time that the slots computed, whatever slowed them. */
  readonly busy: readonly number[];
}

/**
 * A sweep on two local workers beside the same work in two plain loops, in turns. Both are up and
 * warm before the time starts; ours ends with the last durable commit.
 */
export async function benchEfficiency(options: EfficiencyOptions): Promise<EfficiencyReport> {
  const { rounds, shards } = options;
  const shardSteps = Math.round(SHARD_MS * stepsPerMs());
  const fleet = await Fleet.start({
    shard_ms: SHARD_MS,
    leases_per_slot: 2,
    oneAtATime: false,
    workers: WORKERS,
    slots: 1,
    script: fileURLToPath(new URL("./spin_worker.js", import.meta.url)),
    args: [String(Math.round(shardSteps / SHARD_CELLS))],
  });
  const ours: number[] = [];
  const busy: number[] = [];
  const loops: number[] = [];
  try {
    await fleet.sweep(10, SHARD_CELLS); // warms up
    for (let round = 0; round < rounds; round++) {
      process.stderr.write(`round ${round + 1} of ${rounds}\n`);
      const { committed_ms, compute_ms } = await fleet.sweep(shards, SHARD_CELLS);
      ours.push(committed_ms);
      busy.push(compute_ms / (WORKERS * committed_ms));
      loops.push(await plainLoopMs(shards, shardSteps));
    }
  } finally {
    await fleet.close();
  }
  return {
    shards,
    ours_ms: median(ours),
    loop_ms: median(loops),
    efficiencies: ours.map((own_ms, round) => loops[round]! / own_ms),
    busy,
  };
}

async function plainLoopMs(shards: number, steps: number): Promise<number> {
  const script = fileURLToPath(new URL("./spin_loop.js", import.meta.url));
  const loops: ChildProcess[] = [];
  for (let i = 0; i < WORKERS; i++) {
    const loop = fork(script, [String(shards / WORKERS), String(steps)]);
    await once(loop, "message");
    loops.push(loop);
  }
  const began_ms = systemClock.nowMs();
  await Promise.all(
    loops.map((loop) => {
      const done = once(loop, "message");
      loop.send("go");
      return done;
    }),
  );
  return systemClock.nowMs() - began_ms;
}

export function formatEfficiencyReport(report: EfficiencyReport): string {
  const { shards, ours_ms, loop_ms, efficiencies, busy } = report;
  const middle = median(efficiencies);
  const percent = (share: number) => `${formatNumber(100 * share)} %`;
  return [
    `${shards} shards of ${SHARD_MS} ms on ${WORKERS} workers of one slot each`,
    "",
    formatTable(
      [
        ["", "s"],
        ["phasesweep", formatNumber(ours_ms / 1000)],
        ["plain loop", formatNumber(loop_ms / 1000)],
      ],
      [0],
    ),
    "",
    `efficiency, loop / ours: ${percent(middle)} (${efficiencies.map(percent).join(", ")}; ` +
      `target ${percent(TARGET)}: ${middle >= TARGET ? "met" : "missed"})`,
    `slots computing: ${percent(median(busy))} of the time`,
  ].join("\n");
}
